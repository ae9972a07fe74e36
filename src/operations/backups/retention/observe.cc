// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/retention/observe.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "operations/backups/sets/lease.h"

namespace caisson::backups::retention {
namespace {

namespace json = boost::json;

/// The set that a receipt proves; nothing for a drill that failed and for any other text.
std::optional<std::string> proven_by(const std::string& text) {
    boost::system::error_code failure;
    const auto value = json::parse(text, failure);
    const auto* const object = failure ? nullptr : value.if_object();
    const auto* const set = object ? object->if_contains("set") : nullptr;
    const auto* const passed = object ? object->if_contains("passed") : nullptr;
    if (!set || !set->is_string() || !passed || !passed->is_bool() || !passed->get_bool()) {
        return std::nullopt;
    }
    return std::string(set->get_string());
}

}  // namespace

std::set<std::string> proofs(const Repository& repository) {
    std::set<std::string> ids;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(repository.path() / "receipts", failure)) {
        if (entry.path().extension() != ".json") {
            continue;
        }
        const auto text = read_own(entry.path());
        if (auto id = text ? proven_by(*text) : std::nullopt) {
            ids.insert(std::move(*id));
        }
    }
    return ids;
}

Facts observe(const Repository& repository, const std::vector<platform::Tier>& tiers,
              const std::optional<std::string>& failed_attempt) {
    Facts facts;
    std::ranges::copy_if(tiers, std::back_inserter(facts.tiers), [&](const platform::Tier& tier) {
        return tier.repository == repository.name();
    });
    if (failed_attempt) {
        facts.doubts.push_back(*failed_attempt);
    }
    try {
        facts.sets = repository.sets();
        facts.holds = repository.holds();
        facts.in_use = in_use(repository);
        facts.proofs = proofs(repository);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        facts.doubts.push_back(error.message());
    }
    for (const auto& id : repository.unfinished()) {
        if (facts.sets.empty() || id > facts.sets.back().set.id) {
            facts.doubts.push_back(
                fmt::format("the newest attempt, {}, did not come to its end", id));
        }
    }
    return facts;
}

}  // namespace caisson::backups::retention

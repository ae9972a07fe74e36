// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "operations/backups/physical/create.h"
#include "operations/backups/physical/files.h"

namespace caisson::backups::physical {
namespace {

/// One line of the list: what the file has now.
std::optional<Damage> damage_of_file(const fs::path& root, std::string_view line,
                                     const std::function<void(std::uint64_t)>& progress) {
    constexpr std::size_t digits = 64;
    if (line.size() < digits + 3) {
        return Damage{std::string(file_list), "has a line that is no hash and name"};
    }
    const std::string name(line.substr(digits + 2));
    std::error_code ignored;
    if (!fs::exists(root / name, ignored)) {
        return Damage{name, "is missing"};
    }
    try {
        if (sha256_of_file(root / name, progress) != line.substr(0, digits)) {
            return Damage{name, "has other contents"};
        }
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        return Damage{name, "cannot be read"};
    }
    return std::nullopt;
}

/// The set and all that it builds on, itself first.
std::vector<Set> chain_of(const Repository& repository, const Set& set,
                          std::vector<Damage>& damages) {
    std::vector<Set> chain{set};
    std::set<std::string> seen{set.id};
    while (!chain.back().prior.empty()) {
        const auto prior = chain.back().prior;
        const auto found = repository.find(prior);
        if (!found || !found->mistake.empty() || !seen.insert(prior).second) {
            damages.push_back({prior, found ? found->mistake : "is missing, and is built upon"});
            break;
        }
        chain.push_back(found->set);
    }
    return chain;
}

/// "P01   INFO: invalid checksum '15-1/0000000100000000/…'", and for what cannot even be read
/// "P01   INFO: invalid result 15-1/…: [95] …".
std::optional<Damage> damage_told(std::string_view line) {
    constexpr std::string_view result = "INFO: invalid result ";
    if (const auto at = line.find(result); at != std::string_view::npos) {
        const auto from = at + result.size();
        return Damage{std::string(line.substr(from, line.find(": [", from) - from)),
                      "cannot be read"};
    }
    for (const auto& [words, what] : {std::pair<std::string_view, const char*>{
                                          "INFO: invalid checksum '", "has other contents"},
                                      {"INFO: invalid size '", "has another size"},
                                      {"INFO: file missing '", "is missing"}}) {
        if (const auto at = line.find(words); at != std::string_view::npos) {
            const auto from = at + words.size();
            return Damage{std::string(line.substr(from, line.rfind('\'') - from)), what};
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<Damage> cluster_damage_of(const trust::Run& run, const std::string& repository,
                                      const Set& set,
                                      const std::function<void(std::uint64_t)>& progress) {
    const auto depot = depot_named(run, repository);
    const auto repositories = repositories_of(run);
    const auto found = std::ranges::find(repositories, depot.name, &Repository::name);
    if (found == repositories.end()) {
        throw Error(Code::usage, fmt::format("repository {} is an object store", depot.name));
    }
    std::vector<Damage> damages;
    for (const auto& each : chain_of(*found, set, damages)) {
        for (const auto& damage : damage_of(*found, each)) {
            damages.push_back({each.id + "/" + damage.file, damage.what});
        }
        const auto list = read_own(found->directory_of(each.id) / file_list).value_or("");
        for (const auto& line : split(list, '\n')) {
            if (line.empty()) {
                continue;
            }
            if (auto damage = damage_of_file(depot.path, line, progress)) {
                damages.push_back(std::move(*damage));
            }
        }
    }
    return damages;
}

std::set<std::string> concerned_by(const std::vector<Damage>& damages,
                                   const std::vector<Found>& sets) {
    std::set<std::string> concerned;
    for (const auto& found : sets) {
        const bool is_damaged = std::ranges::any_of(damages, [&](const Damage& damage) {
            return (!found.set.label.empty() &&
                    damage.file.find("/" + found.set.label + "/") != std::string::npos) ||
                   damage.file == found.set.id || damage.file.starts_with(found.set.id + "/");
        });
        if (is_damaged || concerned.contains(found.set.prior)) {
            concerned.insert(found.set.id);
        }
    }
    return concerned;
}

std::vector<Damage> archive_damage_of(const trust::Run& run, const std::string& repository,
                                      const std::string& system_identifier) {
    const Engine engine(run);
    const auto depot = depot_named(run, repository);
    const auto answer = engine.run(stanza_name(run, system_identifier), "verify",
                                   {"--repo=" + std::to_string(depot.number), "--output=text",
                                    "--job-retry=0", "--log-level-console=info"});
    std::vector<Damage> damages;
    for (const auto& line : split(answer.output, '\n')) {
        if (auto damage = damage_told(line)) {
            damages.push_back(std::move(*damage));
        }
    }
    if (damages.empty() && answer.output.find("status: error") != std::string::npos) {
        damages.push_back({"the repository", "is not whole: " + std::string(trim(answer.output))});
    }
    return damages;
}

}  // namespace caisson::backups::physical

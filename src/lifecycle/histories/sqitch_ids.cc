// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/histories/sqitch_ids.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"

namespace caisson::histories {
namespace {

using sources::sqitch::Plan;

std::string head_of(const Plan& plan) {
    return fmt::format("project {}\n{}", plan.project,
                       plan.uri.empty() ? "" : fmt::format("uri {}\n", plan.uri));
}

template <typename Line>
std::string planner_of(const Line& line) {
    return fmt::format("planner {} <{}>\ndate {}", line.planner_name, line.planner_email,
                       line.planned_at);
}

template <typename Line>
std::string note_of(const Line& line) {
    return line.note.empty() ? "" : "\n\n" + line.note;
}

/// `\nrequires\n  + a\n  + b`; nothing where there are none.
std::string section(std::string_view title, std::string_view sign,
                    const std::vector<std::string>& names) {
    const auto bullet = fmt::format("\n  {} ", sign);
    return names.empty() ? "" : fmt::format("\n{}{}{}", title, bullet, join(names, bullet));
}

std::string id_of(std::string_view kind, const std::string& info) {
    return sha1_hex(fmt::format("{} {}{}{}", kind, info.size(), '\0', info));
}

}  // namespace

std::vector<std::string> sqitch_dependencies(const Plan& plan, std::size_t index, bool conflicts) {
    std::vector<std::string> names;
    for (const auto& dependency : plan.changes[index].dependencies) {
        if (dependency.is_conflict == conflicts) {
            const bool is_own = dependency.text.starts_with(plan.project + ":");
            names.push_back(is_own ? dependency.text.substr(plan.project.size() + 1)
                                   : dependency.text);
        }
    }
    return names;
}

SqitchIds sqitch_ids(const Plan& plan) {
    SqitchIds ids;
    for (std::size_t i = 0; i < plan.changes.size(); ++i) {
        const auto& change = plan.changes[i];
        const auto info = fmt::format(
            "{}change {}\n{}{}{}{}{}", head_of(plan), change.name,
            i == 0 ? "" : fmt::format("parent {}\n", ids.changes.back()), planner_of(change),
            section("requires", "+", sqitch_dependencies(plan, i, false)),
            section("conflicts", "-", sqitch_dependencies(plan, i, true)), note_of(change));
        ids.changes.push_back(id_of("change", info));
        ids.tags.emplace_back();
        for (const auto& tag : change.tags) {
            ids.tags.back().push_back(
                id_of("tag", fmt::format("{}tag @{}\nchange {}\n{}{}", head_of(plan), tag.name,
                                         ids.changes.back(), planner_of(tag), note_of(tag))));
        }
    }
    return ids;
}

std::string sqitch_resolve(const Plan& plan, const SqitchIds& ids, const std::string& dependency,
                           std::size_t index) {
    const auto at = dependency.find('@');
    const auto name = dependency.substr(0, at);
    const auto tag = at == std::string::npos ? "" : dependency.substr(at + 1);
    auto end = index;
    for (std::size_t i = 0; !tag.empty() && i < plan.changes.size(); ++i) {
        const auto& tags = plan.changes[i].tags;
        if (std::any_of(tags.begin(), tags.end(),
                        [&](const auto& one) { return one.name == tag; })) {
            end = i + 1;
        }
    }
    for (auto i = end; i-- > 0;) {
        if (name.empty() || plan.changes[i].name == name || ids.changes[i] == name) {
            return ids.changes[i];
        }
    }
    return "";
}

}  // namespace caisson::histories

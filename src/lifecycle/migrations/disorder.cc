// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/disorder.h"

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/migrations/difference.h"

namespace caisson::migrations {
namespace {

using platform::Policy;

/// Names are for people: a thousand of them are a number.
std::string listed(std::vector<std::string> labels) {
    constexpr std::size_t most = 20;
    const auto more = labels.size() > most ? labels.size() - most : 0;
    labels.resize(labels.size() - more);
    return join(labels, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string labels_of(const std::vector<Status>& states, State state) {
    std::vector<std::string> labels;
    for (const auto& one : states) {
        if (one.state == state) {
            labels.push_back(label(one));
        }
    }
    return listed(std::move(labels));
}

std::string difference_of(const Status& one, const TextOf& text_of) {
    const auto applied = text_of ? text_of(*one.record) : std::nullopt;
    return applied ? unified_difference(*applied, one.migration->up.text,
                                        fmt::format("{} as applied at {}", one.migration->up.file,
                                                    one.record->applied_at),
                                        fmt::format("{} now", one.migration->up.file))
                   : fmt::format("{}: what was applied was too long to keep\n", label(one));
}

void refuse_edited(const std::vector<Status>& states, const TextOf& text_of) {
    const auto edited = labels_of(states, State::edited);
    if (edited.empty()) {
        return;
    }
    std::string message = fmt::format("changed after having been applied: {}", edited);
    std::string first;
    constexpr int most = 5;
    for (int shown = 0; const auto& one : states) {
        if (one.state == State::edited && shown++ < most) {
            message += "\n" + difference_of(one, text_of);
            first = first.empty() ? one.migration->up.file : first;
        }
    }
    while (message.back() == '\n') {
        message.pop_back();
    }
    Error error(Code::migration_edited, message);
    error.at({first, 0, 0});
    throw error;
}

/// What is found together is said together.
struct Findings {
    std::vector<std::string> refused;
    std::vector<std::string> warnings;
    std::string hint;

    void add(Policy policy, std::string what, std::string remedy) {
        if (policy == Policy::refuse) {
            refused.push_back(std::move(what));
            hint = std::move(remedy);
        } else if (policy == Policy::warn) {
            warnings.push_back(std::move(what));
        }
    }
};

void judge_heads(Findings& findings, const std::vector<Migration>& files, Policy policy) {
    std::string source;
    for (const auto& file : files) {
        if (file.source == source) {
            continue;
        }
        source = file.source;
        std::vector<std::string> labels;
        for (const auto* const head : heads(files, source)) {
            labels.push_back(head->title());
        }
        if (labels.size() > 1) {
            const auto count = labels.size();
            findings.add(
                policy,
                fmt::format("{} ends in {} heads: {}", source, count, listed(std::move(labels))),
                "join them by a revision that names both as its parents: caisson migrate "
                "new --merge NAME");
        }
    }
}

void judge_order(Findings& findings, const std::vector<Status>& states,
                 const platform::MigrationRules& rules) {
    if (const auto late = labels_of(states, State::late); !late.empty()) {
        findings.add(rules.late, "not applied although newer ones are: " + late,
                     "give each a version after the newest applied one, or let late ones pass: "
                     "late = \"allow\" under [migrations]");
    }
    if (const auto missing = labels_of(states, State::missing); !missing.empty()) {
        findings.add(rules.missing, "applied, but their files are gone: " + missing,
                     "bring the files back; they belong to what the database holds");
    }
    if (const auto reverting = labels_of(states, State::reverting); !reverting.empty()) {
        findings.add(Policy::refuse, "reverted only in part: " + reverting,
                     "finish it: caisson migrate down --only VERSION");
    }
}

}  // namespace

std::string label(const Status& one) { return one.source() + "/" + one.title(); }

void judge(Plan& plan, const std::vector<Migration>& files, const UpRequest& request,
           const TextOf& text_of) {
    const auto& rules = request.rules;
    if (rules.edited == Policy::refuse) {
        refuse_edited(plan.states, text_of);
    }
    Findings findings;
    judge_order(findings, plan.states, rules);
    judge_heads(findings, files, request.heads);
    if (!findings.refused.empty()) {
        throw Error(Code::migration_order, join(findings.refused, "; "),
                    findings.refused.size() == 1 ? findings.hint : "");
    }
    if (const auto edited = labels_of(plan.states, State::edited); !edited.empty()) {
        findings.add(rules.edited, "changed after having been applied: " + edited, "");
    }
    plan.warnings = std::move(findings.warnings);
    for (auto& one : plan.states) {
        if (one.state == State::late) {
            one.state = State::pending;
        } else if (one.state == State::edited && rules.edited == Policy::allow) {
            plan.taken_over.push_back(one);
        }
    }
}

}  // namespace caisson::migrations

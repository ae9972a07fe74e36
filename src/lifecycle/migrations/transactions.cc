// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/transactions.h"

#include <cstring>

#include <fmt/format.h>

#include "lifecycle/scripts/scripts.h"

namespace caisson::migrations {
namespace {

/// Why nothing may follow a file in its transaction; empty when something may.
std::string closing_reason(const Body& body) {
    return body.adds_enum_value ? "adds a value to an enum, which can be used only after a commit"
           : body.touches_locks ? "may give up advisory locks"
           : body.changes_defaults ? "changes what sessions begin with"
                                   : "";
}

/// Why two neighbours cannot share a transaction; empty when they can.
std::string cut_between(const Step& before, const std::string& closes, const Step& after) {
    if (before.mode == Mode::by_statement || after.mode == Mode::by_statement) {
        const auto& alone = after.mode == Mode::by_statement ? after : before;
        return fmt::format("{} cannot be in a transaction with others", alone.file());
    }
    if (!closes.empty()) {
        return fmt::format("{} {}", before.file(), closes);
    }
    return before.migration->as_admin != after.migration->as_admin
               ? fmt::format("{} runs as another role", after.file())
               : "";
}

}  // namespace

void arrange(Plan& plan, platform::TransactionScope scope, bool allow_programs) {
    std::vector<Mistake> mistakes;
    std::string closes;
    const Step* before = nullptr;
    std::size_t transaction = 0;
    for (auto& step : plan.steps) {
        step.by_statement = scope == platform::TransactionScope::none;
        const auto body = body_of(step);
        const bool may_run_programs =
            !allow_programs && ::strcasestr(step.text().c_str(), "program") != nullptr;
        if (body.is_script || may_run_programs) {
            for (const auto& found : scripts::refusals(step.text(), step.file(), allow_programs)) {
                mistakes.push_back({found.place, found.hint.empty()
                                                     ? found.message
                                                     : found.message + "; " + found.hint});
            }
        }
        step.mode = body.mode;
        if (scope != platform::TransactionScope::run || !before) {
            ++transaction;
        } else if (auto cut = cut_between(*before, closes, step); !cut.empty()) {
            ++transaction;
            plan.cuts.push_back(std::move(cut));
        }
        step.transaction = transaction;
        closes = closing_reason(body);
        before = &step;
    }
    sources::require_none(mistakes);
}

}  // namespace caisson::migrations

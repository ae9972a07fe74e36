// SPDX-License-Identifier: Apache-2.0
#include "app/cli/history.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"

namespace caisson::cli {

using migrations::State;

std::string head_of(const migrations::History& history) {
    std::string text;
    for (const auto& record : history) {
        text += fmt::format("{}/{} {} {}\n", record.source, record.version, record.checksum,
                            record.statements_done);
    }
    return history.empty() ? "empty" : sha256_hex(text);
}

namespace {

/// What is to be said of one migration in this state; empty when it is as it should be.
std::string finding_of(State state, const platform::MigrationRules& rules) {
    using platform::Policy;
    switch (state) {
        case State::applied:
        case State::gated:
        case State::skipped:
            return "";
        case State::pending:
            return "is not applied: caisson migrate";
        case State::changed:
            return "was changed and runs again: caisson migrate";
        case State::partial:
            return "is applied in part: caisson migrate goes on";
        case State::reverting:
            return "is reverted in part: caisson migrate down goes on";
        case State::edited:
            return rules.edited == Policy::refuse
                       ? "was changed after it was applied: restore the file"
                   : rules.edited == Policy::allow
                       ? "was changed after it was applied: caisson migrate takes it over"
                       : "";
        case State::missing:
            return rules.missing == Policy::refuse ? "was applied, and its file is gone: restore it"
                                                   : "";
        case State::late:
            return rules.late == Policy::refuse
                       ? "is not applied, although a newer one is: give it a newer version"
                       : "is not applied: caisson migrate";
    }
    return "";
}

}  // namespace

std::vector<std::string> history_findings(const std::vector<migrations::Status>& states,
                                          const platform::MigrationRules& rules) {
    std::vector<std::string> findings;
    for (const auto& status : states) {
        if (const auto finding = finding_of(status.state, rules); !finding.empty()) {
            findings.push_back(fmt::format("{}/{} {}", status.source(), status.title(), finding));
        }
    }
    return findings;
}

std::string summary_of(const std::vector<migrations::Status>& states) {
    std::size_t applied = 0;
    std::size_t pending = 0;
    std::vector<std::string> parts;
    for (const auto& status : states) {
        applied += status.state == State::applied ? 1 : 0;
        pending += migrations::is_due(status.state) ? 1 : 0;
        if (status.state == State::gated) {
            parts.push_back(
                fmt::format("{} waits for the feature {}", status.version(), status.feature()));
        } else if (status.state != State::applied && status.state != State::skipped &&
                   !migrations::is_due(status.state)) {
            parts.push_back(
                fmt::format("{} {}", status.version(), migrations::name_of(status.state)));
        }
    }
    parts.insert(parts.begin(), fmt::format("{} applied", applied));
    if (pending > 0) {
        parts.insert(parts.begin() + 1, fmt::format("{} pending", pending));
    }
    return join(parts, ", ");
}

}  // namespace caisson::cli

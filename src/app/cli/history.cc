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

std::vector<std::string> history_findings(const std::vector<migrations::Status>& states) {
    std::vector<std::string> findings;
    for (const auto& status : states) {
        const auto where = fmt::format("{}/{}", status.source(), status.title());
        switch (status.state) {
            case State::applied:
            case State::gated:
            case State::skipped:
                break;
            case State::pending:
                findings.push_back(where + " is not applied: caisson migrate");
                break;
            case State::changed:
                findings.push_back(where + " was changed and runs again: caisson migrate");
                break;
            case State::partial:
                findings.push_back(where + " is applied in part: caisson migrate goes on");
                break;
            case State::reverting:
                findings.push_back(where + " is reverted in part: caisson migrate down goes on");
                break;
            case State::edited:
                findings.push_back(where + " was changed after it was applied: restore the file");
                break;
            case State::missing:
                findings.push_back(where + " was applied, and its file is gone: restore it");
                break;
            case State::late:
                findings.push_back(
                    where + " is not applied, although a newer one is: give it a newer version");
                break;
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

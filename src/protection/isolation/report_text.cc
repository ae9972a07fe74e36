// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "protection/isolation/isolation.h"

namespace caisson::isolation {
namespace {

constexpr std::string_view red = "31";
constexpr std::string_view green = "32";
constexpr std::string_view yellow = "33";
constexpr std::string_view dim = "2";

/// The order in which commands are told.
constexpr std::array<std::string_view, 12> commands = {
    "select", "insert",   "update",  "take over", "give away",  "delete",
    "upsert", "copy out", "copy in", "truncate",  "statistics", "call"};

/// Columns on a terminal: a character of several bytes is one.
std::string padded(const std::string& text, std::size_t width) {
    const auto length = static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    return text + std::string(width > length ? width - length : 0, ' ');
}

class Writer {
 public:
    Writer(const Report& report, bool colours, bool with_sessions)
        : report_(report), colours_(colours), with_sessions_(with_sessions) {}

    std::string write() {
        text_ = fmt::format("{} on {}\n", painted(report_.database, "1"), report_.shadow);
        for (const auto& note : report_.notes) {
            text_ += fmt::format("  note: {}\n", note);
        }
        if (!report_.tenants.empty()) {
            text_ += fmt::format(
                "  {} with {}, told by {}, as {}\n", counted(report_.tenants.size(), "tenant"),
                counted(report_.rows, "row"), report_.setting, join(report_.roles, ", "));
        }
        trials();
        for (const auto& finding : report_.findings) {
            this->finding(finding);
        }
        summary();
        return std::move(text_);
    }

 private:
    std::string painted(std::string_view text, std::string_view colour) const {
        return colours_ ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : std::string(text);
    }

    static std::string list_of(const Trial& trial, std::string_view outcome) {
        std::vector<std::string> names;
        for (const auto& command : commands) {
            const auto found = trial.commands.find(std::string(command));
            if (found != trial.commands.end() && found->second == outcome) {
                names.emplace_back(command);
            }
        }
        return join(names, ", ");
    }

    void trials() {
        std::size_t width = 0;
        for (const auto& trial : report_.trials) {
            width = std::max(width, trial.label.size());
        }
        width = std::min<std::size_t>(width, 40);
        std::size_t closed = 0;
        for (const auto& trial : report_.trials) {
            const auto leaked = list_of(trial, "leaked");
            const auto untried = list_of(trial, "untried");
            const auto held = list_of(trial, "held");
            const auto without = list_of(trial, "no right");
            if (leaked.empty() && untried.empty() && held.empty()) {
                ++closed;
                continue;
            }
            const auto mark = !leaked.empty()    ? painted("✗", red)
                              : !untried.empty() ? painted("?", yellow)
                                                 : painted("✓", green);
            std::vector<std::string> parts;
            if (!leaked.empty()) {
                parts.push_back(painted("leaks: " + leaked, red));
            }
            if (!untried.empty()) {
                parts.push_back("not known: " + untried);
            }
            if (!held.empty()) {
                parts.push_back("holds: " + held);
            }
            if (!without.empty()) {
                parts.push_back(painted("no right: " + without, dim));
            }
            text_ +=
                fmt::format("  {} {}  {}\n", mark, padded(trial.label, width), join(parts, "; "));
        }
        if (closed > 0) {
            text_ += fmt::format("  {} {}\n", painted("–", dim),
                                 painted(counted(closed, "table") + " without any right", dim));
        }
    }

    void finding(const Finding& finding) {
        const bool is_error = finding.severity == Severity::error;
        const auto colour = is_error ? red : yellow;
        if (finding.accepted) {
            text_ += fmt::format("\n{} {}\n    accepted  {}\n", painted("–", dim), finding.name(),
                                 *finding.accepted);
            return;
        }
        if (finding.severity == Severity::info) {
            text_ += fmt::format("{}{} {}: {}\n", std::exchange(has_notes_, true) ? "" : "\n",
                                 painted("·", dim), finding.name(), finding.message);
            return;
        }
        const auto mark = is_error ? "✗" : "!";
        text_ +=
            fmt::format("\n{} {}\n    {}{}{}{}\n", painted(mark, colour), finding.name(),
                        painted(name_of(finding.severity), colour),
                        std::string(10 - name_of(finding.severity).size(), ' '), finding.message,
                        finding.actors.empty() ? "" : " (to " + join(finding.actors, ", ") + ")");
        if (!finding.remedy.empty()) {
            text_ += fmt::format("              → {}\n", finding.remedy);
        }
        if (finding.session.empty() || !with_sessions_ || !is_error) {
            return;
        }
        if (!finding.is_reproduced) {
            text_ += "              it did not show again with these rows alone:\n";
        }
        for (const auto& line : split(finding.session, '\n')) {
            text_ += line.empty() ? "" : "      " + line + "\n";
        }
    }

    void summary() {
        std::vector<std::string> parts;
        const auto add = [&](std::size_t number, std::string_view one) {
            if (number > 0) {
                parts.push_back(counted(number, one));
            }
        };
        add(report_.count(Severity::error), "error");
        add(report_.count(Severity::warning), "warning");
        if (report_.accepted() > 0) {
            parts.push_back(fmt::format("{} accepted", report_.accepted()));
        }
        const auto verdict = report_.tenants.empty() ? "nothing is isolated"
                             : report_.holds()       ? "tenants are kept apart"
                                                     : "tenants are not kept apart";
        text_ +=
            fmt::format("\n{}{}{}, {}\n", painted(verdict, report_.holds() ? green : red),
                        parts.empty() ? "" : ": " + join(parts, ", "),
                        report_.attempts == 0 ? "" : "; " + counted(report_.attempts, "attempt"),
                        human(report_.duration));
    }

    const Report& report_;
    const bool colours_;
    const bool with_sessions_;
    bool has_notes_ = false;
    std::string text_;
};

}  // namespace

std::string to_text(const Report& report, bool colours, bool with_sessions) {
    return Writer(report, colours, with_sessions).write();
}

std::string to_sql(const std::vector<Report>& reports) {
    std::string text =
        "-- What tenants could reach of one another, as found on a shadow. Run it as a superuser, "
        "on "
        "a scratch\n"
        "-- database with the same migrations and reference seeds: each part is rolled back, and "
        "locks what it touches.\n";
    for (const auto& report : reports) {
        for (const auto& finding : report.findings) {
            if (!finding.session.empty() && finding.severity != Severity::info) {
                text += fmt::format("\n-- {}: {}: {}\n{}", report.database, finding.name(),
                                    finding.message, finding.session);
            }
        }
    }
    return text;
}

}  // namespace caisson::isolation

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/checks/inspection.h"

namespace caisson::checks {
namespace {

using schema::Change;
using schema::Difference;

using schema::split_name;

/// SQL that makes a missing object again, where its definition is enough for that.
std::string making(const Difference& missing) {
    const auto [parent, own] = split_name(missing.name);
    const auto& kind = missing.kind;
    const auto& definition = missing.expected;
    if (kind == "column") {
        return fmt::format("alter table {} add column {} {};", parent, own, definition);
    }
    if (kind == "constraint") {
        return fmt::format("alter table {} add constraint {} {};", parent, own, definition);
    }
    if (kind == "index" || kind == "function" || kind == "trigger") {
        return definition + ";";
    }
    if (kind == "enum") {
        return fmt::format("create type {} as enum ({});", missing.name, definition);
    }
    if (kind == "view" || kind == "materialized view") {
        return fmt::format("create {} {} {}", kind, missing.name, definition);
    }
    if (kind == "sequence" || kind == "schema") {
        return fmt::format("create {} {} {};", kind, missing.name, definition);
    }
    if (kind == "domain") {
        return fmt::format("create domain {} as {};", missing.name, definition);
    }
    if (kind == "table") {
        return "caisson migrate status tells which migration makes it; its rows are in the backup";
    }
    return "";
}

std::string dropping(const Difference& unexpected) {
    const auto [parent, own] = split_name(unexpected.name);
    const auto& kind = unexpected.kind;
    if (kind == "column" || kind == "constraint") {
        return fmt::format("alter table {} drop {} {};", parent, kind, own);
    }
    if (kind == "trigger" || kind == "policy") {
        return fmt::format("drop {} {} on {};", kind, own, parent);
    }
    if (kind == "index") {
        const auto space = split_name(parent).first;
        return fmt::format("drop index {}.{};", space, own);
    }
    return fmt::format("drop {} {};", kind == "enum" ? "type" : kind, unexpected.name);
}

/// One line of at most this many characters, for a report.
std::string shortened(std::string_view definition) {
    constexpr std::size_t most = 160;
    auto line = replace_all(std::string(definition), "\n", " ");
    const auto end = byte_of_character(line, most);
    return end < line.size() ? line.substr(0, end) + "…" : line;
}

void add_difference(Verdict& verdict, const Difference& difference) {
    const auto what = difference.kind + " " + difference.name;
    switch (difference.change) {
        case Change::missing:
            add_finding(verdict, Severity::error, what + " is missing", making(difference));
            break;
        case Change::unexpected:
            add_finding(verdict, Severity::warning, what + " was made by no migration",
                        "if it is wanted, put it into a migration; else: " + dropping(difference));
            break;
        case Change::changed:
            if (difference.kind == "trigger" &&
                difference.found == difference.expected + " disabled") {
                const auto [table, trigger] = split_name(difference.name);
                add_finding(verdict, Severity::error, what + " is disabled",
                            fmt::format("alter table {} enable trigger {};", table, trigger));
                break;
            }
            add_finding(verdict, Severity::error,
                        fmt::format("{} was changed: expected {}; found {}", what,
                                    shortened(difference.expected), shortened(difference.found)),
                        "change it back; or, if it is wanted, make the change in a migration");
            break;
    }
}

bool is_foreign_key(const std::string& definition) {
    return definition.rfind("FOREIGN KEY", 0) == 0;
}

bool contains(const std::vector<std::string>& kinds, const std::string& kind) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

/// Invalid indexes and constraints, and disabled triggers, are found in the catalogues themselves;
/// they would stand here a second time.
bool is_only_invalid(const Difference& difference) {
    return difference.found == difference.expected + " (invalid)" ||
           difference.found == difference.expected + " (triggers disabled)" ||
           difference.found == difference.expected + " NOT VALID";
}

std::string summary(const std::array<std::size_t, 3>& changes, std::size_t expected) {
    std::string text;
    const auto add = [&](Change change) {
        const auto number = changes[static_cast<std::size_t>(change)];
        if (number > 0) {
            text +=
                fmt::format("{}{} {}", text.empty() ? "" : ", ", number, schema::to_text(change));
        }
    };
    add(Change::missing);
    add(Change::changed);
    add(Change::unexpected);
    return text.empty() ? fmt::format("{} as recorded", expected) : text;
}

}  // namespace

void compare(Inspection& inspection, Verdict& verdict, const std::vector<std::string>& kinds,
             std::string_view noun, bool nothing_else, std::optional<bool> foreign_keys) {
    if (inspection.basis() != Basis::current) {
        if (nothing_else) {
            verdict.outcome = Outcome::skipped;
            verdict.expected = fmt::format("the recorded {}", noun);
            verdict.found = "nothing to compare with";
        }
        return;
    }
    const auto concerns = [&](const std::string& kind, const std::string& definition) {
        return contains(kinds, kind) &&
               (!foreign_keys || is_foreign_key(definition) == *foreign_keys);
    };
    std::size_t expected = 0;
    for (const auto& object : inspection.structure()->snapshot.objects) {
        expected += concerns(object.kind, object.definition) ? 1 : 0;
    }
    std::array<std::size_t, 3> changes{};
    for (const auto& difference : inspection.differences()) {
        const auto& definition =
            difference.change == Change::unexpected ? difference.found : difference.expected;
        if (concerns(difference.kind, definition) && !is_only_invalid(difference)) {
            ++changes[static_cast<std::size_t>(difference.change)];
            add_difference(verdict, difference);
        }
    }
    verdict.expected = fmt::format("{} as recorded", expected);
    verdict.found = summary(changes, expected);
}

void inspect_record(Inspection& inspection, Verdict& verdict) {
    verdict.expected = inspection.options.history_head
                           ? fmt::format("recorded at {}", *inspection.options.history_head)
                           : "recorded";
    switch (inspection.basis()) {
        case Basis::current:
            verdict.found = fmt::format("recorded {}", inspection.structure()->recorded_at);
            return;
        case Basis::none:
            verdict.found = "not recorded";
            break;
        case Basis::stale:
            verdict.found = fmt::format("recorded at {}", inspection.structure()->head);
            break;
        case Basis::other_major:
            verdict.found =
                fmt::format("recorded on PostgreSQL {}", inspection.structure()->server_major);
            break;
        case Basis::damaged:
            verdict.found = "damaged";
            break;
    }
    add_finding(verdict, inspection.basis() == Basis::damaged ? Severity::error : Severity::warning,
                inspection.basis_text(), "run: caisson migrate");
}

namespace {

/// They come and go with the data, which is no migration's matter; one that is gone may be a loss.
void tell_partitions(Inspection& inspection, Verdict& verdict) {
    if (inspection.basis() != Basis::current) {
        return;
    }
    const auto& [come, gone] = inspection.partitions();
    const auto list = [](const std::set<std::string>& names) {
        return join(std::vector<std::string>(names.begin(), names.end()), ", ");
    };
    if (!come.empty()) {
        add_finding(verdict, Severity::info,
                    fmt::format("{} that no migration made: {}", counted(come.size(), "partition"),
                                list(come)));
    }
    if (!gone.empty()) {
        add_finding(
            verdict, Severity::warning,
            fmt::format("{} that a migration made {} gone: {}", counted(gone.size(), "partition"),
                        gone.size() == 1 ? "is" : "are", list(gone)),
            "fine if retired on purpose: caisson migrate records what is there from then "
            "on; else the rows are in the backup");
    }
}

}  // namespace

void inspect_tables(Inspection& inspection, Verdict& verdict) {
    tell_partitions(inspection, verdict);
    compare(inspection, verdict,
            {"schema", "table", "partition", "inheritance", "row security", "replica identity",
             "clustering", "storage parameters", "foreign data wrapper", "server", "user mapping",
             "publication", "subscription", "statistics"},
            "tables", true);
}

void inspect_columns(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict, {"column", "inherited column", "column setting"}, "columns", true);
}

void inspect_enums(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict,
            {"enum", "domain", "domain constraint", "type", "range", "base type", "collation",
             "conversion", "cast", "transform", "text search configuration",
             "text search dictionary", "text search parser", "text search template"},
            "types", true);
}

void inspect_functions(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict,
            {"function", "procedure", "aggregate", "operator", "operator class", "operator family",
             "language", "access method"},
            "functions", true);
}

void inspect_triggers(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict, {"trigger", "rule", "event trigger"}, "triggers", true);
}

void inspect_policies(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict, {"policy"}, "policies", true);
}

void inspect_sequences(Inspection& inspection, Verdict& verdict) {
    compare(inspection, verdict, {"sequence", "sequence ownership"}, "sequences", true);
}

}  // namespace caisson::checks

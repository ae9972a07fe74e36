// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/run.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "lifecycle/checks/inspection.h"

namespace caisson::checks {
namespace {

constexpr std::size_t most_rows = 5;
constexpr std::size_t longest_value = 200;

constexpr std::array built_ins = {
    BuiltIn{"history", "migration files and history agree", inspect_history},
    BuiltIn{"journal", "no entry of the journal was changed, left out or cut off", inspect_journal},
    BuiltIn{"structure", "the structure was recorded after the last migration", inspect_record},
    BuiltIn{"tables", "every table is there, and none besides", inspect_tables},
    BuiltIn{"columns", "every column has its type, default and nullability", inspect_columns},
    BuiltIn{"constraints", "every constraint is there and validated", inspect_constraints},
    BuiltIn{"indexes", "every index is there and valid", inspect_indexes},
    BuiltIn{"foreign keys", "every foreign key is there, validated and enforced",
            inspect_foreign_keys},
    BuiltIn{"orphans", "every row has the parents that its foreign keys name", inspect_orphans},
    BuiltIn{"enums", "every enum, domain and composite type is as it was made", inspect_enums},
    BuiltIn{"views", "every view is there and runs", inspect_views},
    BuiltIn{"functions", "every function is as it was made", inspect_functions},
    BuiltIn{"triggers", "every trigger is there and enabled", inspect_triggers},
    BuiltIn{"policies", "every row-level policy is as it was made", inspect_policies},
    BuiltIn{"sequences", "every sequence counts as it was made to", inspect_sequences},
    BuiltIn{"extensions", "the required extensions are installed", inspect_extensions},
    BuiltIn{"settings", "the server has the settings of the manifest", inspect_settings},
    BuiltIn{"roles", "the roles exist, and none can do more than it should", inspect_roles},
    BuiltIn{"privileges", "nobody has rights beyond the roles' own", inspect_privileges},
};

void settle(Verdict& verdict) {
    auto worst = Severity::info;
    for (const auto& finding : verdict.findings) {
        worst = std::max(worst, finding.severity);
    }
    if (verdict.outcome == Outcome::holds && worst != Severity::info) {
        verdict.outcome = Outcome::fails;
    }
    verdict.severity = verdict.outcome == Outcome::fails || verdict.outcome == Outcome::cannot_run
                           ? worst
                           : Severity::error;
}

Verdict run_built_in(Inspection& inspection, const BuiltIn& check) {
    const Stopwatch watch;
    Verdict verdict;
    verdict.name = check.name;
    verdict.description = check.description;
    verdict.built_in = true;
    try {
        inspection.begin();
        check.inspect(inspection, verdict);
    } catch (const pg::DatabaseError& error) {
        verdict.found = "not known";
        add_unknown(verdict, "cannot look", error, inspection.options.limit);
    }
    inspection.end();
    settle(verdict);
    verdict.duration = watch.elapsed();
    return verdict;
}

Verdict run_offered(const OfferedCheck& check) {
    const Stopwatch watch;
    Verdict verdict;
    verdict.name = check.name;
    verdict.description = check.description;
    verdict.built_in = true;
    try {
        check.inspect(verdict);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        verdict.outcome = Outcome::cannot_run;
        verdict.found = "not known";
        add_finding(verdict, Severity::error, error.message(), error.hint());
    }
    settle(verdict);
    verdict.duration = watch.elapsed();
    return verdict;
}

bool is_first(const Options& options) {
    const auto& databases = options.manifest.databases;
    return databases.empty() || databases.front().key == options.database.key;
}

std::string shortened(std::string_view value) {
    const auto end = byte_of_character(value, longest_value);
    return std::string(value.substr(0, end)) + (end < value.size() ? "…" : "");
}

/// The place in the file of an error that the server found `position` characters into `sent`,
/// which ends in the check's query.
Place place_of(const Check& check, std::string_view sent, const pg::DatabaseError& error) {
    const auto prefix = sent.size() - check.sql.size();
    if (!error.position) {
        return check.sql_place;
    }
    const auto offset = byte_of_character(sent, *error.position);
    const auto at = position_of(check.sql, offset < prefix ? 0 : offset - prefix);
    Place place = check.sql_place;
    place.column = at.line == 1 ? place.column + at.column - 1 : at.column;
    place.line += at.line - 1;
    return place;
}

/// Reads through a cursor: a query that gives a million rows is counted at the server.
Found ask(pg::Connection& connection, const Check& check, const std::string& declaration,
          Verdict& verdict) {
    connection.query(declaration);
    const auto rows = connection.query(fmt::format("fetch {} from caisson_check", most_rows));
    Found found;
    found.rows = rows.size();
    verdict.columns = rows.columns();
    found.columns = verdict.columns.size();
    if (rows.size() == most_rows) {
        found.rows += connection.query("move forward all in caisson_check").affected();
    }
    const auto value_at = [&](std::size_t row, std::size_t column) {
        return std::string(rows[row].text(column));
    };
    if (!rows.empty() && found.columns > 0 && !rows.front().is_null(0)) {
        found.value = value_at(0, 0);
    }
    if (wants_no_rows(check.expectation)) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            auto& shown = verdict.rows.emplace_back();
            for (std::size_t k = 0; k < found.columns; ++k) {
                shown.push_back(rows[i].is_null(k) ? "null" : shortened(value_at(i, k)));
            }
        }
    }
    return found;
}

/// What a check may ask about where it runs: current_setting('caisson.sample_seeds', true) is 'off'
/// where sample data does not belong, and checks that count it then have nothing to count.
std::string circumstances(const platform::Environment& environment) {
    return fmt::format("; set local caisson.sample_seeds = {}",
                       environment.is_protected ? "off" : "on");
}

void run_query(pg::Connection& connection, const Check& check,
               const platform::Environment& environment, Verdict& verdict) {
    const auto declaration = "declare caisson_check no scroll cursor for " + check.sql;
    try {
        connection.script(fmt::format(
            "begin transaction read only; set local statement_timeout = {}; set local row_security "
            "= off; set local timezone = 'UTC'; set local datestyle = 'ISO'; set local "
            "cursor_tuple_fraction = 1{}",
            check.limit.count(), circumstances(environment)));
        const auto judgement =
            judge(check.expectation, ask(connection, check, declaration, verdict));
        verdict.outcome = judgement.holds ? Outcome::holds : Outcome::fails;
        verdict.found = shortened(judgement.found);
    } catch (const pg::DatabaseError& error) {
        const bool is_late = error.sqlstate == pg::sqlstate::query_canceled;
        verdict.outcome = is_late ? Outcome::cannot_run : Outcome::fails;
        verdict.found = reason(error, check.limit);
        verdict.place = is_late ? check.place : place_of(check, declaration, error);
    }
    if (!connection.is_broken() && connection.in_transaction()) {
        connection.query("rollback");
    }
    if (verdict.outcome == Outcome::holds || verdict.rows.empty()) {
        verdict.columns.clear();
        verdict.rows.clear();
    }
}

Verdict run_check(pg::Connection& connection, const Check& check, const Options& options) {
    const Stopwatch watch;
    Verdict verdict;
    verdict.name = check.name;
    verdict.severity = check.severity;
    verdict.expected = check.expectation.written;
    verdict.description = check.description;
    verdict.remedy = check.remedy;
    verdict.place = check.place;
    if (!check.feature.empty() && !options.manifest.feature(check.feature)) {
        verdict.outcome = Outcome::skipped;
        verdict.found = fmt::format("feature {} is off", check.feature);
    } else {
        run_query(connection, check, options.environment, verdict);
    }
    verdict.duration = watch.elapsed();
    return verdict;
}

void require_known(const std::vector<std::string>& only, const Options& options) {
    auto names = built_in_names();
    for (const auto& check : options.offered) {
        names.push_back(check.name);
    }
    for (const auto& check : options.checks) {
        names.push_back(check.name);
    }
    for (const auto& name : only) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            const auto near = nearest(name, names);
            throw Error(Code::usage, fmt::format("there is no check \"{}\"", name),
                        near.empty() ? "they are: " + join(names, ", ")
                                     : fmt::format("did you mean \"{}\"?", near));
        }
    }
}

}  // namespace

std::vector<std::string> built_in_names() {
    std::vector<std::string> names;
    for (const auto& check : built_ins) {
        names.emplace_back(check.name);
    }
    return names;
}

Report run(pg::Connection& connection, const Options& options) {
    const auto checks = of_database(options.checks, options.manifest, options.database, false);
    require_known(options.only, options);
    const Stopwatch watch;
    Report report;
    report.platform = options.manifest.name;
    report.database = options.database.name;
    report.environment = options.environment.name;
    report.started_at = timestamp_now();
    const auto wanted = [&](std::string_view name) {
        return options.only.empty() ||
               std::find(options.only.begin(), options.only.end(), name) != options.only.end();
    };
    const auto add = [&](Verdict verdict) {
        if (options.progress) {
            options.progress(verdict);
        }
        report.verdicts.push_back(std::move(verdict));
        interrupt::check();
    };
    Inspection inspection(connection, options);
    for (const auto& check : built_ins) {
        if (wanted(check.name)) {
            add(run_built_in(inspection, check));
        }
    }
    for (const auto& check : options.offered) {
        if (is_first(options) && wanted(check.name)) {
            add(run_offered(check));
        }
    }
    for (const auto& check : checks) {
        if (wanted(check.name)) {
            add(run_check(connection, check, options));
        }
    }
    report.duration = watch.elapsed();
    return report;
}

}  // namespace caisson::checks

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/proof/drift.h"

#include <optional>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "app/cli/differences.h"
#include "app/cli/migrate.h"
#include "app/cli/replay.h"
#include "app/cli/schema_place.h"
#include "base/text.h"
#include "lifecycle/draft/draft.h"
#include "lifecycle/schema/schema.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

/// What a database should consist of, and where that is known from.
struct Expected {
    std::string basis;  ///< For people.
    schema::Snapshot snapshot;
    schema::Scope scope;  ///< What of the database is to be compared with it.
    std::vector<std::string> notes;
};

Expected recorded(pg::Connection& live, const platform::Database& database) {
    auto structure = schema::recorded(live);
    if (!structure) {
        throw Error(Code::migration_order,
                    fmt::format("{} has no recorded structure", database.name),
                    "caisson migrate records one; without --recorded the files are replayed");
    }
    return {fmt::format("the structure recorded at {}", structure->recorded_at),
            std::move(structure->snapshot),
            {},  // What is recorded knows no rights.
            {}};
}

Expected replayed(Context& context, pg::Connection& live, const platform::Database& database) {
    const auto& run = context.run();
    const auto replay = replay_of(context, live, database);
    const auto scope = proof::scope_of(run, replay.shadow.has_roles());
    return {replay.basis,
            proof::replayed(replay.shadow, run, database, replay.files, scope,
                            context.arguments().has("--allow-programs")),
            scope, replay.shadow.notes()};
}

/// Whoever uses a database that was taken over keeps the use of its first schema.
void leave_out_use(const Expected& expected, schema::Snapshot& found) {
    std::set<std::string> known;
    for (const auto& object : expected.snapshot.objects) {
        known.insert(object.key());
    }
    std::erase_if(found.objects, [&](const schema::Object& object) {
        return object.kind == "grant" && object.name.starts_with("schema public to ") &&
               object.definition == "usage" && !known.contains(object.key());
    });
}

/// Those that came or went with the data are told, and are no drift.
void leave_out_partitions(Expected& expected, schema::Snapshot& found) {
    const auto [come, gone] = schema::partitions_between(expected.snapshot, found);
    const auto tell = [&](const std::set<std::string>& names, std::string_view what) {
        if (!names.empty()) {
            expected.notes.push_back(
                fmt::format("{} {}: {}", counted(names.size(), "partition"), what,
                            join(std::vector<std::string>(names.begin(), names.end()), ", ")));
        }
    };
    tell(come, "that no migration made");
    tell(gone, "of the migrations gone");
    expected.snapshot = schema::without_tables(std::move(expected.snapshot), gone);
    found = schema::without_tables(std::move(found), come);
}

/// Whether the database is as expected.
bool compare_one(Context& context, const platform::Database& database, boost::json::array& rows) {
    pg::Connection live(trust::role_settings(context.run(), database, trust::Role::migrator));
    trust::require_ours(live, context.run(), database);
    const bool is_recorded = context.arguments().has("--recorded");
    auto expected = is_recorded ? recorded(live, database) : replayed(context, live, database);
    auto found = schema::snapshot(live, expected.scope);
    leave_out_partitions(expected, found);
    leave_out_use(expected, found);
    const auto differences = schema::diff(without_order(expected.snapshot), without_order(found));
    const auto back = differences.empty() ? draft::Draft{} : draft::draft(found, expected.snapshot);
    const auto onward =
        differences.empty() ? draft::Draft{} : draft::draft(expected.snapshot, found);
    context.print(context.bold(database.name) + context.dim(" against " + expected.basis));
    for (const auto& note : expected.notes) {
        context.print("  note: " + note);
    }
    print_differences(context, differences, "  ");
    context.print(differences.empty()
                      ? fmt::format("  no drift: {}", counted(found.objects.size(), "object"))
                      : fmt::format("  {}", counted(differences.size(), "difference")));
    if (!differences.empty() && context.arguments().has("--sql")) {
        context.print("\n-- brings the database back to its migrations\n" + draft::to_sql(back));
        context.print("-- takes the change over, as a migration\n" + draft::to_sql(onward));
    }
    rows.push_back(boost::json::object{
        {"database", database.name},
        {"basis", expected.basis},
        {"expected", schema::hash(expected.snapshot)},
        {"found", schema::hash(found)},
        {"differences", json_of(differences)},
        {"sql_back", draft::to_sql(back)},
        {"sql_onward", draft::to_sql(onward)},
        {"notes", boost::json::array(expected.notes.begin(), expected.notes.end())}});
    return differences.empty();
}

Exit run_drift(Context& context) {
    boost::json::array rows;
    bool matches = true;
    for (const auto& database : context.databases()) {
        matches = compare_one(context, database, rows) && matches;
    }
    context.result() = {{"databases", std::move(rows)}, {"matches", matches}};
    return matches ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> drift_verbs() {
    return {
        {"migrate drift",
         "what of a database is otherwise than its migrations made it",
         "Expected is what the files that are applied there lead to, replayed on a shadow as they "
         "were applied; with --recorded\n"
         "what the last run of migrations left. Changes nothing. Exit status 7 on drift.",
         {{"--recorded", "", "compare with what was recorded, without a shadow", {}},
          {"--sql", "", "show the SQL that would mend either side", {}},
          programs_option()},
         "",
         "  caisson migrate drift --sql\n  caisson -e production migrate drift --json",
         Needs::platform,
         run_drift},
    };
}

}  // namespace caisson::cli

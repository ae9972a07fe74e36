// SPDX-License-Identifier: Apache-2.0
// Probes of the databases: whose they are, and what they lack.
#include <fmt/format.h>

#include "app/cli/doctor.h"
#include "app/cli/history.h"
#include "base/text.h"
#include "lifecycle/provision/provision.h"
#include "lifecycle/seeds/seeds.h"
#include "platform/environment.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

using Level = Diagnosis::Level;

std::vector<Diagnosis> ask_variables(const trust::Run& run) {
    std::vector<Diagnosis> found;
    for (const auto& state :
         platform::check_variables(run.manifest, run.environment, run.variables)) {
        if (state.finding == platform::Finding::deprecated) {
            found.push_back({Level::note, "old_variable", state.message, "use the new name"});
        } else if (state.finding != platform::Finding::fine) {
            found.push_back({Level::problem, "variable_invalid",
                             fmt::format("{}: {}", state.name, state.message),
                             "set it in the environment or in .env; see: caisson env example"});
        }
    }
    return found;
}

void ask_identity(pg::Connection& inside, const trust::Run& run, const platform::Database& database,
                  std::vector<Diagnosis>& found) {
    const auto judgement = trust::judge(inside, run, database);
    switch (judgement.standing) {
        case trust::Standing::ours:
            found.push_back({Level::fine, "identity", judgement.explanation, ""});
            break;
        case trust::Standing::empty:
            found.push_back(
                {Level::problem, "not_provisioned", judgement.explanation, "caisson provision"});
            break;
        default:
            found.push_back({Level::problem, "wrong_database", judgement.explanation,
                             "check where you are connected; if it is right: caisson db adopt"});
    }
}

void ask_migrations(pg::Connection& inside, const trust::Run& run,
                    const platform::Database& database, std::vector<Diagnosis>& found) {
    const auto files = sources::load(database.migrations, run.manifest.features);
    const auto history = migrations::read_history(inside);
    const auto states = migrations::status(files, history, run.manifest.features);
    const auto findings = history_findings(states, run.manifest.migrations);
    for (const auto& finding : findings) {
        found.push_back({Level::problem, "migrations", finding, "caisson migrate status"});
    }
    if (findings.empty()) {
        found.push_back({Level::fine, "migrations",
                         fmt::format("{}: {}", database.name, summary_of(states)), ""});
    }
}

void ask_data(pg::Connection& inside, const trust::Run& run, const platform::Database& database,
              std::vector<Diagnosis>& found) {
    const auto all =
        seeds::load(run.manifest, database, seeds::default_sets(run.environment.is_protected));
    std::uint64_t present = 0;
    bool missing = false;
    for (const auto& file : seeds::info(inside, all).files) {
        present += file.present + file.changed;
        if (file.applied_at.empty()) {
            missing = true;
            found.push_back({Level::problem, "missing_data",
                             fmt::format("{} was never applied to {}", file.file, database.name),
                             "caisson seed"});
        } else if (file.missing > 0) {
            missing = true;
            found.push_back({Level::problem, "missing_data",
                             fmt::format("{} of {} of {} are missing in {}", file.missing,
                                         counted(file.tracked, "row"), file.file, file.table),
                             "caisson seed"});
        }
    }
    if (!missing) {
        found.push_back(
            {Level::fine, "data",
             fmt::format("{}: {} seeded and there", database.name, counted(present, "row")), ""});
    }
}

void ask_settings(pg::Connection& inside, const trust::Run& run, std::vector<Diagnosis>& found) {
    for (const auto& note : provision::compare_settings(inside, run, false).notes) {
        found.push_back(
            {Level::problem, "settings", note,
             run.is_private() ? "caisson down && caisson up" : "caisson provision --settings"});
    }
}

std::vector<Diagnosis> ask_databases(const trust::Run& run) {
    std::vector<Diagnosis> found;
    for (const auto& database : run.manifest.databases) {
        try {
            pg::Connection server(trust::server_settings(run, database));
            if (server
                    .query("select from pg_database where datname = $1",
                           {trust::database_name(run, database)})
                    .empty()) {
                found.push_back({Level::problem, "database_missing",
                                 fmt::format("{} does not exist", database.name),
                                 "caisson provision"});
                continue;
            }
            pg::Connection inside(trust::admin_settings(run, database));
            const auto before = found.size();
            ask_identity(inside, run, database, found);
            if (found.size() == before + 1 && found.back().level == Level::fine) {
                ask_migrations(inside, run, database, found);
                ask_data(inside, run, database, found);
                ask_settings(inside, run, found);
            }
        } catch (const Error& error) {
            if (error.code() == Code::cannot_connect) {
                continue;  // The probes of the servers have said why.
            }
            throw;
        }
    }
    return found;
}

}  // namespace

std::vector<Probe> database_probes() {
    return {{"variables", ask_variables}, {"databases", ask_databases}};
}

}  // namespace caisson::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the verbs `caisson migrate …` share: connections, what was loaded, the rows of reports.

#include <optional>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "app/cli/steps.h"
#include "app/cli/verb.h"
#include "lifecycle/migrations/migrations.h"
#include "trust/identity.h"

namespace caisson::cli {

/// The connections of a run: the migrator's, and the administrator's for sources that ask for it.
/// Each is opened at its first use, and only into a database that is ours.
class Connections {
 public:
    Connections(const trust::Run& run, const platform::Database& database)
        : run_(run), database_(database) {}

    pg::Connection& operator()(bool as_admin) {
        auto& connection = as_admin ? admin_ : migrator_;
        if (!connection) {
            connection.emplace(as_admin
                                   ? trust::admin_settings(run_, database_)
                                   : trust::role_settings(run_, database_, trust::Role::migrator));
            trust::require_ours(*connection, run_, database_);
        }
        return *connection;
    }

 private:
    const trust::Run& run_;
    const platform::Database& database_;
    std::optional<pg::Connection> migrator_;
    std::optional<pg::Connection> admin_;
};

/// The files of a database and what its history says.
struct Loaded {
    std::vector<migrations::Migration> files;
    migrations::Mirror mirror;
    migrations::History history;
    bool is_behind = false;  ///< A tool has done what caisson.migrations does not know yet.
};
Loaded load_migrations(Context& context, const platform::Database& database,
                       Connections& connections);

/// Reads texts as they were applied.
migrations::TextOf text_from(Connections& connections);

/// The options that the command line and the manifest give. `bar` is opened at the first file.
migrations::Options options_of(Context& context, const platform::Database& database,
                               std::optional<Progress>& bar);
/// What is asked for: the manifest's rules, and what the command line says otherwise.
migrations::UpRequest request_of(Context& context);
/// --wait, for verbs that take the lock.
const Option& wait_option();
/// --allow-programs, for verbs that run scripts.
const Option& programs_option();
const Option& interrupted_option();

/// The source that a new migration goes into: the only one, or that of --source. Errors: usage when
/// it is not clear; platform_invalid where the database has none.
const platform::Source& source_for_new(Context& context, const platform::Database& database);
const Option& source_option();

/// After a change: what the migrations led to is what is expected, and rights may name new tables.
void settle(Context& context, const platform::Database& database, Connections& connections,
            const migrations::History& history, StepSummary& summary);

boost::json::array applied_json(const migrations::Report& report);
boost::json::array plan_json(const migrations::Plan& plan);
void print_applied(Context& context, const migrations::Report& report);

}  // namespace caisson::cli

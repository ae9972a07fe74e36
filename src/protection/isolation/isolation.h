// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Whether tenants are kept apart, tried on a shadow: tenants are made with rows in every table of
/// theirs, and each of them, and nobody, tries every command on everything of the others.
///     const auto report = isolation::prove(request, {[&] { return shadow::open(…); }});
///     isolation::to_text(report, colours)

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lifecycle/migrations/migrations.h"
#include "lifecycle/seeds/seeds.h"
#include "lifecycle/shadow/shadow.h"
#include "protection/isolation/finding.h"

namespace caisson::isolation {

/// What became of the commands on one table, view or function.
struct Trial {
    std::string label;
    bool is_isolated = false;  ///< It has row-level security.
    /// `select`, `insert`, `update`, `take over`, `give away`, `delete`, `upsert`, `copy out`,
    /// `copy in`, `truncate`, `statistics`, `call`; with `held`, `leaked`, `untried`, `no right`.
    std::map<std::string, std::string> commands;
};

struct Report {
    std::string database;
    std::string shadow;      ///< Where, for people.
    int server_version = 0;  ///< 150014
    std::string started_at;  ///< RFC 3339, UTC.
    std::chrono::nanoseconds duration{0};
    std::string setting;
    std::vector<std::string> roles;
    std::vector<std::pair<std::string, std::string>> tenants;  ///< `tenant a` and its id.
    std::size_t rows = 0;                                      ///< Made for them.
    std::size_t attempts = 0;  ///< Statements that were tried as one of the roles.
    std::vector<Trial> trials;
    std::vector<Finding> findings;  ///< Errors first.
    std::vector<std::string> notes;

    std::size_t count(Severity severity) const;  ///< Accepted ones left out.
    std::size_t accepted() const;
    /// Whether nothing was found that counts.
    bool holds() const;
};

struct Request {
    const trust::Run& run;
    const platform::Database& database;
    std::vector<migrations::Migration> files;
    migrations::Features features;
    seeds::Seeds seeds;
    /// As whom roles connect in the environment, by suffix, where that is another role than the
    /// platform's own: `app` to `postgres`.
    std::map<std::string, std::string> users;
    /// And those of whom that cannot be told, by suffix, with what is in the way.
    std::map<std::string, std::string> unknown_users = {};
    std::size_t tenants = 3;
    bool allow_programs = false;
};
struct Options {
    std::function<shadow::Shadow()> open;
    /// Called before each step, with its number (from 1) and how many there are.
    std::function<void(const std::string& step, std::size_t number, std::size_t total)> on_step =
        {};
};

/// Errors: those of opening a shadow and of applying migrations; database_rejected when the shadow
/// gives no superuser; server_failed, disk_full, cannot_connect when the shadow breaks on the way.
/// What is wrong with isolation is a finding, and so is what cannot be tried.
Report prove(const Request& request, const Options& options);

/// Gives findings the reasons with which the manifest accepts them. The names that it accepts and
/// that none of the reports has: nothing was found that they would speak of.
std::vector<platform::Isolation::Accepted> accept(std::vector<Report>& reports,
                                                  const platform::Isolation& isolation);

/// For people; ends with a line that sums it up. `with_sessions`: SQL that shows each leak again.
std::string to_text(const Report& report, bool colours, bool with_sessions = true);
/// A JSON document with all reports.
std::string to_json(const std::vector<Report>& reports);
/// The sessions of errors and warnings as one file for psql.
std::string to_sql(const std::vector<Report>& reports);

}  // namespace caisson::isolation

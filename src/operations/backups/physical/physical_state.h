// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// For the tests of this module: a private server whose backups lie beside its state.

#include <string>

#include <poll.h>

#include "operations/backups/physical/files.h"
#include "operations/backups/physical/physical.h"
#include "tests/support/private_state.h"

namespace caisson::backups::physical {

/// Waits for what comes by itself; false when it does not come.
template <typename Condition>
bool await(const Condition& condition,
           std::chrono::milliseconds limit = std::chrono::seconds(120)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        ::poll(nullptr, 0, 20);
    }
    return true;
}

class BackedUp : public servers::PrivateState {
 public:
    explicit BackedUp(const std::string& repositories = "local") {
        for (const auto& name : split(repositories, ',')) {
            platform::Repository repository;
            repository.name = name;
            run.manifest.backups.repositories.push_back(repository);
        }
        run.manifest.backups.is_declared = true;
        // A segment ends when a test says so.
        run.manifest.backups.archive_timeout = std::chrono::hours(1);
        servers::start(run);
        script("create database lumina_db", "postgres");
        script("create table notes (id integer primary key, text text not null)");
    }

    pg::Connection session(const std::string& database = "lumina_db") const {
        auto settings = trust::server_settings(run, run.manifest.databases.front());
        settings.database = database;
        return pg::Connection(settings);
    }
    void script(const std::string& sql, const std::string& database = "lumina_db") const {
        session(database).script(sql);
    }
    std::string ask(const std::string& sql) const {
        return std::string(session().query(sql).front().text(0));
    }
    void note(int id) const {
        script("insert into notes values (" + std::to_string(id) + ", 'note')");
    }
    std::string now() const {
        return ask(
            "select to_char(clock_timestamp() at time zone 'UTC', "
            "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
    }
    /// Ends the segment and waits until the archive has it.
    bool archive(int depot = 0) const {
        const auto segment = ask("select pg_walfile_name(pg_current_wal_lsn())");
        script("select pg_switch_wal()");
        return await([&] { return is_archived(depots_of(run).at(depot), stanza(), segment); });
    }
    std::string stanza() const {
        return stanza_name(run, ask("select system_identifier::text from pg_control_system()"));
    }
    Repository repository() const { return repositories_of(run).front(); }
};

inline std::string notes_in(const RecoveredServer& server) {
    pg::Connection connection(server.settings("postgres", "lumina_db"));
    return std::string(
        connection.query("select coalesce(string_agg(id::text, ',' order by id), '') from notes")
            .front()
            .text(0));
}

}  // namespace caisson::backups::physical

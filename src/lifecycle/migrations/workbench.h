// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/migrations/migrations.h"
#include "tests/support/postgres.h"

namespace caisson::migrations {

/// A folder of migrations and a database for them, with the catalogue's part installed.
struct Workbench {
    Workbench() { connection.script("create schema caisson;" + history_step().sql); }

    void write(const std::string& name, std::string_view text) const {
        directory.write(fs::path("migrations") / name, text);
    }
    std::vector<Migration> files() const {
        return sources::load({{"migrations", directory.path() / "migrations"}},
                             {{"blockchain", false}});
    }
    Connect connect() {
        return [this](bool) -> pg::Connection& { return connection; };
    }
    Report up(const UpRequest& request = {}) {
        return migrations::up(connect(), files(), features, request, options);
    }
    Report down(const DownRequest& request) {
        return migrations::down(connect(), files(), features, request, options);
    }
    /// The error that an action ends with.
    template <typename Action>
    Error refusal(Action&& action) {
        try {
            action();
        } catch (const Error& error) {
            return error;
        }
        return {Code::internal, "nothing was refused"};
    }
    /// The first value of the first row, seen by another session.
    std::string ask(const std::string& query) const {
        pg::Connection other(database.settings());
        const auto rows = other.query(query);
        return rows.empty() ? "nothing" : std::string(rows.front().text(0));
    }
    /// "001:applied 002:partial", in the order of the history.
    std::string history() const {
        return ask(
            "select coalesce(string_agg(version || ':' || state, ' ' order by sequence), "
            "'') from caisson.migrations");
    }

    test::Directory directory;
    test::Database database;
    pg::Connection connection{database.settings()};
    Features features{{"blockchain", false}};
    Options options;
};

}  // namespace caisson::migrations

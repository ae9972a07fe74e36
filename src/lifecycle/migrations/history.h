// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "trust/catalogue.h"

namespace caisson::migrations {

/// How far a migration is in the database.
enum class Progress {
    applied,
    partial,    ///< Outside a transaction: the first `statements_done` statements are applied.
    reverting,  ///< As partial, of its down file.
};

/// A row of caisson.migrations.
struct Record {
    std::string source;
    std::string version;
    std::string name;
    std::string feature;
    std::string checksum;
    Progress progress = Progress::applied;
    std::size_t statements_done = 0;
    std::size_t statements_total = 0;
    std::string statements_checksum;  ///< Chained over the statements that are done.
    bool statement_running = false;  ///< One that cannot be undone was sent and not heard of again.
    std::string error;               ///< What the last attempt ended with.
    std::int64_t sequence = 0;       ///< The order in which migrations were applied.
    std::string applied_at;          ///< RFC 3339 in UTC.
    std::string applied_by;          ///< The session's role.
    std::string applied_from;        ///< user@host and the version of Caisson.
    std::chrono::milliseconds duration{0};

    std::string title() const { return name.empty() ? version : version + "_" + name; }
};
/// In the order in which they were applied.
using History = std::vector<Record>;

/// The step of the catalogue that makes caisson.migrations (number 10). Whoever runs migrations
/// needs USAGE on the schema and SELECT, INSERT, UPDATE and DELETE on the table.
trust::CatalogueStep history_step();

/// All of it in one query; empty where the table does not exist.
History read_history(pg::Connection& connection);
/// The text as it was applied; nothing when there is no such row or it was too long to keep.
std::optional<std::string> read_text(pg::Connection& connection, const Record& record);

}  // namespace caisson::migrations

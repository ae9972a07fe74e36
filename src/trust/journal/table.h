// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// caisson.journal in a database: made, read, written.

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "drivers/pg/connection.h"
#include "trust/catalogue.h"
#include "trust/journal/entry.h"
#include "trust/journal/head.h"

namespace caisson::journal {

/// The step of the catalogue that makes caisson.journal (number 5). Whoever writes needs USAGE on
/// the schema, SELECT and INSERT on the table; nobody needs more: a trigger refuses the rest.
trust::CatalogueStep table_step();

/// INSERT of these entries in literals, with a semicolon. The primary key is the fence: of two
/// writers of one number the second is refused (unique_violation of journal_pkey).
std::string insert_sql(std::span<const Entry> entries);

/// Where a journal stands: what a writer must know before it goes on, in one round trip.
struct Standing {
    std::string identity;       ///< The uuid of caisson.identity; empty where there is none.
    std::string actor;          ///< session_user.
    std::string database;       ///< The uuid that the present epoch names; empty without entries.
    std::optional<Entry> last;  ///< Nothing without entries.
    std::string key;            ///< The newest key that was introduced in this journal; or empty.
};
/// Errors: identity_unknown where there is no journal.
Standing read_standing(pg::Connection& connection);

struct Selection {
    std::int64_t from = 1;  ///< The first entry.
    std::int64_t to = 0;    ///< The last one; 0: to the end.
    std::string since;      ///< A time as PostgreSQL reads it; empty: from the beginning.
    std::string run;        ///< Only this run, by the beginning of its uuid.
    std::string kind;
};
/// Entry after entry in their order, in one snapshot, some thousands at a time. Nothing where there
/// is no journal. How many there were.
std::int64_t read(pg::Connection& connection, const Selection& selection,
                  const std::function<void(const Entry&)>& take);

bool has_journal(pg::Connection& connection);
/// 0 where there is no journal, or nothing in it.
std::int64_t last_sequence(pg::Connection& connection);

}  // namespace caisson::journal

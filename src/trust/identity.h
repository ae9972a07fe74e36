// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Whose a database is. caisson.identity holds one row; it is bound to the server's system
/// identifier and the database's OID, so that a clone or a restore is noticed. The guard compares
/// it with what a verb expects.

#include <optional>
#include <string>

#include "drivers/pg/connection.h"
#include "trust/session.h"

namespace caisson::trust {

struct Identity {
    std::string platform;
    std::string database;  ///< The key in the manifest.
    std::string environment;
    std::string uuid;
    std::string system_identifier;
    std::string database_oid;
    std::string created_at;
};

/// What stands in the database; nothing when it carries no identity.
std::optional<Identity> read_identity(pg::Connection& connection);

enum class Standing {
    ours,   ///< The identity is what the run expects, and bound to this very database.
    empty,  ///< No identity, and no tables, views or functions of users either: free to be stamped.
    unknown,  ///< No identity, but somebody's objects.
    foreign,  ///< Another platform's, database's or environment's.
    copy,     ///< Ours by name, but bound to another server or database: a clone or a restore.
};
struct Judgement {
    Standing standing;
    std::optional<Identity> found;
    std::string explanation;  ///< One sentence with what was found and what was expected.
};
Judgement judge(pg::Connection& connection, const Run& run, const platform::Database& database);

/// Writes the identity of the run into a database. The catalogue must be installed. Gives back what
/// it wrote.
Identity stamp(pg::Connection& connection, const Run& run, const platform::Database& database);

/// Before anything is written. Errors: identity_unknown, identity_mismatch.
void require_ours(pg::Connection& connection, const Run& run, const platform::Database& database);

/// Before something is destroyed: `confirmed` is what --confirm gave, `yes` is --yes.
/// Errors: protected_environment unless the database's own name was given; confirmation_needed
/// without --yes.
void require_consent(const Run& run, const platform::Database& database, const std::string& verb,
                     const std::string& confirmed, bool yes);
/// The same for something else that has a name, such as a Redis database.
void require_consent(const Run& run, const std::string& name, const std::string& verb,
                     const std::string& confirmed, bool yes);

}  // namespace caisson::trust

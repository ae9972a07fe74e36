// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the blocking connection and the lane share of libpq: owners, connection parameters, and
/// what went wrong as an Error. Private to this module.

#include <memory>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "drivers/pg/error.h"
#include "drivers/pg/settings.h"

namespace caisson::pg::libpq {

struct Close {
    void operator()(pg_result* result) const { PQclear(result); }
    void operator()(pg_conn* connection) const { PQfinish(connection); }
    void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
    void operator()(PGnotify* notification) const { PQfreemem(notification); }
    void operator()(char* bytes) const { PQfreemem(bytes); }
};
template <typename T>
using Owned = std::unique_ptr<T, Close>;

/// Begins to connect: PQconnectPoll() goes on. `address` is where the host's name was found to be,
/// or empty. Errors: internal when memory ran out.
Owned<pg_conn> start(const Settings& settings, const std::string& address = {});

/// libpq's messages end in a newline and may have several lines; the first says it.
std::string first_line(const char* message);
/// A field of what the server said (PG_DIAG_…), or empty.
std::string field(const pg_result* result, int code);
/// The connection does not work, or no more: what libpq says of it.
Error broken(const pg_conn* connection, const Settings& settings);
/// What the server said, as an Error of its kind. There must be an SQLSTATE.
DatabaseError rejected(const pg_result* result, const Settings& settings);
/// Whether a prepared statement failed because it is gone, or its result would have another type.
bool is_outdated(const pg_result* result);

}  // namespace caisson::pg::libpq

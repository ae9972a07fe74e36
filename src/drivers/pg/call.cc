// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/call.h"

#include <fmt/format.h>

#include "drivers/pg/error.h"
#include "drivers/pg/outcome.h"

namespace caisson::pg {

void detail::fail_count(std::size_t found) {
    DatabaseError error(Code::database_rejected,
                        found == 0
                            ? "the query gave no row where one was expected"
                            : fmt::format("the query gave {} rows where one was expected", found),
                        found == 0 ? "declare it :optional if there may be none"
                                   : "declare it :many, or let its condition name a key");
    error.sqlstate = found == 0 ? "P0002" : "P0003";
    error.with("sqlstate", error.sqlstate);
    throw error;
}

std::size_t choice(std::size_t number, std::size_t count) {
    if (number >= count) {
        throw Error(Code::usage,
                    fmt::format("a query was asked for choice {} where {} is the last",
                                static_cast<std::int64_t>(number), count - 1),
                    "give an enumerator, and check a number before it is cast to one");
    }
    return number;
}

std::uint64_t read_affected(const Rows& rows) { return rows.affected(); }
bool read_whether(const Rows& rows) { return rows.affected() > 0; }

std::optional<Violation> violation_of(const DatabaseError& error) {
    Violation violation;
    if (error.sqlstate == sqlstate::unique_violation || error.sqlstate == "23P01") {
        violation.kind = Violation::Kind::unique;
    } else if (error.sqlstate == sqlstate::foreign_key_violation || error.sqlstate == "23001") {
        violation.kind = Violation::Kind::foreign_key;
    } else if (error.sqlstate == "23514") {
        violation.kind = Violation::Kind::check;
    } else if (error.sqlstate == "23502") {
        violation.kind = Violation::Kind::not_null;
    } else {
        return std::nullopt;
    }
    violation.constraint = error.constraint.empty() ? error.column : error.constraint;
    violation.table = error.table;
    violation.detail = error.detail;
    violation.message = error.message();
    return violation;
}

}  // namespace caisson::pg

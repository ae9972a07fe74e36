// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The rows of a database as values: how many each table has, and a digest of what is in them.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::proof {

/// An ordinary table of users; partitions count, what they belong to does not.
struct Table {
    std::int64_t oid = 0;
    std::map<std::string, std::string> columns;  ///< Name to type; generated ones are left out.
    std::int64_t bytes = 0;                      ///< 0: certainly empty.
};
/// By qualified name, quoted where SQL needs it.
using Tables = std::map<std::string, Table>;

/// What is there now; the schema caisson and what belongs to extensions are left out.
Tables tables_of(pg::Connection& connection);

struct Rows {
    std::uint64_t count = 0;
    std::string digest;  ///< The same whatever order the rows lie in.
    bool operator==(const Rows&) const = default;
};

/// Counts and digests of these columns of these tables. Tables that are larger than `limit` bytes
/// are only counted.
std::map<std::string, Rows> rows_of(pg::Connection& connection, const Tables& tables,
                                    std::int64_t limit = 64 << 20);

/// The tables that both have, each with the columns that are the same in both.
Tables common(const Tables& one, const Tables& other);

}  // namespace caisson::proof

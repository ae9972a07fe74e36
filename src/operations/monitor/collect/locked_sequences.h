// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Sequences that somebody alters at this moment. pg_sequence_last_value() would wait for their
/// lock, and one would hide all that are read along with it: so they are read around.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::monitor {

struct LockedSequence {
    std::int64_t id = 0;  ///< Its oid.
    std::string schema{};
    std::string name{};
};

/// In the order of their oids: those for which another session has, or waits for, a lock that goes
/// with no reading. Errors: DatabaseError.
std::vector<LockedSequence> read_locked_sequences(pg::Connection& connection);

/// Up to where pages of sequences may go, one after the other: before each that is locked, and to
/// the end. Pure.
std::vector<std::int64_t> ends_of_pages(const std::vector<LockedSequence>& locked);

/// `sequence oid, last_value bigint` by the function that provisioning gives, of those behind $1
/// and before $3, $2 at most.
inline constexpr std::string_view sequences_given = R"sql(
select v.sequence, v.last_value from caisson.monitor_sequences($1::oid, (
  select count(*)::integer
    from (select from pg_catalog.pg_class
           where relkind = 'S' and oid > $1::oid and oid < $3::oid
             and not pg_catalog.pg_is_other_temp_schema(relnamespace)
             and not (relpersistence = 'u' and pg_catalog.pg_is_in_recovery())
           limit $2::integer) c)) v)sql";

}  // namespace caisson::monitor

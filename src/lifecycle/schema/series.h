// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Snapshots of one database, one after the other, as migrations make it grow.

#include <cstddef>
#include <memory>

#include "drivers/pg/connection.h"
#include "lifecycle/schema/snapshot.h"

namespace caisson::schema {

/// Each snapshot is what snapshot() gives, without what objects need, and so has the same hash. Of
/// the relations, which are most of a schema, only those are read again that changed since the
/// last one, or that name something which did. Whether a relation changed the server tells by the
/// places and transactions of its rows in the catalogues. The session keeps three prepared
/// statements. Threads: one at a time.
class Series {
 public:
    explicit Series(Scope scope);
    ~Series();
    Series(Series&&) noexcept;
    Series& operator=(Series&&) noexcept;

    /// Errors: those of snapshot().
    Snapshot next(pg::Connection& connection);
    /// The next one is read whole: for another database.
    void forget();
    /// How many relations the last one read.
    std::size_t relations_read() const;

 private:
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

}  // namespace caisson::schema

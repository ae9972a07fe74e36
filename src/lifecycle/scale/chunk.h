// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/scale/layout.h"
#include "lifecycle/scale/model.h"
#include "lifecycle/scale/tracking.h"

namespace caisson::scale {

/// Writes rows of one table, each chunk with its tracking in one transaction. Threads: one at a
/// time for each connection.
class ChunkWriter {
 public:
    /// `number` is the table's in tracking, `run` the transaction with which this run began.
    ChunkWriter(const Model& model, const Layout& layout, std::int64_t number, std::string run)
        : model_(model), layout_(layout), number_(number), run_(std::move(run)) {}

    struct Made {
        std::uint64_t rows = 0;
        std::uint64_t bytes = 0;
    };
    /// All of it or nothing. A chunk that another run has finished meanwhile is left as it is; what
    /// another session got in the way of is tried again. Of a cleared chunk only the rows are
    /// written that are not there. Errors: seed_failed, with the number of the row that was
    /// refused.
    Made write(pg::Connection& connection, const Chunk& chunk) const;

 private:
    Made try_to_write(pg::Connection& connection, const Chunk& chunk) const;
    Made send(pg::Connection& connection, const Chunk& chunk, const std::string& statement) const;
    Made put_back(pg::Connection& connection, const Chunk& chunk) const;
    Error refused(const pg::DatabaseError& error, const Chunk& chunk) const;

    const Model& model_;
    const Layout& layout_;
    std::int64_t number_;
    std::string run_;
};

/// Numbers that were given must not be given out again. What could not be done, as notes.
std::vector<std::string> advance_sequences(pg::Connection& connection, const Layout& layout,
                                           const seeds::Target& target);

}  // namespace caisson::scale

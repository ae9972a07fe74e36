// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lifecycle/scale/layout.h"
#include "lifecycle/scale/source.h"
#include "lifecycle/scale/tracking.h"

namespace caisson::scale {

/// One table that is to be filled.
struct Job {
    Layout layout;
    std::uint64_t rows = 0;
    std::string digest;
    std::optional<Recorded> recorded;
    std::vector<Chunk> missing;   ///< Gaps, however long, and chunks that were cleared.
    std::set<std::size_t> after;  ///< Jobs that must be whole before.
};
/// A plan with everything that was read to make it. Jobs stand parents first.
struct Prepared {
    std::unique_ptr<const Source> source;
    seeds::Target target;
    std::vector<Job> jobs;
};
/// Inside a transaction of the caller. Errors: as plan().
Prepared prepare(pg::Connection& connection, const File& file, const Options& options);

/// The rows from 0 on that no chunk has, in order, and the cleared chunks among them.
std::vector<Chunk> missing_chunks(const std::vector<Chunk>& chunks, std::uint64_t rows);

}  // namespace caisson::scale

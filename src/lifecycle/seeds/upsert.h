// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "lifecycle/seeds/plan.h"
#include "lifecycle/seeds/stage.h"

namespace caisson::seeds {

/// What upserting one CSV or JSON file needs to know.
struct UpsertJob {
    const File* file = nullptr;
    const Table* table = nullptr;
    std::vector<std::string> key;
    std::int64_t number = 0;          ///< Of the file in caisson.seed_files.
    std::vector<std::int64_t> later;  ///< Files whose word on the same row counts more.
    bool overwrite = false;
};

/// Writes the file's rows into its table and into tracking. The stage stays until the transaction
/// ends, for find_orphan(). Errors: seed_invalid for rows without a key and for two that
/// contradict one another; seed_failed at the row that was refused.
struct Upserted {
    FileReport report;
    Stage stage;
};
Upserted upsert(pg::Connection& connection, const UpsertJob& job, const Prepared& prepared,
                std::size_t number);

}  // namespace caisson::seeds

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace caisson::monitor {

/// What bounds a collection, in time and in series.
struct Limits {
    std::chrono::milliseconds interval{30'000};
    std::chrono::milliseconds expensive{300'000};
    std::chrono::milliseconds timeout{2'000};  ///< Of one statement.
    std::chrono::milliseconds slow_query{500};
    std::size_t tables = 100;
    std::size_t indexes = 100;
    std::size_t queries = 100;
    std::size_t others = 50;  ///< Standbys, slots, sequences, modes of locks: each of these.
    /// With line ends between: what they do lasts, and is not judged by how long.
    std::string backup_roles{};
};

}  // namespace caisson::monitor

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// [monitor] as it is written: how often figures are collected, what is slow, how much is kept.
/// `${NAME}` is not yet replaced; monitor.h reads it.

#include <string>

#include "base/error.h"

namespace caisson::platform {

/// Texts are empty where nothing is said.
struct Monitor {
    bool collect = true;       ///< Whether the daemon collects.
    std::string interval;      ///< Between two samples.
    std::string expensive;     ///< Between two readings of what costs the server more.
    std::string timeout;       ///< Of one statement of the collector.
    std::string slow_query;    ///< A statement that takes longer is slow.
    std::string stored;        ///< Samples that are kept as they were read.
    std::string minutes;       ///< For how long minutes are kept.
    std::string hours;         ///< For how long hours are kept.
    std::string history_size;  ///< Bytes that the history may take.
    std::string tables;        ///< So many of them have series of their own.
    std::string indexes;
    std::string queries;
    Place place;
};

}  // namespace caisson::platform

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Materialised views, brought up to date in the order in which they read one another.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::refresh {

/// A materialised view.
struct View {
    std::string name;                ///< `public.real_time_stats`, quoted where SQL needs it.
    std::vector<std::string> reads;  ///< Other materialised views, also through plain ones.
    bool is_filled = false;          ///< It was refreshed once, so that it can be read.
    /// It has a unique index over columns for all rows, without which PostgreSQL must lock it.
    bool has_key = false;

    /// Others go on reading meanwhile.
    bool is_concurrent() const { return is_filled && has_key; }
};

/// Those of the database, or only the `wanted` ones (with or without their schema), in an order in
/// which none comes before one that it reads. Errors: usage for a name that is none, or is several.
std::vector<View> plan(pg::Connection& connection, const std::vector<std::string>& wanted = {});

struct Refreshed {
    std::int64_t rows = 0;
    std::chrono::nanoseconds duration{0};
};

/// Refreshes one; out of a transaction. The role must own the view or be a member of its owner.
/// Errors: locked, when somebody holds it for longer than `patience`; database_rejected.
/// Source: PostgreSQL, REFRESH MATERIALIZED VIEW.
Refreshed refresh(pg::Connection& connection, const View& view,
                  std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace caisson::refresh

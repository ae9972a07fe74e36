// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/scale/value.h"

namespace caisson::scale {

/// Entries to choose from, each with the same named columns; a list of plain texts has one without
/// a name.
struct List {
    std::vector<std::string> columns;
    std::vector<std::vector<Value>> rows;
    std::vector<double> weights;  ///< Summed up, ending with the whole; empty: all alike.

    std::optional<std::size_t> column(std::string_view name) const;
    /// An entry by 64 random bits.
    std::size_t pick(std::uint64_t bits) const;
};

/// Sums weights up. A list is never longer than it has weights.
std::vector<double> summed(const std::vector<double>& weights);
std::size_t pick(const std::vector<double>& summed_weights, std::uint64_t bits);

/// Lists that are built in: "places" (city, region, country, postal_code, currency, calling_code),
/// "streets" and "legal_forms". In postal codes # stands for a digit and @ for a capital, which
/// the filter `fill` of a template draws. nullptr for other names.
const List* built_in_list(std::string_view name);

}  // namespace caisson::scale

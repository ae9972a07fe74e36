// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/list.h"

#include <algorithm>

#include "lifecycle/scale/draw.h"

namespace caisson::scale {

std::optional<std::size_t> List::column(std::string_view name) const {
    const auto found = std::find(columns.begin(), columns.end(), name);
    return found == columns.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - columns.begin()));
}

std::size_t List::pick(std::uint64_t bits) const {
    return weights.empty() ? static_cast<std::size_t>(below(bits, rows.size()))
                           : scale::pick(weights, bits);
}

std::vector<double> summed(const std::vector<double>& weights) {
    std::vector<double> sums;
    double sum = 0;
    for (const double weight : weights) {
        sum += weight;
        sums.push_back(sum);
    }
    return sums;
}

std::size_t pick(const std::vector<double>& summed_weights, std::uint64_t bits) {
    const double point = unit(bits) * summed_weights.back();
    const auto found = std::upper_bound(summed_weights.begin(), summed_weights.end(), point);
    return std::min(static_cast<std::size_t>(found - summed_weights.begin()),
                    summed_weights.size() - 1);
}

}  // namespace caisson::scale

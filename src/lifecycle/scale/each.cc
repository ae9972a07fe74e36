// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/each.h"

#include <algorithm>

namespace caisson::scale {

Each::Each(std::uint64_t parents, const std::function<std::uint64_t(std::uint64_t)>& count)
    : parents_(parents) {
    ends_.reserve(parents);
    std::uint64_t end = 0;
    for (std::uint64_t parent = 0; parent < parents; ++parent) {
        end += count(parent);
        ends_.push_back(end);
    }
}

std::uint64_t Each::count(std::uint64_t parent) const {
    if (ends_.empty()) {
        return same_;
    }
    return ends_[parent] - first(parent);
}

std::uint64_t Each::first(std::uint64_t parent) const {
    if (ends_.empty()) {
        return parent * same_;
    }
    return parent == 0 ? 0 : ends_[parent - 1];
}

Each::Spot Each::find(std::uint64_t row) const {
    if (ends_.empty()) {
        return {row / same_, row % same_};
    }
    const auto found = std::upper_bound(ends_.begin(), ends_.end(), row);
    const auto parent = static_cast<std::uint64_t>(found - ends_.begin());
    return {parent, row - first(parent)};
}

}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/version.h"

#include <algorithm>

namespace caisson::sources {
namespace {

std::string_view significant(std::string_view version) {
    const auto first = version.find_first_not_of('0');
    return first == std::string_view::npos ? version.substr(0, 0) : version.substr(first);
}

}  // namespace

bool version_before(std::string_view a, std::string_view b) {
    const auto left = significant(a);
    const auto right = significant(b);
    return left.size() != right.size() ? left.size() < right.size() : left < right;
}

std::string canonical_version(std::string_view version) {
    if (version.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::string(version);
    }
    const auto digits = significant(version);
    return digits.empty() ? "0" : std::string(digits);
}

}  // namespace caisson::sources

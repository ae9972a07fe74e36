// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/version.h"

#include <algorithm>
#include <cctype>

namespace caisson::sources {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view significant(std::string_view version) {
    const auto first = version.find_first_not_of('0');
    return first == std::string_view::npos ? version.substr(0, 0) : version.substr(first);
}

/// Negative, zero or positive, as numbers of any length.
int compare_numbers(std::string_view a, std::string_view b) {
    const auto left = significant(a);
    const auto right = significant(b);
    if (left.size() != right.size()) {
        return left.size() < right.size() ? -1 : 1;
    }
    return left.compare(right);
}

/// The next run of digits or of anything else between dots.
std::string_view take_part(std::string_view& text) {
    while (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
    }
    const bool is_numeric = !text.empty() && is_digit(text.front());
    std::size_t size = 0;
    while (size < text.size() && text[size] != '.' && is_digit(text[size]) == is_numeric) {
        ++size;
    }
    const auto part = text.substr(0, size);
    text.remove_prefix(size);
    return part;
}

}  // namespace

bool version_before(std::string_view a, std::string_view b) {
    while (true) {
        const auto left = take_part(a);
        const auto right = take_part(b);
        if (left.empty() && right.empty()) {
            return false;
        }
        // A part that is missing is 0: 1.0 is 1.
        const bool are_numbers =
            (left.empty() || is_digit(left.front())) && (right.empty() || is_digit(right.front()));
        const int order = are_numbers ? compare_numbers(left, right) : left.compare(right);
        if (order != 0) {
            return order < 0;
        }
    }
}

std::string canonical_version(std::string_view version) {
    if (version.empty() || version.find_first_not_of("0123456789.") != std::string_view::npos) {
        return std::string(version);
    }
    std::string canonical;
    std::size_t kept = 0;
    for (auto rest = version; !rest.empty();) {
        const auto part = significant(take_part(rest));
        canonical += (canonical.empty() ? "" : ".") + std::string(part.empty() ? "0" : part);
        kept = part.empty() ? kept : canonical.size();
    }
    // Zeros at the end say nothing: 1.0 is 1.
    canonical.resize(kept);
    return canonical.empty() ? "0" : canonical;
}

}  // namespace caisson::sources

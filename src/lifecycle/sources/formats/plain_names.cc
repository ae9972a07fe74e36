// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/formats/plain_names.h"

#include <algorithm>

#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

/// The length of a date at the start, `2024-01-01` and whatever of the time follows; 0 for others.
std::size_t date_length(std::string_view text) {
    const auto digits = [&](std::size_t at, std::size_t count) {
        return text.size() >= at + count && is_number(text.substr(at, count));
    };
    const bool is_date = digits(0, 4) && text.size() > 9 && (text[4] == '-' || text[4] == '_') &&
                         digits(5, 2) && text[7] == text[4] && digits(8, 2) &&
                         (text.starts_with("19") || text.starts_with("20")) &&
                         leading_digits(text.substr(8)).size() == 2;
    if (!is_date) {
        return 0;
    }
    std::size_t length = 10;
    while (length + 2 < text.size() &&
           std::string_view("-_.:T ").find(text[length]) != std::string_view::npos) {
        const auto next = leading_digits(text.substr(length + 1));
        if (next.size() != 2 && next.size() != 4 && next.size() != 6) {
            break;
        }
        length += 1 + next.size();
    }
    return length;
}

/// `1.2.3` as well as `001`: digits, and further digits behind dots.
std::size_t number_length(std::string_view text) {
    auto length = leading_digits(text).size();
    while (length > 0 && length + 1 < text.size() && text[length] == '.') {
        const auto next = leading_digits(text.substr(length + 1));
        if (next.empty()) {
            break;
        }
        length += 1 + next.size();
    }
    return length;
}

}  // namespace

std::optional<PlainName> parse_plain_name(std::string_view stem) {
    // V1_a and v1-a, as home-made runners have them.
    if (stem.size() > 1 && (stem[0] == 'V' || stem[0] == 'v') && is_number(stem.substr(1, 1))) {
        stem.remove_prefix(1);
    }
    const auto date = date_length(stem);
    const auto length = date > 0 ? date : number_length(stem);
    const auto rest = stem.substr(length);
    const auto blank = std::min(rest.find_first_not_of("_-. "), rest.size());
    // 2fa is a word, not a number.
    if (length == 0 || (blank == 0 && !rest.empty())) {
        return std::nullopt;
    }
    if (date == 10) {
        return PlainName{std::string(stem), {}};
    }
    return PlainName{std::string(stem.substr(0, length)), std::string(rest.substr(blank))};
}

}  // namespace caisson::sources

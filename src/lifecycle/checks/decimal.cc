// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/decimal.h"

#include <algorithm>
#include <charconv>

namespace caisson::checks {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `e-3` and the like, taken off the front of `text`; nothing when it is no exponent.
std::optional<long> take_exponent(std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    text.remove_prefix(1);
    const bool negative = !text.empty() && text[0] == '-';
    if (negative || (!text.empty() && text[0] == '+')) {
        text.remove_prefix(1);
    }
    long value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = failure == std::errc() && end == text.data() + text.size();
    if (!whole || text.size() > 5 || !is_digit(text[0])) {
        return std::nullopt;
    }
    return negative ? -value : value;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
    Decimal number;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        number.negative_ = text[0] == '-';
        text.remove_prefix(1);
    }
    bool has_digits = false;
    bool behind_point = false;
    while (!text.empty() && (is_digit(text[0]) || (text[0] == '.' && !behind_point))) {
        if (text[0] == '.') {
            behind_point = true;
        } else {
            has_digits = true;
            number.digits_ += text[0];
            number.point_ += behind_point ? 0 : 1;
        }
        text.remove_prefix(1);
    }
    if (!has_digits || (!text.empty() && text[0] != 'e' && text[0] != 'E')) {
        return std::nullopt;
    }
    const auto exponent = take_exponent(text);
    if (!exponent) {
        return std::nullopt;
    }
    const auto first = std::min(number.digits_.find_first_not_of('0'), number.digits_.size());
    number.digits_.erase(0, first);
    number.digits_.erase(number.digits_.find_last_not_of('0') + 1);
    number.point_ += *exponent - static_cast<long>(first);
    if (number.digits_.empty()) {
        number.negative_ = false;
        number.point_ = 0;
    }
    return number;
}

std::strong_ordering Decimal::compare_size(const Decimal& other) const {
    if (digits_.empty() || other.digits_.empty()) {
        return digits_.size() <=> other.digits_.size();
    }
    if (point_ != other.point_) {
        return point_ <=> other.point_;
    }
    return digits_.compare(other.digits_) <=> 0;
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
    if (negative_ != other.negative_) {
        return negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    return negative_ ? other.compare_size(*this) : compare_size(other);
}

bool Decimal::is_whole() const { return static_cast<long>(digits_.size()) <= point_; }

}  // namespace caisson::checks

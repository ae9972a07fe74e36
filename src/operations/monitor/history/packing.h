// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Figures as few bytes. Pure. What is not a number stands for "not read".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::monitor {

/// A figure of a series, by the series' number.
struct Numbered {
    std::int64_t series;
    double value;
    bool operator==(const Numbered&) const = default;
};

/// One sample: rising numbers, and doubles; compressed.
std::string pack_sample(const std::vector<Numbered>& figures);
/// Errors: internal, for what pack_sample() did not make.
std::vector<Numbered> unpack_sample(std::string_view bytes);

/// Figures at even distances, single precision; runs of the same are short.
std::string pack_row(const std::vector<float>& figures);
/// As many as `size`; what is missing is not a number. Errors: internal.
std::vector<float> unpack_row(std::string_view bytes, std::size_t size);

}  // namespace caisson::monitor

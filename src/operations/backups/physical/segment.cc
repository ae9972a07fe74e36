// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/segment.h"

#include <charconv>

#include <fmt/format.h>

namespace caisson::backups::physical {
namespace {

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (text.empty() || text.size() > 16 || error != std::errc() ||
        end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::uint64_t segments_per_file(std::uint64_t segment_bytes) {
    return (std::uint64_t{1} << 32U) / segment_bytes;
}

}  // namespace

std::optional<Lsn> parse_lsn(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash > 8 || text.size() - slash > 9) {
        return std::nullopt;
    }
    const auto high = hexadecimal(text.substr(0, slash));
    const auto low = hexadecimal(text.substr(slash + 1));
    return high && low ? std::optional((*high << 32U) | *low) : std::nullopt;
}

std::string lsn_text(Lsn lsn) { return fmt::format("{:X}/{:X}", lsn >> 32U, lsn & 0xFFFFFFFFU); }

std::optional<Segment> parse_segment(std::string_view name, std::uint64_t segment_bytes) {
    if (name.size() != 24) {
        return std::nullopt;
    }
    const auto timeline = hexadecimal(name.substr(0, 8));
    const auto high = hexadecimal(name.substr(8, 8));
    const auto low = hexadecimal(name.substr(16));
    if (!timeline || !high || !low || *low >= segments_per_file(segment_bytes)) {
        return std::nullopt;
    }
    return Segment{static_cast<std::uint32_t>(*timeline),
                   *high * segments_per_file(segment_bytes) + *low};
}

std::string segment_name(const Segment& segment, std::uint64_t segment_bytes) {
    const auto per_file = segments_per_file(segment_bytes);
    return fmt::format("{:08X}{:08X}{:08X}", segment.timeline, segment.number / per_file,
                       segment.number % per_file);
}

}  // namespace caisson::backups::physical

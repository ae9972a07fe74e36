// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Positions in the write-ahead log and the names of its segments. Pure.
/// Source: PostgreSQL, src/include/access/xlog_internal.h.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::backups::physical {

using Lsn = std::uint64_t;
constexpr std::uint64_t usual_segment_bytes = std::uint64_t{16} << 20U;

/// "16/B374D848". Nothing for another text.
std::optional<Lsn> parse_lsn(std::string_view text);
std::string lsn_text(Lsn lsn);

/// A segment of one timeline; `number` counts segments from the beginning of the log.
struct Segment {
    std::uint32_t timeline = 0;
    std::uint64_t number = 0;
    auto operator<=>(const Segment&) const = default;
};
/// 24 hexadecimal digits. Nothing for another text, such as that of a history file.
std::optional<Segment> parse_segment(std::string_view name,
                                     std::uint64_t segment_bytes = usual_segment_bytes);
std::string segment_name(const Segment& segment, std::uint64_t segment_bytes = usual_segment_bytes);
/// The segment that holds this position.
inline std::uint64_t segment_number(Lsn lsn, std::uint64_t segment_bytes = usual_segment_bytes) {
    return lsn / segment_bytes;
}

}  // namespace caisson::backups::physical

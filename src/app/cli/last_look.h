// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the daemon keeps of its newest sample in a small file, so that whoever asks how things are
/// need not measure: `caisson status`.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/moment.h"
#include "operations/monitor/sample/sample.h"
#include "trust/session.h"

namespace caisson::cli {

struct LastLook {
    struct Unread {
        std::string what;   ///< A group of the catalogue, or one metric of it.
        std::string whose;  ///< Labels as text; empty: of all.
        std::string why;
        bool operator==(const Unread&) const = default;
    };
    Moment at{};
    std::chrono::milliseconds interval{0};  ///< Between two of them.
    bool collects = true;                   ///< Else another daemon measures the same server.
    std::vector<Unread> unknown{};
    /// How old these were at that moment; nothing where there is none, or nobody looks at backups.
    std::optional<std::chrono::seconds> backup{};  ///< The newest set that can be used.
    std::optional<std::chrono::seconds> proof{};   ///< The newest proof of a drill.

    bool operator==(const LastLook&) const = default;
};

LastLook look_of(const monitor::Sample& sample, std::chrono::milliseconds interval);
std::string to_text(const LastLook& look);
/// Nothing when it is no such text. Pure.
std::optional<LastLook> parse_look(std::string_view text);

/// `monitor/last.json` below the state directory.
fs::path look_file(const trust::Run& run);
/// Nothing where there is none.
std::optional<LastLook> read_look(const trust::Run& run);
/// Errors: state_unusable, disk_full.
void write_look(const trust::Run& run, const LastLook& look);

}  // namespace caisson::cli

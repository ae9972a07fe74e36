// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace caisson::cli {

/// What lies where a file should that we write.
enum class FileState : std::uint8_t {
    same,
    stale,    ///< Another text, made by us.
    missing,  ///< Nothing.
    foreign,  ///< A text that is not ours to overwrite.
    surplus,  ///< Made by us, for what the platform no longer has.
};

/// As --json has it: same, stale, missing, foreign, surplus.
std::string_view word_of(FileState state);

}  // namespace caisson::cli

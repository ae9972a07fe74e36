// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"

namespace caisson {

/// Adds a line (given without its end) to a file, made with `mode` and `owner` when it is missing,
/// and returns once it is on the disk. A last line that a crash left without its end gets one
/// first. No link is followed.
void append_line(const fs::path& path, std::string_view line, mode_t mode = 0644,
                 const std::optional<Account>& owner = {});

}  // namespace caisson

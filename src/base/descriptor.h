// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A file descriptor that is closed with its scope, and a write that writes everything.

#include <string_view>

#include "base/files.h"

namespace caisson {

/// Owns what open() gave, which may be -1.
struct Descriptor {
    int value = -1;
    explicit Descriptor(int opened) : value(opened) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
};

/// All bytes; `path` is for the message. Errors: disk_full, state_unusable.
void write_all(int descriptor, std::string_view bytes, const fs::path& path);

}  // namespace caisson

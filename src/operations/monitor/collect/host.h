// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The host, from /proc (any directory that looks like it) and statvfs. Source: proc(5).

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::monitor {

struct HostPlaces {
    fs::path proc = "/proc";
    /// Directories whose file systems count: each file system once.
    std::vector<fs::path> disks;
};

/// Adds the groups `host` and `disks`. Throws nothing: what cannot be read is unknown.
void read_host(const HostPlaces& places, Sample& sample);

// Pure: a file's text to readings. Errors: internal, when the text is not what proc(5) says.
void add_stat(std::string_view text, Sample& sample);
void add_load(std::string_view text, std::size_t cores, Sample& sample);
void add_memory(std::string_view text, Sample& sample);
void add_vmstat(std::string_view text, Sample& sample);

}  // namespace caisson::monitor

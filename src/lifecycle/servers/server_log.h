// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/files.h"

namespace caisson::servers {

constexpr std::uint64_t largest_log = 16UL * 1024 * 1024;

/// A server's log: what it said since a moment, and how it is kept small.
class ServerLog {
 public:
    explicit ServerLog(fs::path path) : path_(std::move(path)) {}
    const fs::path& path() const { return path_; }

    /// Bytes in it now; what is written later begins there.
    std::uint64_t size() const;
    /// Its text from `offset` on (at most the last 256 kB).
    std::string since(std::uint64_t offset) const;

    /// When it is larger than `limit`: copied to `.1` (the old one to `.2`) and emptied. The server
    /// keeps writing to the same file. Whether it was done.
    bool rotate(std::uint64_t limit, const std::optional<Account>& owner) const;

 private:
    fs::path path_;
};

/// The line that says why a server gave up: the last FATAL or PANIC of PostgreSQL, the error of
/// Redis, else the last line; without time and process.
std::string last_words(const std::string& log);
/// The Error for a server that failed: disk_full, port_taken or state_unusable when its log says
/// so, else server_failed; the message quotes the log.
Error failure_of(const std::string& server, const std::string& what, const std::string& words,
                 const fs::path& log);

}  // namespace caisson::servers

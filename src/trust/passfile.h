// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A passfile in libpq's format as a value: `host:port:database:user:password`, one entry a line,
/// the first that matches wins. For a Unix socket libpq looks for the directory of the socket as
/// the host. Source: PostgreSQL, "The Password File".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/secret.h"

namespace caisson::trust {

class Passfile {
 public:
    struct Entry {
        std::string host = "*";  ///< "*" matches everything, here and below.
        std::string port = "*";
        std::string database = "*";
        std::string user = "*";
        Secret password;
    };

    /// Lines that are no entries (comments among them) are kept as they are.
    static Passfile parse(std::string_view text);
    /// Empty when there is no file. Errors: state_unusable.
    static Passfile read(const fs::path& path);

    /// The password that libpq would take.
    std::optional<Secret> find(std::string_view host, std::uint16_t port, std::string_view database,
                               std::string_view user) const;
    /// Replaces the entry with just these four fields, or adds it: before the first entry that
    /// would otherwise hide it.
    void set(const Entry& entry);
    /// Removes every entry of this user.
    void remove_user(std::string_view user);
    std::vector<Entry> entries() const;

    std::string text() const;
    /// In one step, mode 0600. Errors: disk_full, state_unusable.
    void write(const fs::path& path, const std::optional<Account>& owner = {}) const;

 private:
    struct Line {
        std::string verbatim;  ///< Of a line that is no entry.
        std::optional<Entry> entry;
    };
    std::vector<Line> lines_;
};

}  // namespace caisson::trust

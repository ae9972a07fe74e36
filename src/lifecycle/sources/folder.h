// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/files.h"
#include "lifecycle/sources/contents.h"

namespace caisson::sources {

/// A folder as it is listed: names without contents, read once. Names are relative to the folder
/// and in byte order. Hidden files, what editors leave behind and `node_modules` are not there.
/// Threads: one at a time.
class Folder {
 public:
    explicit Folder(fs::path path) : path_(std::move(path)) {}

    const fs::path& path() const { return path_; }
    /// The files directly in `below` (empty: in the folder itself). None where it does not exist.
    /// Errors: platform_invalid when the folder cannot be read.
    const std::vector<std::string>& files(const std::string& below = {}) const;
    const std::vector<std::string>& folders(const std::string& below = {}) const;
    /// The files of `below` and of all folders below it, at most ten deep.
    std::vector<std::string> files_within(const std::string& below = {}) const;
    bool has_file(const std::string& name) const;
    bool has_folder(const std::string& name) const;
    /// A short file whole, such as a tool's settings; nothing when it is not there. `name` may lead
    /// upwards.
    std::optional<std::string> text(const std::string& name) const;
    /// Where a file of it lies.
    std::string name_of(const std::string& name) const;
    /// Files whole, on several threads; what was read ahead is handed on. Errors: none, the
    /// Contents say them.
    std::vector<Contents> contents(const std::vector<std::string>& names, Long rule) const;
    /// Reads files before it is known what they are, so that a look at many and their contents
    /// cost one visit each. Long ones are left.
    void read_ahead(const std::vector<std::string>& names) const;
    /// The first bytes of a file, for a look at what it is.
    std::string head(const std::string& name, std::size_t bytes = 4096) const;

 private:
    struct Listing {
        std::vector<std::string> files;
        std::vector<std::string> folders;
    };
    const Listing& listing(const std::string& below) const;
    void collect(const std::string& below, int depth, std::vector<std::string>& names) const;

    fs::path path_;
    mutable std::map<std::string, Listing> listings_;
    mutable std::unordered_map<std::string, Contents> ahead_;
};

/// The last part of a name: `b.sql` of `a/b.sql`.
std::string_view base_name(std::string_view name);
/// The part before it: `a` of `a/b.sql`; empty where there is none.
std::string_view parent_name(std::string_view name);

}  // namespace caisson::sources

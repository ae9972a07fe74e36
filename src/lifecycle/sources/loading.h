// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/sources/contents.h"
#include "lifecycle/sources/folder.h"
#include "lifecycle/sources/migration.h"
#include "platform/platform.h"

namespace caisson::sources {

/// What a format's load() works on: the folder of one source in; migrations, mistakes and notes
/// out. The fields that are the same for all formats are filled in afterwards.
class Loading {
 public:
    Loading(const platform::Source& of, const Folder& within) : source(of), folder(within) {}

    const platform::Source& source;
    const Folder& folder;
    std::vector<Migration> migrations;  ///< In the order in which they apply.
    std::vector<Mistake> mistakes;
    std::vector<Mistake> notes;  ///< What somebody should know, and what is no mistake.

    /// What messages call a file: `migrations/001_a.sql`.
    std::string place_of(const std::string& name) const { return source.name + "/" + name; }
    void complain(const std::string& name, std::string message, std::size_t line = 0);
    void note(const std::string& name, std::string message);

    /// Reads files by their names; what cannot be used has become a mistake, and is empty.
    std::vector<Contents> read(const std::vector<std::string>& names, Long rule);
    /// The whole file as a script. Takes the text out of `contents`.
    Script script(const std::string& name, Contents& contents) const;
    /// A part of the file, whose text was cut by section().
    Script section_script(const std::string& name, std::string text) const;
    /// A file in another language: named, never run.
    void add_program(const std::string& name, std::string version, std::string title);
    /// Complains of versions that occur twice: `1` and `001` are one to the first, `1` alone is
    /// `1` to the second.
    void require_distinct_versions();
    void require_distinct_keys();

 private:
    void require_distinct(const std::function<std::string(std::string_view)>& key_of);
};

/// A stretch of a text, in bytes.
struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
};
/// The text of these ranges, in order and without overlap; of all that lies before the last of
/// them only the line ends are kept, so that positions stay those of the file.
std::string section(std::string_view text, const std::vector<Range>& ranges);

/// Calls `take(line, begin, end)` for every line, without its line end (`\n` or `\r\n`); `end` is
/// the start of the next line.
template <typename Take>
void each_line(std::string_view text, const Take& take) {
    for (std::size_t begin = 0; begin < text.size();) {
        const auto found = text.find('\n', begin);
        const auto end = found == std::string_view::npos ? text.size() : found + 1;
        auto line = text.substr(begin, end - begin);
        if (line.ends_with('\n')) {
            line.remove_suffix(1);
        }
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        take(line, begin, end);
        begin = end;
    }
}
std::size_t line_of(std::string_view text, std::size_t offset);

}  // namespace caisson::sources

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/create.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 128;
}

std::string slug(const std::string& name) {
    std::string result;
    for (const char c : lower(name)) {
        if (is_name_character(c)) {
            result += c;
        } else if (!result.empty() && result.back() != '_') {
            result += '_';
        }
    }
    while (!result.empty() && result.back() == '_') {
        result.pop_back();
    }
    return result;
}

/// One more, in decimal of any length, at least as wide.
std::string successor(std::string version) {
    for (auto i = version.size(); i-- > 0;) {
        if (version[i] != '9') {
            ++version[i];
            return version;
        }
        version[i] = '0';
    }
    return "1" + version;
}

/// 20260303080000: years from 1970 on, as timestamps have them.
bool is_moment(const std::string& version) {
    return version.size() == 14 && (version.rfind("19", 0) == 0 || version.rfind("20", 0) == 0);
}

std::string moment_now() {
    std::string digits;
    for (const char c : timestamp_now()) {
        if (c >= '0' && c <= '9' && digits.size() < 14) {
            digits += c;
        }
    }
    return digits;
}

std::string next_version(const platform::Source& source) {
    std::string newest;
    for (const auto& file : platform::files_of(source.path, {".sql"})) {
        const auto digits = file.name.substr(0, file.name.find_first_not_of("0123456789"));
        if (!digits.empty() && (newest.empty() || version_before(newest, digits))) {
            newest = digits;
        }
    }
    if (newest.empty()) {
        return "001";
    }
    const auto next = successor(newest);
    const auto now = moment_now();
    return is_moment(newest) && version_before(newest, now) ? now : next;
}

}  // namespace

Created create(const platform::Source& source, const std::string& name,
               const std::string& description) {
    const auto words = slug(name);
    if (words.empty()) {
        throw Error(Code::usage, fmt::format("\"{}\" gives no name for a file", name),
                    "name it after what it does: caisson migrate new add_customers");
    }
    const auto stem = fmt::format("{}_{}", next_version(source), words);
    const Created created{source.path / (stem + ".sql"), source.path / (stem + ".down.sql")};
    std::string header;
    for (const auto& line : split(normalise_lines(description), '\n')) {
        if (!trim(line).empty()) {
            header += fmt::format("-- caisson: description {}\n", trim(line));
        }
    }
    ensure_directory(source.path);
    write_file(created.up, header + "\n");
    write_file(created.down, fmt::format("-- Undoes {}.sql\n\n", stem));
    return created;
}

}  // namespace caisson::sources

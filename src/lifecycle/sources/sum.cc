// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/sum.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "lifecycle/sources/contents.h"

namespace caisson::sources {
namespace {

constexpr std::string_view heading =
    "# Each hash covers all files up to its line: a bad merge is a conflict here. "
    "Written by: caisson migrate sum\n";
constexpr std::string_view remedy = "; if that is meant: caisson migrate sum";

/// Each file once, where it is first needed: both directions may be in one.
std::vector<const Script*> scripts_of(const std::vector<Migration>& migrations) {
    std::vector<const Script*> scripts;
    std::unordered_set<std::string> seen;
    const auto take = [&](const Script& script) {
        if (!script.location.empty() && seen.insert(script.file).second) {
            scripts.push_back(&script);
        }
    };
    for (const auto& migration : migrations) {
        take(migration.up);
        if (migration.down) {
            take(*migration.down);
        }
        if (migration.verify) {
            take(*migration.verify);
        }
    }
    return scripts;
}

/// `001_a.sql` of `migrations/001_a.sql`.
std::string name_below(const platform::Source& source, const std::string& file) {
    const auto prefix = source.name + "/";
    return file.starts_with(prefix) ? file.substr(prefix.size()) : file;
}

std::vector<SumLine> lines_of(const platform::Source& source, const Reading& reading) {
    const auto scripts = scripts_of(reading.migrations);
    std::vector<std::string> paths;
    for (const auto* script : scripts) {
        paths.push_back(script->location);
    }
    const auto contents = read_contents(paths, Long::stream);
    std::vector<Mistake> mistakes;
    std::vector<SumLine> lines;
    std::string hash;
    for (std::size_t i = 0; i < scripts.size(); ++i) {
        if (!contents[i].mistake.empty()) {
            mistakes.push_back({{scripts[i]->file, 0, 0}, contents[i].mistake});
        }
        auto name = name_below(source, scripts[i]->file);
        hash = sha256_hex(hash + "\n" + name + "\n" + contents[i].checksum + "\n");
        lines.push_back({std::move(name), hash});
    }
    require_none(mistakes);
    return lines;
}

bool is_hash(std::string_view text) {
    return text.size() == 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool has_file(const std::vector<SumLine>& lines, const std::string& file) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const SumLine& line) { return line.file == file; });
}

fs::path path_of(const platform::Source& source) { return source.path / sum_name; }

}  // namespace

std::string to_text(const std::vector<SumLine>& lines) {
    std::string text(heading);
    for (const auto& line : lines) {
        text += line.file + " " + line.hash + "\n";
    }
    return text;
}

std::vector<SumLine> parse_sum(std::string_view text, const std::string& place,
                               std::vector<Mistake>& mistakes) {
    std::vector<SumLine> lines;
    std::size_t number = 0;
    bool is_merging = false;
    each_line(without_mark(text), [&](std::string_view line, std::size_t, std::size_t) {
        ++number;
        const auto blank = line.rfind(' ');
        if (line.empty() || line.starts_with('#')) {
            return;
        }
        if (line.starts_with("<<<<<<<") || line.starts_with("=======") ||
            line.starts_with(">>>>>>>") || line.starts_with("|||||||")) {
            if (std::exchange(is_merging, true)) {
                return;
            }
            mistakes.push_back({{place, number, 0},
                                "is in the middle of a merge; settle the order of the migrations, "
                                "then: caisson migrate sum"});
        } else if (blank != std::string_view::npos && blank > 0 &&
                   is_hash(line.substr(blank + 1))) {
            lines.push_back(
                {std::string(line.substr(0, blank)), std::string(line.substr(blank + 1))});
        } else {
            mistakes.push_back({{place, number, 0},
                                "is no line of a sum; expected a file and 64 hexadecimal digits, "
                                "as written by: caisson migrate sum"});
        }
    });
    return lines;
}

std::vector<SumLine> sum_of(const platform::Source& source) {
    const auto reading = read_source(source);
    require_none(reading.mistakes);
    return lines_of(source, reading);
}

std::optional<std::string> read_sum(const platform::Source& source) {
    std::error_code failure;
    return fs::is_regular_file(path_of(source), failure) ? read_if_exists(path_of(source))
                                                         : std::nullopt;
}

std::optional<Mistake> sum_mistake(const std::string& source, const std::vector<SumLine>& written,
                                   const std::vector<SumLine>& found) {
    const auto [was, is] =
        std::mismatch(written.begin(), written.end(), found.begin(), found.end());
    const auto at = [&](const std::string& file, std::string message) {
        return Mistake{{source + "/" + file, 0, 0}, std::move(message) + std::string(remedy)};
    };
    if (was == written.end() && is == found.end()) {
        return std::nullopt;
    }
    if (was != written.end() && is != found.end() && was->file == is->file) {
        return at(is->file, "was changed after caisson.sum was written");
    }
    if (is != found.end() && !has_file(written, is->file)) {
        return at(
            is->file,
            was == written.end()
                ? std::string("is not in caisson.sum")
                : fmt::format("is not in caisson.sum, and comes before {}, which is", was->file));
    }
    if (was != written.end() && !has_file(found, was->file)) {
        return at(was->file, "is in caisson.sum, and is not there");
    }
    // Both know the files of both: they come in another order, or twice.
    return at(is != found.end() ? is->file : was->file,
              fmt::format("is not in its place in caisson.sum, which has {} there",
                          was == written.end() ? "nothing" : was->file));
}

void verify_sum(const platform::Source& source, Reading& reading) {
    const auto text = read_sum(source);
    if (!text || !reading.mistakes.empty()) {
        return;
    }
    const auto written =
        parse_sum(*text, source.name + "/" + std::string(sum_name), reading.mistakes);
    if (!reading.mistakes.empty()) {
        return;
    }
    if (auto mistake = sum_mistake(source.name, written, lines_of(source, reading))) {
        reading.mistakes.push_back(std::move(*mistake));
    }
}

bool renew_sum(const platform::Source& source) {
    if (!read_sum(source)) {
        return false;
    }
    write_file(path_of(source), to_text(sum_of(source)));
    return true;
}

}  // namespace caisson::sources

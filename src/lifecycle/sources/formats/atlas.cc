// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

constexpr const char* sum_file = "atlas.sum";

std::vector<std::string> scripts_of(const Folder& folder) {
    std::vector<std::string> names;
    for (const auto& file : folder.files()) {
        if (file.ends_with(".sql")) {
            names.push_back(file);
        }
    }
    return names;
}

/// Below what names and marks of other tools claim: Atlas keeps its sum beside their files, too,
/// and then it is the other tool that runs them.
Claim detect_atlas(const Folder& folder) {
    if (!folder.has_file(sum_file)) {
        return {};
    }
    return {79,
            {fmt::format("{} beside {}", sum_file, counted(scripts_of(folder).size(), "file"))}};
}

/// The words behind `-- atlas:NAME` among the comments at the top of the file, which an empty line
/// ends; nothing where it does not say so. Source: ariga/atlas, sql/migrate/dir.go.
std::optional<std::string> directive(std::string_view text, std::string_view name) {
    std::optional<std::string> found;
    bool is_open = true;
    bool is_detached = false;
    each_line(text, [&](std::string_view line, std::size_t, std::size_t) {
        if (!is_open) {
            return;
        }
        is_open = line.starts_with("--") || line.starts_with('#');
        is_detached = is_detached || (!is_open && line.empty());
        constexpr std::string_view mark = "-- atlas:";
        if (is_open && line.starts_with(mark)) {
            const auto rest = line.substr(mark.size());
            const auto end = std::min(rest.find(' '), rest.size());
            if (rest.substr(0, end) == name) {
                found = trim(rest.substr(end));
            }
        }
    });
    // A file of comments alone needs no empty line.
    return is_detached || is_open ? found : std::nullopt;
}

std::string base64(std::string_view hex) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const auto digit = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    };
    std::string text;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : hex) {
        bits = ((bits << 4U) | digit(c)) & 0xFFFFU;
        for (held += 4; held >= 6; held -= 6) {
            text += alphabet[(bits >> (held - 6)) & 63U];
        }
    }
    if (held > 0) {
        text += alphabet[(bits << (6 - held)) & 63U];
    }
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

/// The hash of each file as atlas.sum has it: of all names and contents so far.
std::vector<std::string> sums_of(const std::vector<std::string>& names,
                                 const std::vector<Contents>& contents) {
    std::vector<std::string> sums;
    Digest all(Digest::Kind::sha256);
    for (std::size_t i = 0; i < names.size(); ++i) {
        all.add(names[i]);
        // `atlas:sum ignore` in the first line, whatever stands before it.
        const auto& text = contents[i].text;
        const auto first = std::string_view(text).substr(0, text.find('\n'));
        if (first.find("atlas:sum ignore") != std::string_view::npos) {
            sums.emplace_back();
            continue;
        }
        all.add(text);
        sums.push_back(base64(all.hex()));
    }
    return sums;
}

/// Complains of the first file at which folder and atlas.sum part.
void verify(Loading& loading, const std::vector<std::string>& names,
            const std::vector<std::string>& sums) {
    const auto text = loading.folder.text(sum_file);
    if (!text) {
        loading.note(sum_file, "is not there; nothing says that the folder is whole");
        return;
    }
    std::vector<std::pair<std::string, std::string>> expected;
    each_line(*text, [&](std::string_view line, std::size_t, std::size_t) {
        if (const auto mark = line.rfind(" h1:"); mark != std::string_view::npos) {
            expected.emplace_back(trim(line.substr(0, mark)), trim(line.substr(mark + 4)));
        }
    });
    std::size_t next = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (sums[i].empty()) {
            continue;
        }
        if (next == expected.size() || expected[next] != std::pair(names[i], sums[i])) {
            loading.complain(
                names[i], fmt::format("is not what atlas.sum says{}; if that is meant: atlas "
                                      "migrate hash",
                                      next == expected.size() ? " (it is not in it)"
                                      : expected[next].first != names[i]
                                          ? fmt::format(" (it has {} there)", expected[next].first)
                                          : ""));
            return;
        }
        ++next;
    }
    if (next < expected.size()) {
        loading.complain(expected[next].first, "is in atlas.sum, and is not there");
    }
}

void load_atlas(Loading& loading) {
    const auto names = scripts_of(loading.folder);
    auto contents = loading.read(names, Long::hold);
    const auto sums = sums_of(names, contents);
    verify(loading, names, sums);
    for (std::size_t i = 0; i < names.size(); ++i) {
        Migration migration;
        const auto stem = names[i].substr(0, names[i].size() - std::string_view(".sql").size());
        const auto underscore = stem.find('_');
        migration.version = stem.substr(0, underscore);
        migration.name = underscore == std::string::npos ? "" : stem.substr(underscore + 1);
        migration.tool_checksum = sums[i];
        const auto& text = contents[i].text;
        const bool refuses = directive(text, "txmode") == "none";
        migration.kind = directive(text, "checkpoint") ? Kind::baseline : Kind::versioned;
        if (directive(text, "delimiter")) {
            loading.note(names[i], "names a delimiter of its own, which is not obeyed");
        }
        migration.up = loading.script(names[i], contents[i]);
        migration.up.directives.no_transaction = refuses;
        loading.migrations.push_back(std::move(migration));
    }
    loading.require_distinct_keys();
}

Created create_atlas(const platform::Source& source, const NewMigration& wanted) {
    const Folder folder(source.path);
    const auto number = next_number(numbers_of(folder.files()), "");
    const auto name = fmt::format("{}_{}.sql", number, slug(wanted.name));
    Created created{source.path / name, {}, {source.path / sum_file}};
    ensure_directory(source.path);
    write_file(created.up, description_lines(wanted.description) + "\n");
    // The sum is written anew, as atlas migrate new does.
    const Folder now(source.path);
    const auto names = scripts_of(now);
    const auto sums = sums_of(names, now.contents(names, Long::hold));
    std::string lines;
    std::string all;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!sums[i].empty()) {
            all += names[i] + sums[i];
            lines += fmt::format("{} h1:{}\n", names[i], sums[i]);
        }
    }
    write_file(created.others.front(), fmt::format("h1:{}\n{}", base64(sha256_hex(all)), lines));
    return created;
}

}  // namespace

Format atlas_format() {
    return {"atlas",      "Atlas",    "atlas_schema_revisions.atlas_schema_revisions",
            detect_atlas, load_atlas, create_atlas};
}

}  // namespace caisson::sources

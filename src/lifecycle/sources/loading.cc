// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/loading.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "lifecycle/sources/version.h"

namespace caisson::sources {

void Loading::complain(const std::string& name, std::string message, std::size_t line) {
    mistakes.push_back({{place_of(name), line, 0}, std::move(message)});
}

void Loading::note(const std::string& name, std::string message) {
    notes.push_back({{place_of(name), 0, 0}, std::move(message)});
}

std::vector<Contents> Loading::read(const std::vector<std::string>& names, Long rule) {
    auto contents = folder.contents(names, rule);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!contents[i].mistake.empty()) {
            complain(names[i], contents[i].mistake);
        } else if (!contents[i].is_utf8) {
            note(names[i], "is not UTF-8; the server may refuse its bytes");
        }
    }
    return contents;
}

Script Loading::script(const std::string& name, Contents& contents) const {
    Script script;
    script.file = place_of(name);
    script.location = folder.name_of(name);
    script.checksum = std::move(contents.checksum);
    script.is_streamed = contents.is_streamed;
    script.text = std::move(contents.text);
    if (without_mark(script.text).size() != script.text.size()) {
        script.text.erase(0, 3);
    }
    return script;
}

Script Loading::section_script(const std::string& name, std::string text) const {
    Script script;
    script.file = place_of(name);
    script.location = folder.name_of(name);
    script.text = std::move(text);
    return script;
}

void Loading::add_program(const std::string& name, std::string version, std::string title) {
    Migration migration;
    migration.kind = Kind::program;
    migration.version = std::move(version);
    migration.name = std::move(title);
    migration.up.file = place_of(name);
    migration.up.location = folder.name_of(name);
    migrations.push_back(std::move(migration));
}

void Loading::require_distinct_versions() { require_distinct(canonical_version); }

void Loading::require_distinct_keys() {
    require_distinct([](std::string_view version) { return std::string(version); });
}

void Loading::require_distinct(const std::function<std::string(std::string_view)>& key_of) {
    std::unordered_map<std::string, const Migration*> seen;
    seen.reserve(migrations.size());
    for (const auto& migration : migrations) {
        auto key =
            key_of(migration.version) + (migration.kind == Kind::baseline ? "\nbaseline" : "");
        const auto [known, is_new] = seen.emplace(std::move(key), &migration);
        if (!is_new) {
            mistakes.push_back({{migration.up.file, 0, 0},
                                fmt::format("has the same version as {}", known->second->up.file)});
        }
    }
}

std::string section(std::string_view text, const std::vector<Range>& ranges) {
    std::string result;
    std::size_t at = 0;
    for (const auto& range : ranges) {
        const auto skipped = text.substr(at, range.begin - at);
        result.append(static_cast<std::size_t>(std::count(skipped.begin(), skipped.end(), '\n')),
                      '\n');
        result += text.substr(range.begin, range.end - range.begin);
        at = range.end;
    }
    return result;
}

std::size_t line_of(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

}  // namespace caisson::sources

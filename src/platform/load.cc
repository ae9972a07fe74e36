// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/platform.h"
#include "platform/shape.h"

namespace caisson::platform {
namespace {

constexpr std::string_view manifest_name = "caisson.toml";

bool has_manifest(const fs::path& directory) {
    std::error_code ignored;
    return fs::exists(directory / manifest_name, ignored);
}

/// Where somebody stands who cloned a repository of platforms: the way to the first of them.
std::string platforms_below(const fs::path& directory) {
    std::vector<std::string> found;
    std::error_code failure;
    for (fs::directory_iterator entry(directory / "platforms", failure), end;
         !failure && entry != end; entry.increment(failure)) {
        if (has_manifest(entry->path())) {
            found.push_back("platforms/" + entry->path().filename().string());
        }
    }
    if (found.empty()) {
        return {};
    }
    std::sort(found.begin(), found.end());
    return fmt::format("name the platform's directory: -C {}", join(found, ", or -C "));
}

[[noreturn]] void throw_mistakes(const fs::path& directory, const std::vector<Mistake>& mistakes) {
    std::string message = fmt::format("caisson.toml has {}:", counted(mistakes.size(), "mistake"));
    for (const auto& mistake : mistakes) {
        message += fmt::format("\n{}: {}", mistake.place.text(), mistake.message);
        if (!mistake.remedy.empty()) {
            message += "; " + mistake.remedy;
        }
    }
    throw Error(Code::platform_invalid, std::move(message)).with("platform", directory.string());
}

template <class Thing, class Name>
[[noreturn]] void throw_unknown(std::string_view what, const std::string& word,
                                const std::vector<Thing>& things, Name name) {
    std::vector<std::string> known;
    for (const auto& thing : things) {
        known.push_back(name(thing));
    }
    throw Error(Code::usage,
                fmt::format("the platform has no {} \"{}\"; expected one of {}", what, word,
                            join(known, ", ")),
                suggestion(word, known));
}

}  // namespace

fs::path find(const fs::path& start) {
    std::error_code failure;
    fs::path directory = fs::canonical(start, failure);
    if (failure) {
        throw Error(Code::manifest_missing, fmt::format("there is no directory {}", start.string()),
                    "check the path given with -C");
    }
    if (fs::is_regular_file(directory, failure) && directory.filename() == manifest_name) {
        return directory.parent_path();
    }
    for (auto at = directory;; at = at.parent_path()) {
        if (has_manifest(at)) {
            return at;
        }
        if (!at.has_relative_path()) {
            throw Error(
                Code::manifest_missing,
                fmt::format("there is no {} in {} or above it", manifest_name, directory.string()),
                platforms_below(directory));
        }
    }
}

Manifest load(const fs::path& directory) {
    std::error_code failure;
    const fs::path real = fs::canonical(directory, failure);
    std::optional<std::string> text;
    try {
        text = failure ? std::nullopt : read_if_exists(real / manifest_name);
    } catch (const Error& error) {
        throw Error(Code::platform_invalid, error.message(),
                    "expected a file that you may read: ls -l " + (real / manifest_name).string());
    }
    if (!text) {
        throw Error(Code::manifest_missing,
                    fmt::format("there is no {} in {}", manifest_name, directory.string()),
                    platforms_below(directory));
    }
    auto parsed = parse(*text, real, std::string(manifest_name));
    if (!parsed.mistakes.empty()) {
        throw_mistakes(real, parsed.mistakes);
    }
    return std::move(parsed.manifest);
}

const Database& Manifest::database(const std::string& key_or_name) const {
    for (const auto& each : databases) {
        if (each.key == key_or_name) {
            return each;
        }
    }
    for (const auto& each : databases) {
        if (each.name == key_or_name) {
            return each;
        }
    }
    throw_unknown("database", key_or_name, databases,
                  [](const Database& each) { return each.key; });
}

const Environment& Manifest::environment(const std::string& wanted) const {
    for (const auto& each : environments) {
        if (each.name == wanted) {
            return each;
        }
    }
    throw_unknown("environment", wanted, environments,
                  [](const Environment& each) { return each.name; });
}

bool Manifest::feature(const std::string& wanted) const {
    const auto found = features.find(wanted);
    return found != features.end() && found->second;
}

}  // namespace caisson::platform

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/checks/check.h"

namespace caisson::checks {
namespace {

using platform::Mistake;

Parsed read(const fs::path& folder) {
    Parsed all;
    for (const auto& file : platform::files_of(folder, {".sql"})) {
        auto parsed = parse(normalise_lines(file.text), folder.filename() / file.name);
        std::move(parsed.checks.begin(), parsed.checks.end(), std::back_inserter(all.checks));
        std::move(parsed.mistakes.begin(), parsed.mistakes.end(), std::back_inserter(all.mistakes));
    }
    std::map<std::string, Place> names;
    for (const auto& check : all.checks) {
        const auto [first, is_new] = names.emplace(check.name, check.place);
        if (!is_new && !check.name.empty()) {
            all.mistakes.push_back({check.place,
                                    fmt::format("a second check is named \"{}\"", check.name),
                                    fmt::format("the first is at {}", first->second.text())});
        }
    }
    return all;
}

void require_known(const std::string& word, const std::vector<std::string>& known,
                   std::string_view what, const Place& place, std::vector<Mistake>& mistakes) {
    if (word.empty() || std::find(known.begin(), known.end(), word) != known.end()) {
        return;
    }
    const auto near = nearest(word, known);
    mistakes.push_back({place, fmt::format("caisson.toml declares no {} \"{}\"", what, word),
                        !near.empty()   ? fmt::format("did you mean \"{}\"?", near)
                        : known.empty() ? fmt::format("declare it below [{}s]", what)
                                        : "declared are " + join(known, ", ")});
}

void throw_mistakes(std::vector<Mistake> mistakes) {
    if (mistakes.empty()) {
        return;
    }
    std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
        return std::tie(a.place.file, a.place.line) < std::tie(b.place.file, b.place.line);
    });
    auto message = fmt::format("{} in the checks:", counted(mistakes.size(), "mistake"));
    for (const auto& mistake : mistakes) {
        message += fmt::format("\n  {}: {}{}", mistake.place.text(), mistake.message,
                               mistake.remedy.empty() ? "" : " (" + mistake.remedy + ")");
    }
    throw Error(Code::check_invalid, message).at(mistakes.front().place);
}

}  // namespace

std::vector<Check> load(const fs::path& folder) {
    auto parsed = read(folder);
    throw_mistakes(std::move(parsed.mistakes));
    return std::move(parsed.checks);
}

std::vector<Check> load(const platform::Manifest& manifest) {
    auto parsed = read(manifest.directory / "checks");
    std::vector<std::string> databases;
    for (const auto& database : manifest.databases) {
        databases.push_back(database.key);
    }
    std::vector<std::string> features;
    for (const auto& [feature, is_on] : manifest.features) {
        features.push_back(feature);
    }
    for (const auto& check : parsed.checks) {
        require_known(check.database, databases, "database", check.place, parsed.mistakes);
        require_known(check.feature, features, "feature", check.place, parsed.mistakes);
    }
    throw_mistakes(std::move(parsed.mistakes));
    return std::move(parsed.checks);
}

std::vector<Check> of_database(const std::vector<Check>& checks, const platform::Manifest& manifest,
                               const platform::Database& database, bool without_gated) {
    const auto& first = manifest.databases.empty() ? database : manifest.databases.front();
    std::vector<Check> chosen;
    std::copy_if(checks.begin(), checks.end(), std::back_inserter(chosen), [&](const Check& check) {
        const bool is_here = (check.database.empty() ? first.key : check.database) == database.key;
        return is_here &&
               (!without_gated || check.feature.empty() || manifest.feature(check.feature));
    });
    return chosen;
}

}  // namespace caisson::checks

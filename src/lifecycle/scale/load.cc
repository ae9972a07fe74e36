// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/files.h"
#include "lifecycle/scale/declaration.h"
#include "lifecycle/scale/model.h"
#include "lifecycle/scale/scale.h"
#include "lifecycle/seeds/mistakes.h"

namespace caisson::scale {
namespace {

/// A list is a few thousand words; what is much longer is data.
constexpr std::uint64_t largest_list = std::uint64_t{16} << 20U;

std::optional<File> read(const platform::Manifest& manifest, const std::string& shown) {
    auto text = read_if_exists(manifest.directory / shown);
    if (!text) {
        return std::nullopt;
    }
    return File{shown, std::move(*text), {}};
}

void read_lists(const platform::Manifest& manifest, File& file, seeds::Mistakes& mistakes) {
    for (const auto& name : list_files(file.text, file.shown)) {
        const fs::path path(name);
        const auto normal = path.lexically_normal();
        if (path.is_absolute() || *normal.begin() == ".." ||
            (path.extension() != ".txt" && path.extension() != ".csv")) {
            mistakes.add({file.shown}, fmt::format("the list {} is no .txt or .csv file below "
                                                   "seeds/",
                                                   name));
            continue;
        }
        const auto whole = manifest.directory / "seeds" / normal;
        std::error_code none;
        if (fs::file_size(whole, none) > largest_list && !none) {
            mistakes.add({"seeds/" + name}, "the list is larger than 16 MB");
            continue;
        }
        if (auto text = read_if_exists(whole)) {
            file.lists[name] = std::move(*text);
        }
    }
}

}  // namespace

std::string file_name(const platform::Manifest& manifest, const platform::Database& database) {
    auto own = fmt::format("seeds/scale/{}.toml", database.key);
    const bool is_first = manifest.databases.front().key == database.key;
    std::error_code none;
    return is_first && !fs::exists(manifest.directory / own, none) ? "seeds/scale.toml" : own;
}

std::optional<File> load(const platform::Manifest& manifest, const platform::Database& database) {
    seeds::Mistakes mistakes;
    const bool is_first = manifest.databases.front().key == database.key;
    auto file = read(manifest, fmt::format("seeds/scale/{}.toml", database.key));
    if (auto plain = is_first ? read(manifest, "seeds/scale.toml") : std::nullopt) {
        if (file) {
            mistakes.add({plain->shown}, fmt::format("the same database has {}, too", file->shown));
        }
        file = std::move(plain);
    }
    if (!file) {
        return std::nullopt;
    }
    read_lists(manifest, *file, mistakes);
    // What can be wrong without a database shows when a few rows are counted.
    const auto declaration = declare(*file, mistakes);
    if (mistakes.none()) {
        compile(declaration, least_factor / 100, {}, mistakes);
    }
    mistakes.check();
    return file;
}

}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/folder.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <memory>
#include <system_error>

#include <dirent.h>
#include <fmt/format.h>

#include "base/error.h"
#include "lifecycle/sources/sum.h"

namespace caisson::sources {
namespace {

constexpr int deepest = 10;

bool is_left_out(std::string_view name) {
    return name.starts_with('.') || name.starts_with('#') || name.ends_with('~') ||
           name == "node_modules" || name == "__pycache__" || name == sum_name;
}

std::string joined(const std::string& below, std::string_view name) {
    return below.empty() ? std::string(name) : fmt::format("{}/{}", below, name);
}

/// The entry knows what it is from reading the folder: no call a file, but for links and for file
/// systems that do not say.
bool is_directory(const fs::path& directory, const dirent& entry) {
    if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) {
        return entry.d_type == DT_DIR;
    }
    std::error_code unknown;
    return fs::is_directory(directory / entry.d_name, unknown);
}

}  // namespace

const Folder::Listing& Folder::listing(const std::string& below) const {
    if (const auto known = listings_.find(below); known != listings_.end()) {
        return known->second;
    }
    Listing listing;
    const auto directory = below.empty() ? path_ : path_ / below;
    // Not std::filesystem: a path made and taken apart for each of ten thousand names is most of
    // what listing them costs.
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
    int failure = stream ? 0 : errno;
    while (stream) {
        errno = 0;
        const auto* const entry = ::readdir(stream.get());
        if (!entry) {
            failure = errno;
            break;
        }
        const std::string_view name(entry->d_name);
        if (!is_left_out(name)) {
            (is_directory(directory, *entry) ? listing.folders : listing.files)
                .push_back(joined(below, name));
        }
    }
    // A folder that is not there is an empty one: git keeps none without files.
    if (failure != 0 && failure != ENOENT) {
        throw Error(Code::platform_invalid,
                    failure == ENOTDIR
                        ? fmt::format("{} is a file; expected a folder", directory.string())
                        : fmt::format("{} cannot be read: {}", directory.string(),
                                      std::generic_category().message(failure)));
    }
    std::sort(listing.files.begin(), listing.files.end());
    std::sort(listing.folders.begin(), listing.folders.end());
    return listings_.emplace(below, std::move(listing)).first->second;
}

const std::vector<std::string>& Folder::files(const std::string& below) const {
    return listing(below).files;
}

const std::vector<std::string>& Folder::folders(const std::string& below) const {
    return listing(below).folders;
}

void Folder::collect(const std::string& below, int depth, std::vector<std::string>& names) const {
    const auto& here = listing(below);
    names.insert(names.end(), here.files.begin(), here.files.end());
    // A link that leads back up ends at the depth.
    for (std::size_t i = 0; depth > 0 && i < here.folders.size(); ++i) {
        collect(here.folders[i], depth - 1, names);
    }
}

std::vector<std::string> Folder::files_within(const std::string& below) const {
    std::vector<std::string> names;
    collect(below, deepest, names);
    return names;
}

bool Folder::has_file(const std::string& name) const {
    const auto& names = listing(std::string(parent_name(name))).files;
    return std::binary_search(names.begin(), names.end(), name);
}

bool Folder::has_folder(const std::string& name) const {
    const auto& names = listing(std::string(parent_name(name))).folders;
    return std::binary_search(names.begin(), names.end(), name);
}

std::optional<std::string> Folder::text(const std::string& name) const {
    std::error_code failure;
    // Only a regular file: a pipe would make us wait for ever.
    if (!fs::is_regular_file(path_ / name, failure)) {
        return std::nullopt;
    }
    return read_if_exists(path_ / name);
}

std::string Folder::name_of(const std::string& name) const { return path_.native() + "/" + name; }

std::vector<Contents> Folder::contents(const std::vector<std::string>& names, Long rule) const {
    std::vector<Contents> contents(names.size());
    std::vector<std::string> paths;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (const auto known = ahead_.find(names[i]); known != ahead_.end()) {
            contents[i] = std::move(known->second);
            ahead_.erase(known);
        } else {
            paths.push_back(name_of(names[i]));
            places.push_back(i);
        }
    }
    auto rest = read_contents(paths, rule);
    for (std::size_t i = 0; i < rest.size(); ++i) {
        contents[places[i]] = std::move(rest[i]);
    }
    return contents;
}

void Folder::read_ahead(const std::vector<std::string>& names) const {
    std::vector<std::string> paths;
    paths.reserve(names.size());
    for (const auto& name : names) {
        paths.push_back(name_of(name));
    }
    auto contents = read_contents(paths, Long::leave);
    ahead_.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!contents[i].is_left && contents[i].mistake.empty()) {
            ahead_.emplace(names[i], std::move(contents[i]));
        }
    }
}

std::string Folder::head(const std::string& name, std::size_t bytes) const {
    if (const auto known = ahead_.find(name); known != ahead_.end()) {
        return known->second.text.substr(0, bytes);
    }
    std::error_code failure;
    if (!fs::is_regular_file(path_ / name, failure)) {
        return {};
    }
    std::string text(bytes, '\0');
    std::ifstream stream(path_ / name, std::ios::binary);
    stream.read(text.data(), static_cast<std::streamsize>(bytes));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
    return text;
}

std::string_view base_name(std::string_view name) {
    const auto slash = name.rfind('/');
    return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

std::string_view parent_name(std::string_view name) {
    const auto slash = name.rfind('/');
    return slash == std::string_view::npos ? name.substr(0, 0) : name.substr(0, slash);
}

}  // namespace caisson::sources

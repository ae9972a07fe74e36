// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/files.h"

#include <algorithm>
#include <cerrno>
#include <functional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "operations/backups/physical/create.h"

namespace caisson::backups::physical {
namespace {

constexpr std::size_t name_digits = 24;
constexpr std::size_t sha1_digits = 40;

/// "15-1" of a stanza's archive: the newest one.
fs::path newest_archive(const fs::path& stanza) {
    fs::path newest;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(stanza, failure)) {
        if (entry.is_directory(failure) && entry.path() > newest) {
            newest = entry.path();
        }
    }
    return newest;
}

void add_directory(const fs::path& directory, std::uint64_t segment_bytes, Archive& archive) {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(directory, failure)) {
        const auto name = entry.path().filename().string();
        // What is still being written is a draft: pgBackRest names it `….pgbackrest.tmp`.
        if (name.size() <= name_digits + sha1_digits || name[name_digits] != '-' ||
            name.ends_with(".tmp")) {
            continue;
        }
        const auto segment =
            parse_segment(std::string_view(name).substr(0, name_digits), segment_bytes);
        struct stat status {};
        if (segment && ::lstat(entry.path().c_str(), &status) == 0) {
            archive.segments.push_back(
                {*segment, entry.path(), name.substr(name_digits + 1, sha1_digits),
                 static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec});
        }
    }
}

}  // namespace

Archive archive_of(const Depot& depot, const std::string& stanza, std::uint64_t segment_bytes) {
    Archive archive;
    const auto root = newest_archive(depot.path / "archive" / stanza);
    archive.id = root.filename();
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(root, failure)) {
        const auto name = entry.path().filename().string();
        if (name.size() == 16 && entry.is_directory(failure)) {
            add_directory(entry.path(), segment_bytes, archive);
        } else if (name.ends_with(".history")) {
            archive.histories.push_back(
                static_cast<std::uint32_t>(std::stoul(name.substr(0, 8), nullptr, 16)));
        }
    }
    std::ranges::sort(archive.segments, {}, &ArchivedSegment::segment);
    std::ranges::sort(archive.histories);
    return archive;
}

bool is_archived(const Depot& depot, const std::string& stanza, const std::string& segment) {
    if (!depot.is_directory()) {
        return true;
    }
    const auto directory = newest_archive(depot.path / "archive" / stanza) / segment.substr(0, 16);
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(directory, failure)) {
        const auto name = entry.path().filename().string();
        if (name.starts_with(segment + "-") && !name.ends_with(".tmp")) {
            return true;
        }
    }
    return false;
}

std::string newest_label(const Depot& depot, const std::string& stanza) {
    std::string newest;
    std::error_code failure;
    fs::recursive_directory_iterator entry(depot.path / "backup" / stanza / "backup.history",
                                           failure);
    for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
        const auto name = entry->path().filename().string();
        const auto end = name.find(".manifest");
        if (end != std::string::npos) {
            newest = std::max(newest, name.substr(0, end));
        }
    }
    return newest;
}

std::string sha256_of_file(const fs::path& path,
                           const std::function<void(std::uint64_t)>& progress) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        throw_file_error("read", path, errno);
    }
    Digest digest(Digest::Kind::sha256);
    std::vector<char> block(std::size_t{1} << 20U);
    while (true) {
        const auto got = ::read(descriptor, block.data(), block.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        const int failure = errno;
        if (got <= 0 || interrupt::requested()) {
            ::close(descriptor);
            interrupt::check();
            if (got < 0) {
                throw_file_error("read", path, failure);
            }
            return digest.hex();
        }
        digest.add({block.data(), static_cast<std::size_t>(got)});
        if (progress) {
            progress(static_cast<std::uint64_t>(got));
        }
    }
}

StoredFile write_file_list(const fs::path& part, const Depot& depot, const std::string& stanza,
                           const std::string& label, const std::optional<Account>& owner) {
    const auto root = depot.path / "backup" / stanza / label;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        if (entry.is_regular_file()) {
            paths.push_back(entry.path());
        }
    }
    std::ranges::sort(paths);
    std::string text;
    for (const auto& path : paths) {
        text += fmt::format("{}  {}\n", sha256_of_file(path),
                            path.lexically_relative(depot.path).string());
    }
    write_file(part / file_list, text, 0600, owner);
    return {std::string(file_list), text.size(), sha256_hex(text)};
}

}  // namespace caisson::backups::physical

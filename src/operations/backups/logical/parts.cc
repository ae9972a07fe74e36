// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/parts.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/text.h"
#include "operations/backups/logical/parameters.h"
#include "operations/backups/logical/restore.h"

namespace caisson::backups {
namespace {

/// Written as it comes, counted and hashed on the way.
class PlainFile {
 public:
    explicit PlainFile(fs::path path)
        : path_(std::move(path)),
          descriptor_(
              ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) {
        if (descriptor_ < 0) {
            throw_file_error("make", path_, errno);
        }
    }
    PlainFile(const PlainFile&) = delete;
    PlainFile& operator=(const PlainFile&) = delete;
    ~PlainFile() { ::close(descriptor_); }

    void write(std::string_view bytes) {
        digest_.add(bytes);
        bytes_ += bytes.size();
        while (!bytes.empty()) {
            const auto written = ::write(descriptor_, bytes.data(), bytes.size());
            if (written < 0 && errno != EINTR) {
                throw_file_error("write", path_, errno);
            }
            bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
        }
        interrupt::check();
    }
    /// It is what the manifest says, and on the disk.
    void compare(const Part& part) {
        const auto sha256 = digest_.hex();
        if (bytes_ != part.bytes || (!part.sha256.empty() && sha256 != part.sha256)) {
            throw Error(Code::backup_damaged,
                        fmt::format("the part {} is not what the manifest says: {} bytes with the "
                                    "hash {}; expected {} with {}",
                                    part.kind, bytes_, sha256, part.bytes, part.sha256));
        }
        if (::fsync(descriptor_) != 0) {
            throw_file_error("flush", path_, errno);
        }
    }

 private:
    fs::path path_;
    int descriptor_;
    Digest digest_{Digest::Kind::sha256};
    std::uint64_t bytes_ = 0;
};

const Part& part_of_kind(const Set& set, const std::string& kind) {
    const auto part = std::ranges::find(set.parts, kind, &Part::kind);
    if (part == set.parts.end()) {
        std::vector<std::string> kinds;
        for (const auto& each : set.parts) {
            kinds.push_back(each.kind);
        }
        throw Error(Code::backup_missing, fmt::format("{} has no part {}", set.id, kind),
                    "it has: " + (kinds.empty() ? std::string("none") : join(kinds, ", ")));
    }
    return *part;
}

std::string settings_text(const Set& set) {
    std::string text;
    for (const auto& origin : set.origins) {
        for (const auto& parameter : origin.parameters) {
            text += statement_of(parameter, origin.database) + ";\n";
        }
    }
    return text;
}

void unpack(const fs::path& archive, const fs::path& directory) {
    Command command;
    command.arguments = {"tar",
                         "--extract",
                         "--force-local",
                         "--file=" + archive.string(),
                         "--directory=" + directory.string(),
                         "--no-same-owner",
                         "--no-overwrite-dir"};
    const auto finished = run(command, std::chrono::minutes(10));
    if (!finished.fine()) {
        throw Error(Code::backup_failed,
                    fmt::format("tar could not unpack it: {}", trim(finished.errors)));
    }
    fs::remove(archive);
}

std::string file_of_kind(const std::string& kind) {
    return kind == "roles" ? "roles.sql" : kind == "redis" ? "dump.rdb" : "platform.tar";
}

/// A directory beside the one that is asked for, under a name that nobody has; gone at the end,
/// unless it got its name by then.
struct Draft {
    explicit Draft(const fs::path& directory)
        : place(fmt::format("{}.{}.part", directory.string(), random_uuid().substr(0, 8))) {
        ensure_directory(place.parent_path());
        if (::mkdir(place.c_str(), 0700) != 0) {
            throw_file_error("make", place, errno);
        }
    }
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() {
        std::error_code ignored;
        fs::remove_all(place, ignored);
    }
    fs::path place;
};

void require_room(const fs::path& directory) {
    std::error_code ignored;
    if (fs::exists(directory, ignored) && !fs::is_empty(directory, ignored)) {
        throw Error(
            Code::usage,
            fmt::format("{} is not empty: nothing is put over what is there", directory.string()),
            "name a directory that does not exist yet");
    }
}

}  // namespace

RestoredPart restore_part(const Repository& repository, const Set& set, const std::string& kind,
                          const std::optional<SealingKey>& sealing, const fs::path& directory,
                          const std::optional<Account>& owner) {
    const auto& part = part_of_kind(set, kind);
    require_room(directory);
    const Draft draft(directory);
    const auto& beside = draft.place;
    const auto file = beside / file_of_kind(kind);
    {
        PlainFile plain(file);
        read_part(repository, set, kind, sealing,
                  [&](std::string_view bytes) { plain.write(bytes); });
        plain.compare(part);
    }
    if (kind == "platform") {
        unpack(file, beside);
    }
    if (const auto settings = kind == "roles" ? settings_text(set) : ""; !settings.empty()) {
        write_file(beside / "settings.sql", settings, 0600);
    }
    RestoredPart restored{kind, part.at, part.bytes, {}};
    for (const auto& entry : fs::directory_iterator(beside)) {
        restored.files.push_back(entry.path().filename().string());
    }
    std::ranges::sort(restored.files);
    if (owner) {
        for (const auto& entry : fs::recursive_directory_iterator(beside)) {
            ::lchown(entry.path().c_str(), owner->user, owner->group);
        }
        ::lchown(beside.c_str(), owner->user, owner->group);
    }
    require_room(directory);
    std::error_code failure;
    fs::remove(directory, failure);  // Empty, if it is there at all.
    fs::rename(beside, directory);
    return restored;
}

}  // namespace caisson::backups

// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/text.h"

namespace caisson {
namespace {

/// Only root can give files away; for everyone else they already belong to the caller.
void give_to(int descriptor, const std::optional<Account>& owner, const fs::path& path) {
    if (owner && ::geteuid() == 0 && ::fchown(descriptor, owner->user, owner->group) != 0) {
        throw_file_error("change the owner of", path, errno);
    }
}

Account account_from(const passwd& entry) {
    return {entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir};
}

}  // namespace

std::optional<Account> find_account(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) {
        return std::nullopt;
    }
    return account_from(entry);
}

Account current_account() {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) {
        return {std::to_string(::geteuid()), ::geteuid(), ::getegid(), "/"};
    }
    return account_from(entry);
}

void throw_file_error(std::string_view action, const fs::path& path, int error_number) {
    const bool full = error_number == ENOSPC || error_number == EDQUOT;
    throw Error(full ? Code::disk_full : Code::state_unusable,
                fmt::format("cannot {} {}: {}", action, path.string(), std::strerror(error_number)))
        .with("path", path.string());
}

namespace {

std::optional<std::string> read_with(const fs::path& path, int flags) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
    if (file.value < 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return std::nullopt;
        }
        throw_file_error("read", path, errno);
    }
    struct stat status {};
    if (::fstat(file.value, &status) != 0) {
        throw_file_error("read", path, errno);
    }
    // One byte more than there should be: a read that comes back short has seen the end.
    std::string contents(static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)) + 1, '\0');
    std::size_t size = 0;
    while (true) {
        const auto got = ::read(file.value, contents.data() + size, contents.size() - size);
        if (got < 0) {
            // A file of /proc whose process ended after we had opened it is a file that is not
            // there.
            if (errno == ESRCH) {
                return std::nullopt;
            }
            if (errno != EINTR) {
                throw_file_error("read", path, errno);
            }
            continue;
        }
        size += static_cast<std::size_t>(got);
        // Files of /proc say that they are empty, and are read until nothing comes.
        if (got == 0 || (size < contents.size() && S_ISREG(status.st_mode) && status.st_size > 0)) {
            contents.resize(size);
            return contents;
        }
        if (size == contents.size()) {
            contents.resize(std::max<std::size_t>(contents.size() * 2, 4096));
        }
    }
}

}  // namespace

std::optional<std::string> read_if_exists(const fs::path& path) { return read_with(path, 0); }

std::optional<std::string> read_own(const fs::path& path) {
    // O_NONBLOCK: a pipe put there must not make us wait.
    return read_with(path, O_NOFOLLOW | O_NONBLOCK);
}

std::string read_file(const fs::path& path) {
    auto contents = read_if_exists(path);
    if (!contents) {
        throw_file_error("read", path, ENOENT);
    }
    return std::move(*contents);
}

void write_file(const fs::path& path, std::string_view contents, mode_t mode,
                const std::optional<Account>& owner) {
    const fs::path temporary = path.string() + fmt::format(".{}.new", ::getpid());
    try {
        // Created with no more than the owner's rights: a secret is never readable in between. And
        // always a new file: root writes into directories of the servers' account, which may have
        // put a link there.
        ::unlink(temporary.c_str());
        const Descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0600U));
        if (file.value < 0) {
            throw_file_error("write", path, errno);
        }
        write_all(file.value, contents, path);
        give_to(file.value, owner, path);
        if (::fchmod(file.value, mode) != 0 || ::fsync(file.value) != 0) {
            throw_file_error("write", path, errno);
        }
        if (::rename(temporary.c_str(), path.c_str()) != 0) {
            throw_file_error("write", path, errno);
        }
    } catch (const Error&) {
        ::unlink(temporary.c_str());
        throw;
    }
    const auto parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const Descriptor directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.value >= 0) {
        ::fsync(directory.value);
    }
}

void make_directory(const fs::path& path, mode_t mode, const std::optional<Account>& owner) {
    std::error_code failure;
    if (path.has_parent_path()) {
        fs::create_directories(path.parent_path(), failure);
        if (failure) {
            throw_file_error("create the directory", path, failure.value());
        }
    }
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
        throw_file_error("create the directory", path, errno);
    }
    // What is given away must be the directory itself, not what a link of somebody else's leads to.
    const Descriptor directory(
        ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (owner ? O_NOFOLLOW : 0)));
    if (directory.value < 0) {
        throw_file_error("open the directory", path, errno);
    }
    struct stat status {};
    ::fstat(directory.value, &status);
    if (owner && status.st_uid != owner->user) {
        give_to(directory.value, owner, path);
    }
    if ((status.st_mode & 07777U) != mode && ::fchmod(directory.value, mode) != 0) {
        throw_file_error("set the rights of", path, errno);
    }
}

void ensure_directory(const fs::path& path) {
    std::error_code failure;
    fs::create_directories(path, failure);
    if (failure) {
        throw_file_error("create the directory", path, failure.value());
    }
}

void remove_tree(const fs::path& path) {
    std::error_code failure;
    // Somebody else may be removing the same tree: what is gone meanwhile is as it should be.
    for (int attempts = 1000; attempts > 0; --attempts) {
        failure.clear();
        fs::remove_all(path, failure);
        if (failure != std::errc::no_such_file_or_directory) {
            break;
        }
    }
    if (failure) {
        throw_file_error("remove", path, failure.value());
    }
}

Space space_at(const fs::path& path) {
    fs::path existing = fs::absolute(path);
    std::error_code ignored;
    while (!fs::exists(existing, ignored) && existing.has_relative_path()) {
        existing = existing.parent_path();
    }
    struct statvfs status {};
    if (::statvfs(existing.c_str(), &status) != 0) {
        throw_file_error("measure the space at", existing, errno);
    }
    return {static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize,
            static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize};
}

std::optional<FileLock> FileLock::try_lock(const fs::path& path, std::string_view purpose) {
    // It is emptied below: never what a link leads to.
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        throw_file_error("open the lock", path, errno);
    }
    FileLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return std::nullopt;
        }
        throw_file_error("lock", path, errno);
    }
    if (::ftruncate(descriptor, 0) == 0) {
        // The note only helps those who wait; on a full disk the lock works without it.
        const auto note = fmt::format("process {}: {}\n", ::getpid(), purpose);
        [[maybe_unused]] const auto written = ::write(descriptor, note.data(), note.size());
    }
    return lock;
}

std::string FileLock::holder(const fs::path& path) {
    // Between a lock and its note there is a moment.
    constexpr int most_attempts = 20;
    for (int attempt = 0;; ++attempt) {
        std::string note(trim(read_if_exists(path).value_or("")));
        if (!note.empty() || attempt == most_attempts) {
            return note;
        }
        ::poll(nullptr, 0, 10);
    }
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

FileLock::~FileLock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

}  // namespace caisson

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Files and directories, with rights and durability stated. Failures are Errors that name the path
/// and the cause: disk_full for ENOSPC and EDQUOT, state_unusable for everything else.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace caisson {

namespace fs = std::filesystem;

/// An account of the system: whom files belong to and processes run as.
struct Account {
    std::string name;
    uid_t user = 0;
    gid_t group = 0;
    std::string home;
};
std::optional<Account> find_account(const std::string& name);
Account current_account();

/// The whole file; nothing when it does not exist.
std::optional<std::string> read_if_exists(const fs::path& path);
std::string read_file(const fs::path& path);
/// As read_if_exists, for files below a directory that another account may write: no link is
/// followed, so that root reads nothing there on that account's behalf.
std::optional<std::string> read_own(const fs::path& path);
/// Replaces the file in one step (temporary file, fsync, rename, fsync of the directory): a reader
/// sees the old or the new contents, after a crash too. `owner` is set before the file gets its
/// name.
void write_file(const fs::path& path, std::string_view contents, mode_t mode = 0644,
                const std::optional<Account>& owner = {});
/// Makes the directory and its parents; the last one gets `mode` and `owner` even when it existed.
void make_directory(const fs::path& path, mode_t mode = 0755,
                    const std::optional<Account>& owner = {});
/// Makes the directory and its parents where they are missing; one that exists stays as it is.
void ensure_directory(const fs::path& path);
/// Removes a directory and all below it; fine when it is not there.
void remove_tree(const fs::path& path);

struct Space {
    std::uint64_t free = 0;
    std::uint64_t total = 0;
};
/// Bytes on the file system that holds `path` or its nearest existing parent.
Space space_at(const fs::path& path);

/// An advisory lock on a file (flock), released by the destructor and by the kernel when the
/// process dies.
class FileLock {
 public:
    /// Takes the lock or returns nothing. The file then holds the process id and `purpose`, for
    /// those who wait.
    static std::optional<FileLock> try_lock(const fs::path& path, std::string_view purpose);
    /// What the present holder wrote, for a message.
    static std::string holder(const fs::path& path);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

 private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

/// Throws the Error that `errno` stands for; `action` is what was tried ("write", "create").
[[noreturn]] void throw_file_error(std::string_view action, const fs::path& path, int error_number);

}  // namespace caisson

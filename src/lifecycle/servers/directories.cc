// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/directories.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/text.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;

fs::path mark_of(const trust::Run& run) { return run.state.root / "caisson-state"; }
fs::path stopped_mark(const trust::Run& run) { return run.state.root / "stopped"; }
fs::path lock_path(const trust::Run& run) { return run.state.root / "servers.lock"; }

std::string mark_text(const trust::Run& run) {
    return fmt::format("platform {}\nenvironment {}\ndirectory {}\n", run.manifest.name,
                       run.environment.name, run.manifest.directory.string());
}

std::string name_of_user(uid_t user) {
    const auto here = current_account();
    return user == here.user ? here.name : user == 0 ? "root" : fmt::format("user {}", user);
}

/// Directories on the way to the state, which others may share: made as anybody would make them.
void make_parents(const fs::path& path) {
    if (path.empty() || path == "/") {
        return;
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
        if (!S_ISDIR(status.st_mode)) {
            throw_file_error("use the directory", path, ENOTDIR);
        }
        return;
    }
    make_parents(path.parent_path());
    // Whatever the umask of root is: the servers' account must be able to pass.
    make_directory(path, ::geteuid() == 0 ? 0755 : 0700);
}

/// Makes or checks one directory of our own. A symbolic link, or a directory of somebody else's,
/// is refused: below /tmp anybody could have put it there first.
void make_own(const fs::path& path, const Account& owner) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        throw_file_error("create the directory", path, errno);
    }
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) {
        throw_file_error("use the directory", path, errno);
    }
    struct stat status {};
    int failure = ::fstat(directory, &status) == 0 ? 0 : errno;
    // What root owns, only root can have made: an earlier run that ended in between.
    const bool is_acceptable =
        status.st_uid == owner.user || (status.st_uid == 0 && ::geteuid() == 0);
    if (failure == 0 && is_acceptable) {
        if (status.st_uid != owner.user && ::fchown(directory, owner.user, owner.group) != 0) {
            failure = errno;
        } else if ((status.st_mode & 07777U) != 0700 && ::fchmod(directory, 0700) != 0) {
            failure = errno;
        }
    }
    ::close(directory);
    if (failure != 0) {
        throw_file_error("set the rights of", path, failure);
    }
    if (!is_acceptable) {
        throw Error(Code::state_unusable,
                    fmt::format("{} belongs to {}, and the servers run as {}", path.string(),
                                name_of_user(status.st_uid), owner.name),
                    "run the command as that account, or name another directory in CAISSON_STATE")
            .with("path", path.string());
    }
}

bool is_member(const Account& account, gid_t group) {
    std::array<gid_t, 256> groups{};
    int count = static_cast<int>(groups.size());
    ::getgrouplist(account.name.c_str(), account.group, groups.data(), &count);
    const auto known = static_cast<std::size_t>(std::clamp(count, 0, 256));
    return std::ranges::count(groups.begin(), groups.begin() + static_cast<long>(known), group) > 0;
}

/// The servers' account must be able to pass through every directory above its own.
void check_way(const fs::path& path, const Account& owner) {
    for (fs::path above = path.parent_path();; above = above.parent_path()) {
        struct stat status {};
        if (::stat(above.c_str(), &status) == 0) {
            const mode_t bit = status.st_uid == owner.user       ? S_IXUSR
                               : is_member(owner, status.st_gid) ? S_IXGRP
                                                                 : S_IXOTH;
            if ((status.st_mode & bit) == 0 && owner.user != 0) {
                throw Error(Code::state_unusable,
                            fmt::format("account {}, which the servers run as, cannot enter {}",
                                        owner.name, above.string()),
                            fmt::format("chmod o+x {}, or name another directory in CAISSON_STATE",
                                        above.string()))
                    .with("path", above.string());
            }
        }
        if (above == above.parent_path()) {
            return;
        }
    }
}

bool is_below(const fs::path& path, const fs::path& parent) {
    const auto [end, ignored] = std::ranges::mismatch(parent, path);
    return end == parent.end();
}

}  // namespace

Account server_owner(const trust::Run& run) {
    if (run.account) {
        return *run.account;
    }
    if (::geteuid() == 0) {
        throw Error(Code::account_missing,
                    "the servers must not run as root, and there is no "
                    "account named caisson");
    }
    return current_account();
}

void prepare_directories(const trust::Run& run) {
    const auto owner = server_owner(run);
    const auto& state = run.state;
    make_parents(state.root.parent_path());
    make_own(state.root, owner);
    check_way(state.root, owner);
    for (const auto& directory :
         {state.secrets(), state.postgres_data().parent_path(), state.redis_directory(),
          state.redis_directory() / "appendonlydir"}) {
        make_own(directory, owner);
    }
    if (!is_below(state.sockets, state.root)) {
        make_parents(state.sockets.parent_path());
    }
    make_own(state.sockets, owner);
    check_way(state.sockets, owner);
}

void mark_as_ours(const trust::Run& run) {
    if (read_if_exists(mark_of(run)) != mark_text(run)) {
        write_file(mark_of(run), mark_text(run), 0600, run.account);
    }
}

void remove_unfinished_files(const trust::Run& run) {
    const auto& state = run.state;
    for (const auto& directory : {state.root, state.secrets(), state.redis_directory(),
                                  state.postgres_data().parent_path()}) {
        std::error_code failure;
        for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end;
             entry.increment(failure)) {
            // `pgpass.4711.new`, by write_file(); `redis.4711.draft`, by the checks of settings.
            const auto parts = split(entry->path().filename().string(), '.');
            if (parts.size() < 3 || (parts.back() != "new" && parts.back() != "draft")) {
                continue;
            }
            const std::string& writer = parts[parts.size() - 2];
            pid_t process = 0;
            std::from_chars(writer.data(), writer.data() + writer.size(), process);
            if (process > 0 && !is_alive(process) && entry->is_regular_file()) {
                ::unlink(entry->path().c_str());
            }
        }
    }
}

std::vector<std::string> close_secrets(const trust::Run& run) {
    std::vector<std::string> open;
    for (const auto& entry : fs::directory_iterator(run.state.secrets())) {
        struct stat status {};
        if (::lstat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
            (status.st_mode & 0077U) == 0) {
            continue;
        }
        if (::chmod(entry.path().c_str(), 0600) != 0) {
            throw_file_error("set the rights of", entry.path(), errno);
        }
        open.push_back(entry.path().filename().string());
    }
    return open;
}

bool is_ours(const trust::Run& run) {
    struct stat status {};
    return ::lstat(run.state.root.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
           read_if_exists(mark_of(run)) == mark_text(run);
}

std::optional<FileLock> try_lock_servers(const trust::Run& run, std::string_view purpose) {
    const auto path = lock_path(run);
    auto lock = FileLock::try_lock(path, purpose);
    // The daemon takes it as the servers' account later.
    if (lock && run.account && ::geteuid() == 0 &&
        ::lchown(path.c_str(), run.account->user, run.account->group) != 0) {
        throw_file_error("change the owner of", path, errno);
    }
    return lock;
}

FileLock lock_servers(const trust::Run& run, std::string_view purpose) {
    const auto path = lock_path(run);
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (true) {
        if (auto lock = try_lock_servers(run, purpose)) {
            return std::move(*lock);
        }
        interrupt::check();
        if (std::chrono::steady_clock::now() >= deadline) {
            throw Error(Code::locked, fmt::format("the private servers are being changed by {}",
                                                  FileLock::holder(path)))
                .with("path", path.string());
        }
        ::poll(nullptr, 0, 10);
    }
}

bool is_stopped_on_purpose(const trust::Run& run) {
    std::error_code failure;
    return fs::exists(stopped_mark(run), failure);
}

void set_stopped_on_purpose(const trust::Run& run, bool stopped) {
    if (!stopped) {
        ::unlink(stopped_mark(run).c_str());
        return;
    }
    try {
        write_file(stopped_mark(run), "", 0600, run.account);
    } catch (const Error&) {
        // On a full disk the servers are to be stopped all the same.
    }
}

}  // namespace caisson::servers

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/lease.h"

#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace caisson::backups {
namespace {

constexpr std::chrono::seconds gate_limit{30};

fs::path directory_of(const Repository& repository) { return repository.path() / "leases"; }

void give_to_owner(const Repository& repository, const fs::path& path) {
    const auto& owner = repository.owner();
    if (owner && ::geteuid() == 0 && ::lchown(path.c_str(), owner->user, owner->group) != 0) {
        throw_file_error("change the owner of", path, errno);
    }
}

}  // namespace

Lease::Lease(Lease&& other) noexcept
    : lock_(std::move(other.lock_)), path_(std::exchange(other.path_, {})) {}

Lease::~Lease() {
    if (!path_.empty()) {
        // The name is this lease's own, so nobody else can have begun to wait for it.
        std::error_code ignored;
        fs::remove(path_, ignored);
    }
}

FileLock shut_gate(const Repository& repository) {
    const auto directory = directory_of(repository);
    make_directory(directory, 0700, repository.owner());
    const auto path = directory / ".gate";
    const Stopwatch watch;
    while (true) {
        if (auto lock = FileLock::try_lock(path, "the gate of leases")) {
            give_to_owner(repository, path);
            return std::move(*lock);
        }
        if (watch.elapsed() > gate_limit) {
            throw Error(Code::locked,
                        fmt::format("leases of the repository {} are in the hands of {}",
                                    repository.name(), FileLock::holder(path)),
                        "wait until that is done");
        }
        interrupt::check();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

std::optional<Lease> lease(const Repository& repository, const std::string& id,
                           std::string_view purpose) {
    // Looked at before anything is made: the id becomes a path.
    const auto missing = [&] {
        return Error(Code::backup_missing,
                     fmt::format("there is no set {} in the repository {}", id, repository.name()));
    };
    if (!repository.find(id)) {
        throw missing();
    }
    if (::access(repository.path().c_str(), W_OK) != 0) {
        return std::nullopt;
    }
    const auto gate = shut_gate(repository);
    if (!repository.find(id)) {
        throw missing();
    }
    fs::path path;
    std::optional<FileLock> lock;
    for (int attempt = 0; !lock && attempt < 10; ++attempt) {
        // Who looks through the leases may have locked the new file for that moment.
        path = directory_of(repository) / fmt::format("{}.{}", id, random_uuid().substr(0, 8));
        lock = FileLock::try_lock(path, purpose);
    }
    if (!lock) {
        throw Error(Code::locked, fmt::format("the lease {} is taken", path.string()));
    }
    give_to_owner(repository, path);
    return Lease(std::move(*lock), path);
}

std::set<std::string> in_use(const Repository& repository) {
    std::set<std::string> ids;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(directory_of(repository), failure)) {
        const auto name = entry.path().filename().string();
        // Whoever died holding it left a file that nobody locks.
        if (name.front() != '.' && !FileLock::try_lock(entry.path(), "a look at the lease")) {
            ids.insert(name.substr(0, name.find('.')));
        }
    }
    // Whoever cannot look does not know that nobody reads.
    if (failure && failure != std::errc::no_such_file_or_directory) {
        throw_file_error("read", directory_of(repository), failure.value());
    }
    return ids;
}

}  // namespace caisson::backups

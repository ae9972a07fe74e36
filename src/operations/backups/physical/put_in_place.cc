// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/put_in_place.h"

#include <cerrno>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/fault.h"
#include "lifecycle/servers/processes.h"

namespace caisson::backups::physical {
namespace {

fs::path home_of(const trust::Run& run) { return run.state.postgres_data().parent_path(); }
fs::path note_of(const trust::Run& run) { return home_of(run) / "restored.json"; }

/// Zero for what is not there.
std::uint64_t inode_of(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// Both names at once, so that a kill leaves no moment without a data directory.
void exchange(const fs::path& a, const fs::path& b) {
    if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) != 0) {
        throw_file_error("exchange", a, errno);
    }
}

}  // namespace

Placed put_in_place(const trust::Run& run, const fs::path& place, const std::string& set,
                    const std::string& moment) {
    const auto data = run.state.postgres_data();
    std::error_code ignored;
    if (!fs::is_empty(place / "data" / "pg_tblspc", ignored) && !ignored) {
        throw Error(Code::backup_failed,
                    "the backup has tablespaces, which cannot change places with those of before",
                    "restore it with --to DIR, and let its server start on that");
    }
    // By then the place has the name of what it will hold: after a kill at any moment nothing that
    // is called a draft holds the only copy.
    const auto before = home_of(run) / fmt::format("before-{}", random_uuid().substr(0, 8));
    const bool is_taken = fs::exists(data, ignored);
    const auto note = boost::json::serialize(
        boost::json::object{{"set", set},
                            {"moment", moment},
                            {"inode", inode_of(place / "data")},
                            {"directory", before.string()},
                            {"previous", is_taken ? (before / "data").string() : ""}});
    write_file(note_of(run), note + "\n", 0600);
    fs::rename(place, before);
    fault::point("data-named");
    if (is_taken) {
        exchange(before / "data", data);
    } else {
        fs::rename(before / "data", data);
        remove_tree(before);
    }
    fault::point("data-exchanged");
    return {set, moment, is_taken ? before / "data" : fs::path()};
}

void put_back(const trust::Run& run, const Placed& placed) {
    exchange(placed.previous, run.state.postgres_data());
    // By now the note speaks of data that do not serve: of a restore that did not come to its end.
    fs::remove(note_of(run));
}

fs::path recovery_place(const trust::Run& run) { return home_of(run) / "restoring"; }

void remove_recovery(const trust::Run& run) {
    const auto place = recovery_place(run);
    // pgBackRest outlives whoever was killed, and would go on copying into it.
    servers::end_processes(
        servers::processes_with("pgbackrest", "--pg1-path=" + (place / "data").string()), SIGTERM,
        std::chrono::seconds(10));
    servers::end_processes(servers::processes_in(place / "data", "postgres"), SIGQUIT,
                           std::chrono::seconds(10));
    remove_tree(place);
}

std::optional<Placed> killed_after_placing(const trust::Run& run) {
    const bool is_any_left = fs::exists(note_of(run)) || fs::exists(recovery_place(run));
    const auto lock =
        is_any_left ? FileLock::try_lock(home_of(run) / "restoring.lock", "a look") : std::nullopt;
    if (lock) {
        remove_recovery(run);
    }
    const auto text = lock ? read_own(note_of(run)) : std::nullopt;
    if (!text) {
        return std::nullopt;
    }
    boost::system::error_code failed;
    const auto note = boost::json::parse(*text, failed);
    const auto* const fields = failed ? nullptr : note.if_object();
    const auto word = [&](const char* name) {
        const auto* const value = fields ? fields->if_contains(name) : nullptr;
        return value && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    const auto* const inode = fields ? fields->if_contains("inode") : nullptr;
    if (!inode || !inode->is_number()) {
        throw Error(Code::state_unusable, note_of(run).string() + " cannot be read",
                    "look which of " + home_of(run).string() +
                        "/data and before-* is to serve, then remove that file");
    }
    const auto restored = inode->to_number<std::uint64_t>();
    if (inode_of(run.state.postgres_data()) == restored) {
        return Placed{word("set"), word("moment"), word("previous")};
    }
    // It was killed before: what it had restored serves nobody.
    const fs::path directory = word("directory");
    if (directory.parent_path() == home_of(run) && inode_of(directory / "data") == restored) {
        remove_tree(directory);
    }
    fs::remove(note_of(run));
    return std::nullopt;
}

void forget_placed(const trust::Run& run) { fs::remove(note_of(run)); }

}  // namespace caisson::backups::physical

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Back to a moment: planned first, so that everybody knows how long it takes and what is lost.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operations/backups/physical/coverage.h"
#include "operations/backups/physical/recovered.h"
#include "operations/backups/physical/samples.h"

namespace caisson::backups::physical {

/// What is wanted.
struct Target {
    enum class Kind {
        set,     ///< The restore point of a set: `value` is its id.
        time,    ///< RFC 3339; all that was committed up to then.
        xid,     ///< A transaction, itself included.
        name,    ///< A named restore point.
        latest,  ///< All that there is, the stream's segments included.
    };
    Kind kind = Kind::latest;
    std::string value;
    std::string repository;                 ///< Empty: the first one that can.
    std::optional<std::uint32_t> timeline;  ///< Of a moment that a later restore left behind.
    std::string base{};                     ///< Begins with this set and no other; empty: any.
};

/// How it will be done.
struct RestorePlan {
    Target target;
    std::string repository;
    int depot = 1;
    std::string stanza;
    std::string archive_id;
    Set set;                   ///< That it begins with.
    std::vector<Set> earlier;  ///< To be tried when the target lies before `set`.
    /// The oldest whose log goes on to the end: for whom cannot try, as with a directory.
    std::optional<Set> reaching;
    std::vector<Set> fallbacks;  ///< Lead to the same moment, where `set` turns out to be damaged.
    std::string type;            ///< pgBackRest's: immediate, time, xid, name, default.
    std::string value;           ///< What goes with it.
    std::uint32_t timeline = 0;  ///< That recovery follows; 0: the newest.
    std::string moment;          ///< RFC 3339, that it leads to; empty: not known before.
    std::string newest;          ///< RFC 3339, that the same repository could lead to.
    std::optional<double> lost;  ///< Seconds from `moment` to `newest`.
    std::uint64_t bytes = 0;     ///< To be copied.
    std::uint64_t segments = 0;  ///< To be replayed, as far as it is known.
    std::chrono::milliseconds estimate{0};
    bool uses_stream = false;
    /// The restore point of `set` lies before the target: contents are compared there on the way.
    bool passes_point = false;
    fs::path own_log;  ///< Of the data in whose place it goes: what the archive did not take.
    std::vector<std::string> notes;
};
/// What drills have measured; where they have not, a machine of two cores is assumed, rather slow.
struct Rates {
    std::optional<double> bytes_a_second;
    std::optional<double> segments_a_second;
    double other_seconds = 2;
};
/// Reads and changes nothing. Errors: backup_missing for a moment, a set or a segment that is not
/// there, naming the nearest moments that can be restored; usage for a value that is none.
RestorePlan plan_restore(const trust::Run& run, const Target& target, const Rates& rates = {});

/// What is left for whom `unusable` stands in the way: a sentence that says from which set the same
/// moment (RFC 3339, or empty for the last one) can be reached, or which is the newest before it.
std::string unaffected(const trust::Run& run, const Unusable& unusable, const std::string& moment);

struct RestoreOptions {
    bool may_stop = false;  ///< In place: a server that runs is stopped.
};
struct Restored {
    RestorePlan plan;
    fs::path data;
    std::uint32_t timeline = 0;         ///< After it; 0 for a directory that was not started.
    std::string lsn;                    ///< Up to where it was replayed.
    std::string last_commit;            ///< RFC 3339; empty where it saw none.
    std::vector<Deviation> deviations;  ///< From what the set's manifest says; empty is well.
    std::size_t compared = 0;           ///< Tables.
    fs::path previous;                  ///< In place: the old data directory, to be removed by you.
    std::vector<std::string> notes;     ///< Sentences: which sets were found damaged on the way.
    std::chrono::nanoseconds copying{0};
    std::chrono::nanoseconds recovering{0};
};

/// Into a directory that is empty or not there. Nothing is started: the log is replayed by whoever
/// starts a server on it. Errors: as Engine; backup_failed when it is not empty; disk_full.
Restored restore_to_directory(const trust::Run& run, const RestorePlan& plan,
                              const fs::path& directory, const Progress& progress = {});

/// Into `place`, and a private server of its own on it, promoted, with archiving off: at
/// `server->settings()`. It ends with the value. Errors: backup_missing when the target does not
/// come in the log; backup_damaged naming the segment or the file, with the newest moment that is
/// not concerned; server_failed. A set that is damaged gives way to one before it that leads to the
/// same moment.
struct Recovered {
    Restored restored;
    std::unique_ptr<RecoveredServer> server;
};
Recovered restore_to_server(const trust::Run& run, const RestorePlan& plan, const fs::path& place,
                            const Progress& progress = {});

/// Why a restore in place would refuse, whose data directories alone change places: the set or the
/// server's own data have tablespaces. Empty when it would not. Errors: as Engine.
std::string tablespaces_in_the_way(const trust::Run& run, const RestorePlan& plan);

/// In the place of the private server's data. The servers are stopped; it is recovered and compared
/// beside the old data; then both change places in one step, and the servers are started. The old
/// directory stays as `previous`. After a failure the old data is served again. Whoever has done
/// what belongs to it (identity, caches) says forget_placed(). Errors: as
/// restore_to_server; not_private; locked; backup_failed for tablespaces, before anything is
/// stopped, while the server runs and may not be
/// stopped, or when the comparison finds a deviation.
Restored restore_in_place(const trust::Run& run, const RestorePlan& plan,
                          const RestoreOptions& options = {}, const Progress& progress = {});

}  // namespace caisson::backups::physical

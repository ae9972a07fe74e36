// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// [backups] as values: what is backed up, where to, how long it is kept, when it is done.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace caisson::platform {

/// [backups.repositories.offsite]: where sets are kept. `${NAME}` is not yet replaced.
struct Repository {
    std::string name;
    std::string path;  ///< A directory; empty for one in an object store.
    std::string s3_bucket;
    std::string s3_endpoint;
    std::string s3_region;
    std::string s3_key;
    std::string s3_secret;
    Place place;
    bool is_s3() const { return !s3_bucket.empty(); }
};

/// How long sets are kept: so many of them, or for so long.
struct Keep {
    std::optional<int> count;
    std::optional<std::chrono::hours> age;
    std::string text;  ///< As written.
};
/// "30d", "12w", "6mo", "7y" or "14": a month counts 31 days and a year 366, so that nothing goes
/// too early. Nothing for another text. Pure.
std::optional<Keep> parse_keep(std::string_view text);

/// Of how much time a tier keeps one set.
enum class Every { set, day, week, month, year };

/// [backups.tiers.compliance].
struct Tier {
    std::string name;
    std::string repository;
    Keep keep;
    Every every = Every::set;
    bool is_self_contained = false;  ///< Its sets carry their WAL, and need nothing else.
    Place place;
};

struct Backups {
    bool is_declared = false;
    bool physical = true;  ///< With pgBackRest, where the server's files can be reached.
    bool logical = true;   ///< With pg_dump.
    bool redis = true;
    bool encrypt = true;
    std::string key;     ///< `${NAME}` of the passphrase; empty: one made in the state.
    std::string data;    ///< Data directory of a server that is not ours, on this machine.
    int level = 3;       ///< Of zstd, 1 to 19.
    int processes = 2;   ///< Of a physical backup or restore.
    bool stream = true;  ///< pg_receivewal beside the archive.
    std::chrono::milliseconds heartbeat{10'000};        ///< Between markers for drills.
    std::chrono::milliseconds archive_timeout{60'000};  ///< Until a part of a segment is archived.
    std::vector<Repository> repositories;  ///< The first one is written first; at least one.
    std::vector<Tier> tiers;
    std::map<std::string, std::string> schedule;  ///< Job to cron expression, UTC.
    std::chrono::milliseconds jitter{std::chrono::minutes(5)};
    std::map<std::string, std::string> masks;  ///< `table.column` to an expression of SQL.

    /// Table to the column that says since when a row counts no more, or `rows`: what stays so
    /// after a restore.
    std::map<std::string, std::string> undone;

    const Repository* repository(std::string_view name) const;
};

/// The jobs that a schedule may name.
const std::vector<std::string>& backup_jobs();

}  // namespace caisson::platform

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/create.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>
#include <poll.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/moment.h"
#include "base/text.h"
#include "operations/backups/physical/archiving.h"
#include "operations/backups/physical/files.h"
#include "operations/backups/physical/moments.h"
#include "operations/backups/physical/segment.h"
#include "trust/journal/keys.h"

namespace caisson::backups::physical {
namespace {

using namespace std::chrono_literals;

std::string type_of(Kind kind) {
    return kind == Kind::full ? "full" : kind == Kind::differential ? "diff" : "incr";
}

Kind kind_of_type(const std::string& type) {
    return type == "full" ? Kind::full : type == "diff" ? Kind::differential : Kind::incremental;
}

/// What is at hand while one is made.
struct Making {
    const trust::Run& run;
    const Engine& engine;
    const Depot& depot;
    const Repository& repository;
    const Cluster& cluster;
    const CreateOptions& options;
    const Progress& progress;
    std::string id;

    void tell(const std::string& what) const {
        if (progress) {
            progress({what, 0, 0});
        }
    }
    std::vector<std::string> to_depot() const { return {"--repo=" + std::to_string(depot.number)}; }
};

/// The share that a line of pgBackRest's log tells: "(8KB, 94.30%)".
std::optional<double> share_of(std::string_view line) {
    const auto end = line.find("%)");
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto begin = line.rfind(' ', end);
    double share = 0;
    const auto [stop, error] = std::from_chars(line.data() + begin + 1, line.data() + end, share);
    return begin != std::string_view::npos && error == std::errc() ? std::optional(share)
                                                                   : std::nullopt;
}

/// Where not even a segment of the log has room, nothing can be archived, and pgBackRest would wait
/// for a minute to say no more than that. Errors: disk_full.
void require_room(const Making& making) {
    if (!making.depot.is_directory()) {
        return;
    }
    const auto free = space_at(making.depot.path).free;
    if (free < making.cluster.segment_bytes) {
        throw Error(Code::disk_full,
                    fmt::format("the disk is full: {} has {} left, less than a segment of the log",
                                making.depot.path.string(), human_bytes(free)),
                    "make room there, then run it again; caisson backup prune --dry-run tells what "
                    "could go");
    }
}

void run_backup(const Making& making, Kind kind) {
    auto arguments = making.to_depot();
    arguments.insert(arguments.end(),
                     {"--type=" + type_of(kind), "--annotation=caisson=" + making.id,
                      "--log-level-console=detail"});
    if (making.options.is_self_contained) {
        arguments.emplace_back("--archive-copy");
    }
    making.tell("copying the cluster");
    const auto tell = [&](std::string_view line) {
        const auto share = share_of(line);
        if (share && making.progress) {
            const auto done = static_cast<double>(making.cluster.bytes) * *share / 100;
            making.progress(
                {"copying the cluster", static_cast<std::uint64_t>(done), making.cluster.bytes});
        }
    };
    try {
        making.engine.run(making.cluster.stanza.name, "backup", arguments, tell);
    } catch (const Error& error) {
        if (error.code() == Code::backup_failed) {
            require_room(making);  // It filled up meanwhile: that is the cause.
        }
        throw;
    }
    fault::point("cluster-copied");
}

Entry entry_made(const Making& making) {
    for (const auto& listing : listings_of(making.run, making.engine, making.depot)) {
        for (const auto& entry : listing.entries) {
            if (entry.set == making.id && listing.stanza == making.cluster.stanza.name) {
                return entry;
            }
        }
    }
    throw Error(Code::backup_failed,
                "pgbackrest said that the backup is done, and does not list it");
}

/// Until the segment of the point lies in this repository: without it the point cannot be reached.
void await_archived(const Making& making, const std::string& segment) {
    const Stopwatch watch;
    while (true) {
        if (is_archived(making.depot, making.cluster.stanza.name, segment)) {
            return;
        }
        if (watch.elapsed() > 60s) {
            const auto state = archiver_state(making.run);
            throw Error(
                Code::backup_failed,
                fmt::format("segment {} is not in repository {} after a minute{}", segment,
                            making.depot.name,
                            state.is_failing
                                ? fmt::format("; the last one that failed is {}", state.last_failed)
                            : state.last_archived >= segment
                                ? ", although PostgreSQL was told that it was archived"
                                : ""),
                "see the server's log and " + home_of(making.run).logs().string());
        }
        interrupt::check();
        ::poll(nullptr, 0, 20);
    }
}

Sampled sample(const Making& making) {
    making.tell("reading samples");
    auto sampled = sample_at_point(making.run, "caisson-" + making.id, making.options.samples);
    making.tell("archiving the restore point");
    auto connection = connect(making.run);
    const auto row = connection
                         .query(
                             "select pg_walfile_name($1::pg_lsn) as segment, "
                             "pg_switch_wal()::text as switched",
                             {sampled.lsn})
                         .front();
    await_archived(making, row.string("segment"));
    return sampled;
}

/// The set that it builds on.
std::string set_of_label(const Making& making, const std::string& label) {
    if (label.empty()) {
        return {};
    }
    for (const auto& found : making.repository.sets()) {
        if (found.set.label == label &&
            found.set.system_identifier == making.cluster.system_identifier) {
            return found.set.id;
        }
    }
    throw Error(Code::backup_failed,
                fmt::format("it builds on {}, of which there is no set: make a full backup", label),
                "caisson backup create --full");
}

void describe(const Making& making, const Entry& entry, Set& set) {
    set.kind = kind_of_type(entry.type);
    set.platform = making.run.manifest.name;
    set.environment = making.run.environment.name;
    set.server_version = making.cluster.server_version;
    set.system_identifier = making.cluster.system_identifier;
    set.lsn_start = entry.lsn_start;
    set.lsn_stop = entry.lsn_stop;
    set.wal_start = entry.wal_start;
    set.wal_stop = entry.wal_stop;
    const auto segment = parse_segment(entry.wal_start, making.cluster.segment_bytes);
    set.timeline = segment ? segment->timeline : making.cluster.timeline;
    set.label = entry.label;
    set.prior = set_of_label(making, entry.prior);
    set.is_self_contained = making.options.is_self_contained;
    set.key = making.run.manifest.backups.encrypt ? "pgbackrest aes-256-cbc" : "";
    set.bytes = entry.bytes;
    set.stored_bytes = entry.stored_bytes;
    set.tools = {{"pgbackrest", making.engine.version().text()},
                 {"postgres", making.cluster.server_version}};
    set.parts = {{"cluster", "", "", moment_text(entry.stopped * 1'000'000), entry.bytes, ""}};
}

/// What can be built on: a backup of this cluster in this repository with a set of ours.
bool can_build(const Making& making) {
    for (const auto& listing : listings_of(making.run, making.engine, making.depot)) {
        if (listing.stanza != making.cluster.stanza.name || listing.entries.empty()) {
            continue;
        }
        // pgBackRest builds on the newest full one, and takes no label that sorts before one that
        // it ever gave: behind a full one that was removed nothing is built on an older.
        constexpr std::size_t full_digits = 16;
        const auto base = listing.entries.back().label.substr(0, full_digits);
        if (newest_label(making.depot, listing.stanza).substr(0, full_digits) > base) {
            return false;
        }
        for (const auto& found : making.repository.sets()) {
            if (found.set.label == listing.entries.back().label && found.mistake.empty()) {
                return true;
            }
        }
    }
    return false;
}

/// The label that pgBackRest would give now, to the two seconds that it would wait: of a full one,
/// or of one that builds on `full`.
std::string label_now(const std::string& full) {
    auto label = timestamp(caisson::moment_now() + 2s).substr(0, 19);
    std::erase_if(label, [](char each) { return each == '-' || each == ':'; });
    label[label.find('T')] = '-';
    return full.empty() ? label + "F" : full + "_" + label + "D";
}

/// pgBackRest takes no label that sorts before one that it ever gave. After a clock that was ahead
/// one kind may still be possible where the other one is not. Errors: backup_failed, with the
/// cause, where none is.
Kind kind_that_is_possible(const Making& making, Kind kind, bool has_base,
                           std::vector<std::string>& notes) {
    const auto newest = newest_label(making.depot, making.cluster.stanza.name);
    constexpr std::size_t full_digits = 16;
    const bool can_be_full = label_now("") > newest;
    const bool can_build = has_base && label_now(newest.substr(0, full_digits)) > newest;
    if (kind == Kind::full ? can_be_full : can_build) {
        return kind;
    }
    if (!can_be_full && !can_build) {
        throw Error(
            Code::backup_failed,
            fmt::format("the clock says {}, and pgBackRest made {} when it said more: it "
                        "makes none before that moment",
                        timestamp_now().substr(0, 19), newest),
            "see which clock was right; until then make backups in another repository, with "
            "--repository, and logical ones");
    }
    notes.push_back(
        fmt::format("{} was made when the clock was ahead: pgBackRest makes no {} "
                    "backup before that moment, and this is a {} one",
                    newest, name_of(kind), can_be_full ? "full" : "differential"));
    return can_be_full ? Kind::full : Kind::differential;
}

/// What a killed maker left whole in pgBackRest's eyes and without a manifest of ours: it counts
/// for nobody, and nothing builds on it. pgBackRest does not give away its last full one: whether
/// such a one has to stay until there is another.
bool remove_strays(const Making& making, std::vector<std::string>& notes) {
    bool has_left_one = false;
    const auto sets = making.repository.sets();
    for (const auto& listing : listings_of(making.run, making.engine, making.depot)) {
        auto fulls = std::ranges::count(listing.entries, "full", &Entry::type);
        for (auto entry = listing.entries.rbegin(); entry != listing.entries.rend(); ++entry) {
            const bool has_set = std::ranges::any_of(sets, [&](const Found& found) {
                return found.set.label == entry->label || found.set.id == entry->set;
            });
            if (listing.stanza != making.cluster.stanza.name || has_set || entry->set.empty()) {
                continue;
            }
            if (entry->type == "full" && fulls-- == 1) {
                has_left_one = true;
                continue;
            }
            auto arguments = making.to_depot();
            arguments.push_back("--set=" + entry->label);
            making.engine.run(listing.stanza, "expire", arguments);
            notes.push_back(
                fmt::format("{} was left by a maker that was killed: removed", entry->label));
        }
    }
    return has_left_one;
}

bool prepare(const Making& making, std::vector<std::string>& notes) {
    for (const auto& id : making.repository.remove_unfinished()) {
        notes.push_back(fmt::format("{} was never finished: removed", id));
    }
    // We hold the repository's lock: whoever still copies has lost its maker.
    if (making.engine.end_orphans("backup")) {
        notes.emplace_back("a pgbackrest whose maker was killed was ended");
    }
    return remove_strays(making, notes);
}

Set make(const Making& making, Kind kind) {
    Set set;
    set.id = making.id;
    set.started = timestamp_now();
    const auto part = making.repository.begin(set.id);
    run_backup(making, kind);
    const auto entry = entry_made(making);
    describe(making, entry, set);
    auto sampled = sample(making);
    fault::point("cluster-sampled");
    set.restore_point = sampled.restore_point;
    set.lsn_point = sampled.lsn;
    set.tables = std::move(sampled.tables);
    set.origins = origins_of(making.run);
    making.tell("hashing its files");
    set.files = {write_file_list(part, making.depot, making.cluster.stanza.name, entry.label,
                                 making.repository.owner())};
    set.stored_bytes += set.files.front().bytes;
    set.finished = timestamp_now();
    fault::point("cluster-described");
    making.repository.finish(set, journal::ensure_key(making.run));
    return set;
}

const Repository& directory_of(const std::vector<Repository>& repositories, const Depot& depot) {
    const auto found = std::ranges::find(repositories, depot.name, &Repository::name);
    if (found == repositories.end()) {
        throw Error(Code::usage,
                    fmt::format("repository {} is an object store: sets are made in a directory, "
                                "and the archive goes to both",
                                depot.name));
    }
    return *found;
}

/// Better now than in the night in which it is needed.
void note_tablespaces(const trust::Run& run, std::vector<std::string>& notes) {
    auto connection = connect(run);
    const auto names = connection
                           .query(
                               "select coalesce(string_agg(spcname, ', ' order by spcname), '') as "
                               "names from pg_tablespace where oid >= 16384")
                           .front()
                           .string("names");
    if (!names.empty()) {
        notes.push_back(
            fmt::format("the server has tablespaces ({}), which a restore in place does not take: "
                        "backup restore --to DIR, or -d NAME",
                        names));
    }
}

}  // namespace

Created create(const trust::Run& run, Kind kind, const CreateOptions& options,
               const Progress& progress) {
    if (kind == Kind::logical) {
        throw Error(Code::usage, "a logical backup is not made by pgBackRest");
    }
    Created created;
    const auto depot = depot_named(run, options.repository);
    const auto repositories = repositories_of(run);
    const auto& repository = directory_of(repositories, depot);
    auto archiving = ensure_archiving(run, progress);
    created.notes = std::move(archiving.notes);
    created.repository = depot.name;
    const auto lock = repository.lock("a physical backup");
    const Engine engine(run);
    Making making{run, engine, depot, repository, archiving.cluster, options, progress, {}};
    const bool has_left_one = prepare(making, created.notes);
    require_room(making);
    const bool has_base = can_build(making);
    if (kind != Kind::full && !has_base) {
        created.became_full = true;
        created.notes.emplace_back("there was no full backup to build on: this is one");
        kind = Kind::full;
    }
    kind = kind_that_is_possible(making, kind, has_base, created.notes);
    making.id = new_id(timestamp_now(), kind);
    created.set = make(making, kind);
    if (has_left_one) {
        remove_strays(making, created.notes);
    }
    if (run.is_private()) {
        try {
            note_tablespaces(run, created.notes);
        } catch (const Error&) {
            // The set is whole: it is told, with or without that.
        }
    }
    return created;
}

bool has_base(const trust::Run& run, const std::string& repository) {
    const auto depot = depot_named(run, repository);
    const auto repositories = repositories_of(run);
    const auto& directory = directory_of(repositories, depot);
    const auto sets = directory.is_there() ? directory.sets() : std::vector<Found>();
    const bool has_set = std::ranges::any_of(
        sets, [](const Found& found) { return found.mistake.empty() && found.set.is_physical(); });
    if (!has_set || !fs::exists(home_of(run).file())) {
        return false;
    }
    const Engine engine(run);
    const auto cluster = cluster_of(run);
    const CreateOptions options;
    const Progress progress;
    return can_build({run, engine, depot, directory, cluster, options, progress, {}});
}

void remove_cluster_files(const trust::Run& run, const std::string& repository, const Set& set) {
    const Engine engine(run);
    const auto depot = depot_named(run, repository);
    const auto stanza = stanza_name(run, set.system_identifier);
    for (const auto& listing : listings_of(run, engine, depot)) {
        for (const auto& entry : listing.entries) {
            if (listing.stanza == stanza && entry.label == set.label) {
                engine.run(stanza, "expire",
                           {"--repo=" + std::to_string(depot.number), "--set=" + set.label});
                return;
            }
        }
    }
}

}  // namespace caisson::backups::physical

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/coverage.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <poll.h>

#include "base/error.h"
#include "base/text.h"
#include "operations/backups/physical/commits.h"
#include "operations/backups/physical/files.h"
#include "operations/backups/physical/moments.h"
#include "operations/backups/physical/trim.h"

namespace caisson::backups::physical {
namespace {

/// To the microsecond, so that texts compare as moments do.
std::string normal(const std::string& moment) {
    const auto parsed = parse_moment(moment);
    return parsed ? moment_text(*parsed) : moment;
}

/// How many segments are read backwards in search of a commit.
constexpr std::uint64_t most_probes = 16;

/// The server as far as it answers.
struct Present {
    std::string system_identifier;
    std::uint32_t timeline = 0;
    Lsn written = 0;
    std::string now;
    std::string last_archived;
    std::uint64_t segment_bytes = usual_segment_bytes;
    fs::path data;
};

std::optional<Present> present_of(const trust::Run& run) {
    try {
        auto connection = connect(run);
        const auto row =
            connection
                .query(
                    "select (select system_identifier from pg_control_system())::text as "
                    "system, pg_current_wal_insert_lsn()::text as written, "
                    "pg_walfile_name(pg_current_wal_insert_lsn()) as segment, "
                    "(select setting from pg_settings where name = 'wal_segment_size') as size, "
                    "(select last_archived_wal from pg_stat_archiver) as archived, "
                    "to_char(clock_timestamp() at time zone 'UTC', "
                    "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as now")
                .front();
        Present present;
        present.system_identifier = row.string("system");
        present.written = parse_lsn(row.text("written")).value_or(0);
        present.segment_bytes = std::stoull(row.string("size"));
        present.timeline =
            parse_segment(row.text("segment"), present.segment_bytes).value_or(Segment{}).timeline;
        present.now = row.string("now");
        present.last_archived = row.string("archived");
        present.data =
            run.is_private() ? run.state.postgres_data() : fs::path(run.manifest.backups.data);
        return present;
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        return std::nullopt;
    }
}

std::vector<Base> bases_of(const Listing& listing, const std::vector<Found>& sets,
                           std::uint64_t segment_bytes, const std::set<std::string>& unusable) {
    std::vector<Base> bases;
    for (const auto& entry : listing.entries) {
        const auto set = std::ranges::find_if(sets, [&](const Found& found) {
            return found.mistake.empty() && found.set.label == entry.label &&
                   found.set.system_identifier == listing.system_identifier;
        });
        const auto segment = parse_segment(entry.wal_start, segment_bytes);
        const auto start = parse_lsn(entry.lsn_start);
        const auto stop = parse_lsn(entry.lsn_stop);
        if (set != sets.end() && !unusable.contains(set->set.id) && segment && start && stop) {
            bases.push_back(
                {set->set.id, segment->timeline, *start, *stop, set->set.is_self_contained});
        }
    }
    return bases;
}

/// Works out the times of what the lists say.
class Timing {
 public:
    Timing(const Engine& engine, const Depot& depot, Coverage& coverage, const Archive& archive,
           const std::vector<Found>& sets, const fs::path& waldump)
        : engine_(engine),
          depot_(depot),
          coverage_(coverage),
          archive_(archive),
          sets_(sets),
          waldump_(waldump) {}

    Stretch stretch_of(const Window& window) {
        Stretch stretch;
        stretch.window = window;
        for (const auto& found : sets_) {
            if (found.set.id == window.base) {
                stretch.from = normal(found.set.finished);
            }
            if (std::ranges::count(window.bases, found.set.id)) {
                // A restore to the end of a set is always possible.
                stretch.to = std::max(stretch.to, normal(found.set.finished));
            }
        }
        if (window.last.timeline != 0) {
            if (const auto last = last_commit(window)) {
                stretch.to = std::max(stretch.from, *last);
            }
        }
        return stretch;
    }

    /// Of the newest segment that there is, wherever it lies.
    std::optional<std::string> newest_commit() {
        if (archive_.segments.empty()) {
            return std::nullopt;
        }
        const auto& last =
            *std::ranges::max_element(archive_.segments, {}, [](const ArchivedSegment& each) {
                return std::pair(each.segment.timeline, each.segment.number);
            });
        Window all;
        all.last = last.segment;
        return last_commit(all);
    }

 private:
    std::optional<std::string> last_commit(const Window& window) {
        auto number = window.last.number;
        for (std::uint64_t i = 0;
             i < most_probes && number * coverage_.segment_bytes >= window.from; ++i, --number) {
            const Segment wanted{window.last.timeline, number};
            const auto found =
                std::ranges::find(archive_.segments, wanted, &ArchivedSegment::segment);
            if (found == archive_.segments.end()) {
                return std::nullopt;
            }
            if (auto moment = commit_in(*found)) {
                return moment;
            }
        }
        return std::nullopt;
    }

    /// Looks a second time before it calls a segment damaged: it may just be arriving.
    std::optional<std::string> commit_in(const ArchivedSegment& segment) {
        for (const bool is_last : {false, true}) {
            try {
                return last_commit_in(engine_, depot_, coverage_.stanza, segment,
                                      coverage_.segment_bytes, waldump_);
            } catch (const Error& error) {
                if (error.code() != Code::backup_damaged && error.code() != Code::backup_failed) {
                    throw;
                }
            }
            if (!is_last) {
                ::poll(nullptr, 0, 1500);
            }
        }
        coverage_.damaged = segment_name(segment.segment, coverage_.segment_bytes);
        return std::nullopt;
    }

    const Engine& engine_;
    const Depot& depot_;
    Coverage& coverage_;
    const Archive& archive_;
    const std::vector<Found>& sets_;
    const fs::path& waldump_;
};

/// What the server has written and the repository has not.
void compare_lag(const Engine& engine, const Present& present, const fs::path& waldump,
                 Coverage& coverage, Stretch& newest) {
    const auto reached = newest.window.to;
    // A segment that nothing was written to begins with this much. Source: xlog_internal.h.
    constexpr Lsn page_header = 40;
    coverage.lag_bytes = present.written > reached + page_header ? present.written - reached : 0;
    coverage.lag_seconds = 0;
    newest.reaches_now = true;
    if (*coverage.lag_bytes > 0) {
        // An idle server writes, too, but nothing that anybody would miss.
        const auto first =
            first_commit_after(engine, present.data, newest.window.timeline, reached, waldump);
        newest.reaches_now = first.is_known && !first.at;
        coverage.lag_seconds =
            newest.reaches_now
                ? 0
                : std::max(0.0, seconds_between(first.at.value_or(newest.to), present.now)
                                    .value_or(0));  // The server's clock may have gone back.
    }
    if (newest.reaches_now) {
        newest.to = std::max(newest.to, present.now);
    }
}

void compare_claim(const Present& present, const Archive& archive, Coverage& coverage) {
    const auto claimed = parse_segment(present.last_archived, coverage.segment_bytes);
    if (claimed && std::ranges::find(archive.segments, *claimed, &ArchivedSegment::segment) ==
                       archive.segments.end()) {
        coverage.falsely_archived = present.last_archived;
    }
}

/// Names in the server's archive_status of what would have to come so that the present is reached.
std::string missing_names(const Coverage& coverage, const Log& log, const std::vector<Gap>& gaps) {
    const auto name = [&](const Segment& segment) {
        return segment_name(segment, log.segment_bytes) + ".ready";
    };
    std::vector<std::string> names;
    if (const auto* const present = coverage.present()) {
        const auto& window = present->window;
        const auto next = segment_number(window.to - 1, log.segment_bytes) + 1;
        names.push_back(name(segment_on_path(log, window.timeline, next)));
    } else if (coverage.newest() != nullptr) {
        names.push_back(fmt::format("{:08X}.history.ready", coverage.timeline));
    } else {
        std::ranges::transform(gaps, std::back_inserter(names),
                               [&](const Gap& gap) { return name(gap.first); });
    }
    return "{" + join(names, ",") + "}";
}

/// Whether the server has any of them still to archive; nothing when it does not answer.
std::optional<bool> holds_any(const trust::Run& run, const std::string& names) {
    try {
        return connect(run)
            .query(
                "select exists (select from pg_ls_archive_statusdir() where name = any "
                "($1::text[])) as is",
                {names})
            .front()
            .boolean("is");
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        return std::nullopt;
    }
}

Coverage coverage_of(const trust::Run& run, const Engine& engine, const Depot& depot,
                     const Repository& repository, const Listing& listing,
                     const std::vector<Found>& sets, const std::optional<Present>& present,
                     const fs::path& waldump, const std::set<std::string>& unusable) {
    Coverage coverage;
    coverage.repository = depot.name;
    coverage.stanza = listing.stanza;
    coverage.system_identifier = listing.system_identifier;
    coverage.problem = listing.problem;
    const bool is_present = present && present->system_identifier == listing.system_identifier;
    if (is_present) {
        coverage.segment_bytes = present->segment_bytes;
    }
    if (!coverage.problem.empty()) {
        return coverage;
    }
    const auto archive = archive_of(depot, listing.stanza, coverage.segment_bytes);
    auto log = log_of(engine, depot, listing.stanza, archive, coverage.segment_bytes);
    std::erase_if(log.segments, [&](const Segment& each) {
        return unusable.contains(segment_name(each, coverage.segment_bytes));
    });
    const auto proven =
        continuity_of(log, bases_of(listing, sets, coverage.segment_bytes, unusable));
    coverage.gaps =
        without(proven.gaps, trimmed_spans(repository, listing.stanza, coverage.segment_bytes));
    coverage.broken = proven.broken;
    Timing timing(engine, depot, coverage, archive, sets, waldump);
    for (const auto& window : proven.windows) {
        coverage.stretches.push_back(timing.stretch_of(window));
    }
    if (!coverage.gaps.empty()) {
        coverage.beyond = timing.newest_commit().value_or("");
    }
    if (is_present) {
        coverage.is_current = true;
        coverage.timeline = present->timeline;
        compare_claim(*present, archive, coverage);
        const auto* const written = coverage.present();
        if (written != nullptr && written->window.timeline == present->timeline) {
            compare_lag(engine, *present, waldump, coverage,
                        coverage.stretches.at(written - coverage.stretches.data()));
        }
        if (coverage.lacks_log()) {
            // After the archive was listed: what came in between is seen by the next look.
            coverage.awaits = holds_any(run, missing_names(coverage, log, proven.gaps));
        }
    }
    return coverage;
}

}  // namespace

const Stretch* Coverage::present() const {
    const auto found = std::ranges::find_if(
        stretches.rbegin(), stretches.rend(),
        [&](const Stretch& each) { return timeline == 0 || each.window.timeline == timeline; });
    return found == stretches.rend() ? nullptr : &*found;
}

bool Coverage::has_left(const Gap& gap) const {
    const auto* const stretch = present();
    return stretch && stretch->window.timeline > gap.first.timeline &&
           stretch->window.from <= gap.first.number * segment_bytes;
}

bool Coverage::lacks_log() const {
    if (!is_current || !problem.empty()) {
        return false;
    }
    const auto* const written = present();
    return written != nullptr ? written->window.is_cut_off : !stretches.empty() || !broken.empty();
}

Log log_of(const Engine& engine, const Depot& depot, const std::string& stanza,
           const Archive& archive, std::uint64_t segment_bytes) {
    Log log{segment_bytes, {}, {}};
    for (const auto timeline : archive.histories) {
        const auto answer =
            engine.run(stanza, "repo-get",
                       {"--repo=" + std::to_string(depot.number),
                        fmt::format("archive/{}/{}/{:08X}.history", stanza, archive.id, timeline)});
        log.histories.push_back(parse_history(timeline, answer.output));
    }
    for (const auto& each : archive.segments) {
        log.segments.push_back(each.segment);
    }
    return log;
}

std::vector<Coverage> continuity(const trust::Run& run, const Unusable& unusable) {
    const Engine engine(run);
    const auto present = present_of(run);
    const auto waldump = waldump_program(run);
    const auto repositories = repositories_of(run);
    std::vector<Coverage> all;
    for (const auto& depot : depots_of(run)) {
        const auto found = std::ranges::find(repositories, depot.name, &Repository::name);
        if (found == repositories.end() || !found->is_there()) {
            Coverage coverage;
            coverage.repository = depot.name;
            coverage.problem = found == repositories.end()
                                   ? "an object store is not looked into"
                                   : fmt::format("{} is not there", found->path().string());
            all.push_back(std::move(coverage));
            continue;
        }
        const auto sets = found->sets();
        const auto named = unusable.find(depot.name);
        for (const auto& listing : listings_of(run, engine, depot)) {
            all.push_back(
                coverage_of(run, engine, depot, *found, listing, sets, present, waldump,
                            named == unusable.end() ? std::set<std::string>() : named->second));
        }
    }
    std::ranges::stable_sort(all, {}, &Coverage::is_current);
    return all;
}

}  // namespace caisson::backups::physical

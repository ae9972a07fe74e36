// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/trim.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/moment.h"
#include "base/text.h"
#include "operations/backups/physical/coverage.h"
#include "operations/backups/physical/files.h"
#include "operations/backups/sets/lease.h"

namespace caisson::backups::physical {
namespace {

constexpr std::size_t name_digits = 24;
/// At which every name of a segment is one; its timeline is the same at every size.
constexpr std::uint64_t smallest_segment = std::uint64_t{1} << 20U;
/// Removed between two looks at who reads.
constexpr std::size_t batch = 64;

/// A base with what its name is made of, so that the size of segments can be told.
struct Known {
    Claim claim;
    std::string wal_start;
};

/// Of the set's own manifest: it says the same as pgBackRest's list.
std::optional<Known> known_of(const Set& set, Need need) {
    const auto segment = parse_segment(set.wal_start, smallest_segment);
    const auto start = parse_lsn(set.lsn_start);
    const auto stop = parse_lsn(set.lsn_stop);
    if (!segment || !start || !stop) {
        return std::nullopt;
    }
    const auto point = parse_lsn(set.lsn_point);
    // Where a set without a position has its point is not known.
    return Known{{{set.id, segment->timeline, *start, *stop, set.is_self_contained},
                  point.value_or(*stop),
                  need == Need::everything || !point},
                 set.wal_start};
}

std::optional<Known> known_of(const Entry& entry) {
    const auto segment = parse_segment(entry.wal_start, smallest_segment);
    const auto start = parse_lsn(entry.lsn_start);
    const auto stop = parse_lsn(entry.lsn_stop);
    if (!segment || !start || !stop) {
        return std::nullopt;
    }
    return Known{{{entry.label, segment->timeline, *start, *stop, false}, *stop, true},
                 entry.wal_start};
}

/// The only size of segments at which each backup's first segment has the name that it has.
std::optional<std::uint64_t> segment_bytes_of(const std::vector<Known>& known) {
    std::optional<std::uint64_t> found;
    for (auto size = smallest_segment; size <= std::uint64_t{1} << 30U; size *= 2) {
        const bool fits = std::ranges::all_of(known, [&](const Known& each) {
            const auto& base = each.claim.base;
            return segment_name({base.timeline, segment_number(base.start, size)}, size) ==
                   each.wal_start;
        });
        if (fits && found) {
            return std::nullopt;
        }
        if (fits) {
            found = size;
        }
    }
    return found;
}

/// All backups of the cluster that stay. Empty with a doubt when one of them says too little.
std::vector<Known> claims_on(const Listing& listing, const std::vector<Found>& sets,
                             const Needs& needs, std::string& doubt) {
    std::vector<Known> claims;
    const auto add = [&](const std::optional<Known>& known, const std::string& name) {
        if (known) {
            claims.push_back(*known);
        } else {
            doubt = fmt::format("where {} begins in the log is not known", name);
        }
    };
    std::set<std::string> labels;
    for (const auto& found : sets) {
        if (!found.mistake.empty()) {
            doubt = fmt::format("the manifest of {} cannot be read", found.set.id);
            continue;
        }
        if (!found.set.is_physical() || found.set.system_identifier != listing.system_identifier) {
            continue;
        }
        labels.insert(found.set.label);
        const auto need = needs.find(found.set.id);
        if (need == needs.end() || need->second != Need::nothing) {
            add(known_of(found.set, need == needs.end() ? Need::everything : need->second),
                found.set.id);
        }
    }
    for (const auto& entry : listing.entries) {
        // One that no set knows was left by a killed maker, or is somebody else's.
        if (!labels.contains(entry.label)) {
            add(known_of(entry), entry.label);
        }
    }
    return claims;
}

/// Everything in the archive that belongs to a segment: it, its partial form, a backup's label.
struct Belonging {
    Segment segment;
    fs::path path;
    std::uint64_t bytes = 0;
    bool is_whole = false;  ///< The segment itself.
};
std::vector<Belonging> belongings_in(const fs::path& archive, std::uint64_t segment_bytes) {
    std::vector<Belonging> belongings;
    for (const auto& directory : fs::directory_iterator(archive)) {
        if (!directory.is_directory() || directory.is_symlink() ||
            directory.path().filename().string().size() != 16) {
            continue;
        }
        for (const auto& entry : fs::directory_iterator(directory.path())) {
            const auto name = entry.path().filename().string();
            const auto segment =
                parse_segment(std::string_view(name).substr(0, name_digits), segment_bytes);
            std::error_code gone;
            if (segment && entry.is_regular_file(gone) && !name.ends_with(".tmp")) {
                const auto bytes = entry.file_size(gone);
                belongings.push_back({*segment, entry.path(), gone ? 0 : bytes,
                                      name.size() > name_digits && name[name_digits] == '-'});
            }
        }
    }
    std::ranges::sort(belongings, {},
                      [](const Belonging& each) { return std::pair(each.segment, each.path); });
    return belongings;
}

void add(Trim& trim, const Belonging& each, const Needed& needed) {
    trim.files.push_back(each.path);
    trim.bytes += each.bytes;
    trim.segments += each.is_whole ? 1 : 0;
    if (!trim.spans.empty() && trim.spans.back().last.timeline == each.segment.timeline) {
        auto& span = trim.spans.back();
        bool goes_on = true;
        for (auto number = span.last.number; goes_on && number < each.segment.number; ++number) {
            goes_on = !needed.contains({each.segment.timeline, number});
        }
        if (goes_on) {
            span.last = each.segment;
            span.segments += each.is_whole ? 1 : 0;
            span.bytes += each.bytes;
            return;
        }
    }
    trim.spans.push_back({each.segment, each.segment, each.is_whole ? 1U : 0U, each.bytes});
}

/// Of which something is there, and nothing is to go.
std::vector<std::uint32_t> unknown_in(const Archive& archive, const Needed& needed) {
    std::set<std::uint32_t> timelines;
    for (const auto& each : archive.segments) {
        if (needed.is_unknown(each.segment.timeline)) {
            timelines.insert(each.segment.timeline);
        }
    }
    return {timelines.begin(), timelines.end()};
}

Trim trim_of(const Engine& engine, const Depot& depot, const Listing& listing,
             const std::vector<Found>& sets, const Needs& needs) {
    Trim trim{depot.name, listing.stanza, usual_segment_bytes, {}, 0, 0, {}, {}, listing.problem};
    if (!trim.doubt.empty()) {
        return trim;
    }
    const auto known = claims_on(listing, sets, needs, trim.doubt);
    if (trim.doubt.empty() && known.empty()) {
        trim.doubt = "no backup is there that would tell from where on it is needed";
    }
    const auto segment_bytes = segment_bytes_of(known);
    if (trim.doubt.empty() && !segment_bytes) {
        trim.doubt = "how large its segments are is not known";
    }
    if (!trim.doubt.empty()) {
        return trim;
    }
    trim.segment_bytes = *segment_bytes;
    std::vector<Claim> claims;
    for (const auto& each : known) {
        claims.push_back(each.claim);
    }
    const auto archive = archive_of(depot, listing.stanza, trim.segment_bytes);
    const Needed needed(log_of(engine, depot, listing.stanza, archive, trim.segment_bytes), claims);
    trim.unknown_timelines = unknown_in(archive, needed);
    const auto directory = depot.path / "archive" / listing.stanza / archive.id;
    for (const auto& each : belongings_in(directory, trim.segment_bytes)) {
        if (!needed.contains(each.segment)) {
            add(trim, each, needed);
        }
    }
    return trim;
}

fs::path record_of(const Repository& repository) { return repository.path() / "trimmed"; }

/// "STANZA FIRST LAST MOMENT" a line; spans that touch are one.
void record(const Repository& repository, const Trim& trim, const std::vector<Span>& gone) {
    const auto text = read_own(record_of(repository)).value_or("");
    std::string others;
    for (const auto& line : split(text, '\n')) {
        if (!line.empty() && !line.starts_with(trim.stanza + " ")) {
            others += line + "\n";
        }
    }
    auto spans = trimmed_spans(repository, trim.stanza, trim.segment_bytes);
    spans.insert(spans.end(), gone.begin(), gone.end());
    std::ranges::sort(spans, {}, &Span::first);
    std::vector<Span> merged;
    for (const auto& span : spans) {
        const bool touches = !merged.empty() &&
                             merged.back().last.timeline == span.first.timeline &&
                             span.first.number <= merged.back().last.number + 1;
        if (touches) {
            merged.back().last.number = std::max(merged.back().last.number, span.last.number);
        } else {
            merged.push_back(span);
        }
    }
    for (const auto& span : merged) {
        others +=
            fmt::format("{} {} {} {}\n", trim.stanza, segment_name(span.first, trim.segment_bytes),
                        segment_name(span.last, trim.segment_bytes), timestamp(moment_now()));
    }
    write_file(record_of(repository), others, 0600, repository.owner());
}

void remove_file(const Trim& trim, std::size_t k, Trimmed& trimmed) {
    const auto& file = trim.files[k];
    std::error_code failure;
    const auto bytes = fs::file_size(file, failure);
    if (failure || !fs::remove(file, failure)) {
        if (failure && failure != std::errc::no_such_file_or_directory) {
            throw_file_error("remove", file, failure.value());
        }
        return;
    }
    ++trimmed.files;
    trimmed.bytes += bytes;
    fault::point("log-segment-removed");
    // The directory goes with its last file, and not while anything is in it.
    const bool was_last =
        k + 1 == trim.files.size() || trim.files[k + 1].parent_path() != file.parent_path();
    if (was_last) {
        fs::remove(file.parent_path(), failure);
    }
}

/// A set that somebody reads, and that may lead further than the plan has kept the log for.
std::string reader_in(const Repository& repository, const Needs& needs) {
    for (const auto& id : in_use(repository)) {
        const auto need = needs.find(id);
        if (need != needs.end() && need->second != Need::everything) {
            return id;
        }
    }
    return "";
}

}  // namespace

std::vector<Trim> plan_trim(const trust::Run& run, const Repository& repository,
                            const Needs& needs) {
    const Engine engine(run);
    const auto depot = depot_named(run, repository.name());
    const auto sets = repository.sets();
    std::vector<Trim> trims;
    for (const auto& listing : listings_of(run, engine, depot)) {
        trims.push_back(trim_of(engine, depot, listing, sets, needs));
    }
    return trims;
}

std::vector<Span> spans_of(const Trim& trim, std::size_t begin, std::size_t end) {
    const auto segment_at = [&](std::size_t i) {
        return parse_segment(trim.files[i].filename().string().substr(0, name_digits),
                             trim.segment_bytes)
            .value_or(Segment{});
    };
    const auto first = segment_at(begin == 0 ? 0 : begin - 1);
    const auto last = segment_at(end - 1);
    std::vector<Span> spans;
    for (const auto& span : trim.spans) {
        const auto from = std::max(span.first, first);
        const auto to = std::min(span.last, last);
        if (from <= to) {
            spans.push_back({from, to, 0, 0});
        }
    }
    return spans;
}

Trimmed trim(const Repository& repository, const Trim& trim, const Needs& needs) {
    Trimmed trimmed;
    if (!trim.doubt.empty() || trim.files.empty()) {
        trimmed.left = trim.doubt;
        return trimmed;
    }
    for (std::size_t i = 0; i < trim.files.size(); i += batch) {
        const auto gate = shut_gate(repository);
        if (const auto reader = reader_in(repository, needs); !reader.empty()) {
            trimmed.left = fmt::format("a restore or a drill reads {}", reader);
            return trimmed;
        }
        const auto end = std::min(i + batch, trim.files.size());
        // No more than what goes now: of what stays after all, a loss must show as a gap.
        record(repository, trim, spans_of(trim, i, end));
        fault::point("log-trim-recorded");
        for (auto k = i; k < end; ++k) {
            interrupt::check();
            remove_file(trim, k, trimmed);
        }
    }
    return trimmed;
}

std::vector<Span> trimmed_spans(const Repository& repository, const std::string& stanza,
                                std::uint64_t segment_bytes) {
    std::vector<Span> spans;
    for (const auto& line : split(read_own(record_of(repository)).value_or(""), '\n')) {
        const auto words = split(line, ' ');
        if (words.size() < 3 || words[0] != stanza) {
            continue;
        }
        const auto first = parse_segment(words[1], segment_bytes);
        const auto last = parse_segment(words[2], segment_bytes);
        if (first && last) {
            spans.push_back({*first, *last, 0, 0});
        }
    }
    return spans;
}

}  // namespace caisson::backups::physical

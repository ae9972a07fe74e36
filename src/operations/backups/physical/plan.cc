// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "operations/backups/physical/moments.h"
#include "operations/backups/physical/restore.h"
#include "operations/backups/physical/stream.h"

namespace caisson::backups::physical {
namespace {

constexpr double assumed_bytes_a_second = 150.0 * 1024 * 1024;
constexpr double assumed_segments_a_second = 6;

struct Source {
    Coverage coverage;
    std::vector<Found> sets;
    Depot depot;

    const Set* set(const std::string& id) const {
        for (const auto& found : sets) {
            if (found.set.id == id && found.mistake.empty() &&
                found.set.system_identifier == coverage.system_identifier) {
                return &found.set;
            }
        }
        return nullptr;
    }
};

/// The one that runs now first, then in the order of the manifest.
std::vector<Source> sources_of(const trust::Run& run, const Target& target,
                               std::vector<std::string>& problems) {
    std::vector<Source> sources;
    const auto repositories = repositories_of(run);
    for (auto& coverage : continuity(run)) {
        if (!target.repository.empty() && coverage.repository != target.repository) {
            continue;
        }
        if (!coverage.problem.empty()) {
            problems.push_back(
                fmt::format("repository {}: {}", coverage.repository, coverage.problem));
            continue;
        }
        const auto found = std::ranges::find(repositories, coverage.repository, &Repository::name);
        auto depot = depot_named(run, coverage.repository);
        sources.push_back({std::move(coverage), found->sets(), std::move(depot)});
    }
    std::ranges::stable_sort(sources, [](const Source& a, const Source& b) {
        return a.coverage.is_current > b.coverage.is_current;
    });
    return sources;
}

/// Whose last segment is the newest counts: "latest" is not the first repository's when that one
/// has fallen behind.
std::string newest_of(const Source& source) {
    std::string newest;
    for (const auto& stretch : source.coverage.stretches) {
        newest = std::max(newest, stretch.to);
    }
    return newest;
}

/// What stands between the end of the way and what came later.
void tell_gaps(RestorePlan& plan, const Source& source) {
    const auto& coverage = source.coverage;
    if (!coverage.falsely_archived.empty()) {
        plan.notes.push_back(
            fmt::format("the server was told that {} is archived, and it is not in {}: what was "
                        "committed from it on cannot be reached from there",
                        coverage.falsely_archived, coverage.repository));
    }
    const auto farthest = std::ranges::max_element(coverage.stretches, {}, &Stretch::to);
    if (coverage.gaps.empty() || farthest == coverage.stretches.end()) {
        return;
    }
    const auto& gap = coverage.gaps.back();
    if (gap.first.number < segment_number(farthest->window.to, coverage.segment_bytes)) {
        return;  // A later backup begins behind it.
    }
    const bool is_known = coverage.beyond > plan.newest;
    plan.notes.push_back(fmt::format(
        "{} of {} {}: what was committed from it on{} cannot be reached",
        segment_name(gap.first, coverage.segment_bytes), coverage.repository,
        gap.count == 1 ? "is missing" : fmt::format("and {} more are missing", gap.count - 1),
        is_known ? ", up to " + coverage.beyond + "," : ""));
    plan.newest = is_known ? coverage.beyond : plan.newest;
}

bool is_on(const Stretch& stretch, const Target& target) {
    return !target.timeline || stretch.window.timeline == *target.timeline;
}

/// The bases of the stretch that were whole at the moment, the last one first.
std::vector<const Set*> bases_before(const Source& source, const Stretch& stretch,
                                     const Target& target, std::int64_t moment) {
    std::vector<const Set*> bases;
    for (const auto& id : stretch.window.bases) {
        const auto* const set = source.set(id);
        const auto finished = set ? parse_moment(set->finished) : std::nullopt;
        if (finished && *finished <= moment && (target.base.empty() || target.base == id)) {
            bases.push_back(set);
        }
    }
    std::ranges::stable_sort(bases, std::greater<>(), [](const Set* set) { return set->finished; });
    return bases;
}

/// With the first of them; the others lead to the same moment.
void begin_with(RestorePlan& plan, const Source& source, const std::vector<const Set*>& sets) {
    const auto& set = *sets.front();
    plan.fallbacks.clear();
    for (const auto* const each : sets) {
        if (each != sets.front()) {
            plan.fallbacks.push_back(*each);
        }
    }
    plan.repository = source.depot.name;
    plan.depot = source.depot.number;
    plan.stanza = source.coverage.stanza;
    plan.set = set;
    plan.bytes = set.bytes;
    plan.newest = newest_of(source);
    tell_gaps(plan, source);
}

/// Fills in what follows from the choice.
void finish(RestorePlan& plan, const Source& source, Lsn until) {
    const auto start = parse_lsn(plan.set.lsn_stop).value_or(0);
    plan.segments = until > start ? (until - start) / source.coverage.segment_bytes + 1 : 1;
    plan.lost = plan.moment.empty() ? std::nullopt : seconds_between(plan.moment, plan.newest);
    if (plan.lost && *plan.lost < 0) {
        plan.lost = 0;
    }
}

void estimate(RestorePlan& plan, const Rates& rates) {
    const auto seconds =
        rates.other_seconds +
        static_cast<double>(plan.bytes) / rates.bytes_a_second.value_or(assumed_bytes_a_second) +
        static_cast<double>(plan.segments) /
            rates.segments_a_second.value_or(assumed_segments_a_second);
    plan.estimate = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string offers(const std::vector<Source>& sources, std::optional<std::int64_t> moment) {
    std::string before;
    std::string after;
    std::vector<std::string> all;
    for (const auto& source : sources) {
        for (const auto& stretch : source.coverage.stretches) {
            all.push_back(
                fmt::format("{} to {} ({})", stretch.from, stretch.to, source.coverage.repository));
            const auto from = parse_moment(stretch.from);
            const auto to = parse_moment(stretch.to);
            if (moment && to && *to < *moment && stretch.to > before) {
                before = stretch.to;
            }
            if (moment && from && *from > *moment && (after.empty() || stretch.from < after)) {
                after = stretch.from;
            }
        }
    }
    if (all.empty()) {
        return "there is no physical backup: caisson backup create --full";
    }
    std::vector<std::string> nearest;
    if (!before.empty()) {
        nearest.push_back(before + " before it");
    }
    if (!after.empty()) {
        nearest.push_back(after + " after it");
    }
    return (nearest.empty() ? std::string() : "the nearest are " + join(nearest, " and ") + "; ") +
           "restorable is " + join(all, ", ");
}

[[noreturn]] void refuse(const std::string& what, const std::vector<Source>& sources,
                         const std::vector<std::string>& problems,
                         std::optional<std::int64_t> moment = {}) {
    auto message = what;
    if (!problems.empty()) {
        message += " (" + join(problems, "; ") + ")";
    }
    throw Error(Code::backup_missing, message, offers(sources, moment));
}

/// Where the log behind the end of a set has its restore point for certain; a set that outlived the
/// archive has but its end.
bool has_point(const Set& set, const Source& source, const Stretch& stretch) {
    const auto size = source.coverage.segment_bytes;
    const auto behind = (segment_number(parse_lsn(set.lsn_stop).value_or(0), size) + 2) * size;
    return !set.restore_point.empty() && stretch.window.to >= behind;
}

bool plan_time(RestorePlan& plan, const Source& source, std::int64_t moment) {
    for (auto stretch = source.coverage.stretches.rbegin();
         stretch != source.coverage.stretches.rend(); ++stretch) {
        const auto to = parse_moment(stretch->to);
        const auto bases = bases_before(source, *stretch, plan.target, moment);
        if (!is_on(*stretch, plan.target) || bases.empty() || !to || moment > *to) {
            continue;
        }
        begin_with(plan, source, bases);
        plan.timeline = stretch->window.timeline;
        plan.moment = moment_text(moment);
        plan.passes_point = has_point(plan.set, source, *stretch);
        plan.type = "time";
        plan.value = replace_all(replace_all(plan.moment, "T", " "), "Z", "+00");
        finish(plan, source, stretch->window.to);
        return true;
    }
    return false;
}

bool plan_set(RestorePlan& plan, const Source& source) {
    const auto* const set = source.set(plan.target.value);
    if (set == nullptr || !set->is_physical()) {
        return false;
    }
    for (const auto& stretch : source.coverage.stretches) {
        if (!std::ranges::count(stretch.window.bases, set->id)) {
            continue;
        }
        begin_with(plan, source, {set});
        plan.timeline = stretch.window.timeline;
        plan.moment = set->finished;
        const bool is_named = has_point(*set, source, stretch);
        plan.type = is_named ? "name" : "immediate";
        plan.value = is_named ? set->restore_point : "";
        finish(plan, source,
               parse_lsn(set->lsn_stop).value_or(0) + 2 * source.coverage.segment_bytes);
        return true;
    }
    return false;
}

bool plan_latest(RestorePlan& plan, const Source& source) {
    for (auto stretch = source.coverage.stretches.rbegin();
         stretch != source.coverage.stretches.rend(); ++stretch) {
        constexpr auto ever = std::numeric_limits<std::int64_t>::max();
        const auto bases = bases_before(source, *stretch, plan.target, ever);
        if (!is_on(*stretch, plan.target) || bases.empty()) {
            continue;
        }
        begin_with(plan, source, bases);
        // Without a wish, whatever is the newest when it comes to it: the stream may know more.
        plan.timeline = plan.target.timeline.value_or(0);
        plan.moment = stretch->to;
        plan.type = stretch->window.last.timeline == 0 ? "immediate" : "default";
        plan.passes_point = has_point(plan.set, source, *stretch);
        finish(plan, source, stretch->window.to);
        return true;
    }
    return false;
}

/// Where in the log it lies is not known: from the newest set back.
bool plan_search(RestorePlan& plan, const Source& source) {
    std::vector<const Set*> bases;
    for (const auto& stretch : source.coverage.stretches) {
        for (const auto& id : stretch.window.bases) {
            const auto* const set = source.set(id);
            if (is_on(stretch, plan.target) && set && !std::ranges::count(bases, set)) {
                bases.push_back(set);
                plan.timeline = stretch.window.timeline;
            }
        }
    }
    if (bases.empty()) {
        return false;
    }
    std::ranges::sort(bases, std::greater<>(), [](const Set* set) { return set->finished; });
    if (plan.target.kind == Target::Kind::name) {
        const auto named = std::ranges::find(bases, plan.target.value, &Set::restore_point);
        if (named != bases.end()) {
            bases = {*named};
            plan.moment = (*named)->finished;
        }
    }
    begin_with(plan, source, {bases.front()});
    for (const auto* const each : bases) {
        if (each != bases.front()) {
            plan.earlier.push_back(*each);
        }
    }
    if (bases.size() > 1) {
        const auto& last = source.coverage.stretches.back().window.bases;
        for (const auto* const each : bases) {
            if (std::ranges::count(last, each->id)) {
                plan.reaching = *each;  // They come newest first.
            }
        }
    }
    plan.type = plan.target.kind == Target::Kind::xid ? "xid" : "name";
    plan.value = plan.target.value;
    if (plan.moment.empty()) {
        plan.notes.push_back(fmt::format(
            "whether the log has {} {}, and what is lost behind it, is known when it is "
            "replayed",
            plan.target.kind == Target::Kind::xid ? "the transaction" : "the point",
            plan.target.value));
    }
    finish(plan, source, source.coverage.stretches.back().window.to);
    return true;
}

}  // namespace

RestorePlan plan_restore(const trust::Run& run, const Target& target, const Rates& rates) {
    const bool is_xid = target.kind == Target::Kind::xid;
    const auto moment =
        target.kind == Target::Kind::time ? parse_moment(target.value) : std::nullopt;
    if ((target.kind == Target::Kind::time && !moment) ||
        (is_xid && (target.value.empty() || target.value.size() > 10 ||
                    target.value.find_first_not_of("0123456789") != std::string::npos)) ||
        (target.kind == Target::Kind::name && target.value.empty())) {
        throw Error(Code::usage,
                    fmt::format("\"{}\" is no {}", target.value,
                                moment || target.kind == Target::Kind::time
                                    ? "moment; expected one such as 2026-11-26T21:33:00Z"
                                : is_xid ? "transaction's number"
                                         : "name of a restore point"));
    }
    std::vector<std::string> problems;
    auto sources = sources_of(run, target, problems);
    RestorePlan plan;
    plan.target = target;
    if (target.kind == Target::Kind::latest) {
        std::ranges::stable_sort(
            sources, [](const Source& a, const Source& b) { return newest_of(a) > newest_of(b); });
    }
    for (const auto& source : sources) {
        const bool is_found = target.kind == Target::Kind::time  ? plan_time(plan, source, *moment)
                              : target.kind == Target::Kind::set ? plan_set(plan, source)
                              : target.kind == Target::Kind::latest ? plan_latest(plan, source)
                                                                    : plan_search(plan, source);
        if (is_found) {
            const bool is_streamed =
                !streamed_segments(run, source.coverage.system_identifier).empty();
            if (target.kind == Target::Kind::latest && is_streamed) {
                plan.uses_stream = true;
                plan.type = "default";
            }
            estimate(plan, rates);
            return plan;
        }
    }
    switch (target.kind) {
        case Target::Kind::time:
            refuse(fmt::format("{} is not covered by any backup and its log", target.value),
                   sources, problems, moment);
        case Target::Kind::set:
            refuse(fmt::format("there is no physical set {} that can be restored", target.value),
                   sources, problems);
        default:
            refuse("there is no physical backup that can be restored", sources, problems);
    }
}

}  // namespace caisson::backups::physical

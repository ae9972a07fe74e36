// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/sample/derive.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string>

#include <fmt/format.h>

namespace caisson::monitor {
namespace {

constexpr double day = 86'400;
/// Below these figures a share says nothing.
constexpr double least_blocks = 1'000;
constexpr double least_transactions = 20;
constexpr double least_questions = 100;
constexpr double least_requests = 20;
constexpr double least_checkpoints = 3;

/// Moments that servers tell are computed from a clock that is corrected now and then.
constexpr double tolerance = 10;

double seconds_of(std::chrono::milliseconds time) {
    return std::chrono::duration<double>(time).count();
}

bool has_changed(const Sample& before, const Sample& now, std::string_view metric,
                 const Labels& labels = {}) {
    const auto then = value_of(before, metric, labels);
    const auto at_present = value_of(now, metric, labels);
    return then && at_present && std::abs(*then - *at_present) > tolerance;
}

bool was_read(const Sample& sample, std::string_view group) {
    return sample.read_at.contains(group);
}

bool is_newer(const Sample& before, const Sample& now, std::string_view group) {
    const auto then = before.read_at.find(group);
    const auto at_present = now.read_at.find(group);
    return then != before.read_at.end() && at_present != now.read_at.end() &&
           at_present->second != then->second;
}

}  // namespace

std::optional<double> growth(const Sample& before, const Sample& now, std::string_view metric,
                             const Labels& labels) {
    const auto then = value_of(before, metric, labels);
    const auto at_present = value_of(now, metric, labels);
    if (!then || !at_present || *at_present < *then) {
        return std::nullopt;
    }
    return *at_present - *then;
}

bool is_derived(std::string_view metric) {
    static constexpr std::array<std::string_view, 22> derived = {
        "cache.hit_percent",
        "cache.new_load_failures",
        "checkpoints.requested_percent",
        "databases.deadlocks_per_minute",
        "databases.hit_percent",
        "databases.new_checksum_failures",
        "databases.new_temp_files",
        "databases.rollback_percent",
        "databases.transactions_per_second",
        "disks.full_in",
        "host.cpu_percent",
        "host.iowait_percent",
        "host.new_oom_kills",
        "http.failed_percent",
        "http.per_second",
        "pool.new_timeouts",
        "redis.commands_per_second",
        "redis.hit_percent",
        "redis.new_rejected",
        "sizes.growth_per_day",
        "statements.slow",
        "wal.bytes_per_second"};
    return std::ranges::binary_search(derived, metric);
}

void Deriver::add(Sample& sample, std::chrono::milliseconds age) {
    std::vector<Reading> derived;
    if (before_) {
        const auto elapsed = age - before_age_;
        find_gaps(sample, elapsed);
        const double seconds = std::chrono::duration<double>(elapsed).count();
        if (!is_gap(sample, "") && seconds > 0) {
            derive_databases(sample, seconds, derived);
            derive_server(sample, seconds, derived);
            derive_host(sample, derived);
            derive_redis(sample, seconds, derived);
            derive_own(sample, seconds, derived);
        }
    } else {
        sample.gaps.push_back({"", "the first sample"});
    }
    derive_hourly(sample, age, derived);
    std::ranges::move(derived, std::back_inserter(sample.readings));
    sample.finish();
    const auto unseen = moments_that_are_missing(sample);
    before_ = sample;
    before_->readings.insert(before_->readings.end(), unseen.begin(), unseen.end());
    before_->finish();
    before_age_ = age;
}

/// Since when a server runs and counts is remembered while it is away: that it is another one
/// afterwards is not to be missed.
std::vector<Reading> Deriver::moments_that_are_missing(const Sample& sample) const {
    std::vector<Reading> missing;
    for (const auto* metric : {"server.started_at", "redis.started_at", "databases.since"}) {
        if (!before_ || !series_of(sample, metric).empty()) {
            continue;  // A database that is gone while others are there is gone.
        }
        for (const auto* reading : series_of(*before_, metric)) {
            missing.push_back(*reading);
        }
    }
    return missing;
}

/// Redis tells for how long it has run, and its start is computed from that and from our clock:
/// what it has run is compared, so that a clock that jumps restarts nothing.
bool Deriver::has_redis_restarted(const Sample& sample, std::chrono::milliseconds elapsed) const {
    const auto run_until = [](const Sample& of) -> std::optional<double> {
        const auto started = value_of(of, "redis.started_at");
        return started ? std::optional(seconds_of(of.at.time_since_epoch()) - *started)
                       : std::nullopt;
    };
    const auto before = run_until(*before_);
    const auto now = run_until(sample);
    return before && now && *now + tolerance < *before + seconds_of(elapsed);
}

bool Deriver::is_gap(const Sample& sample, std::string_view group) const {
    return std::ranges::any_of(sample.gaps, [&](const Gap& gap) { return gap.what == group; });
}

void Deriver::find_gaps(Sample& sample, std::chrono::milliseconds elapsed) {
    using std::chrono::milliseconds;
    const auto pause = [](milliseconds time) { return fmt::format("{:.0f} s", seconds_of(time)); };
    if (elapsed > interval_ * 3) {
        sample.gaps.push_back({"", "nothing was read for " + pause(elapsed)});
    }
    const auto by_clock = sample.at - before_->at;
    if (std::chrono::abs(by_clock - elapsed) >
        std::max<milliseconds>(interval_, milliseconds(5000))) {
        sample.gaps.push_back(
            {"clock", fmt::format("the clock jumped by {}", pause(by_clock - elapsed))});
    }
    if (has_changed(*before_, sample, "server.started_at")) {
        for (const auto* group : {"server", "databases", "wal", "archiver", "checkpoints"}) {
            sample.gaps.push_back({group, "the server was restarted"});
        }
        for (const auto* figure : {"checkpoints.timed ", "checkpoints.requested "}) {
            hour_.forget(figure);  // Disks know nothing of it.
        }
    } else if (value_of(*before_, "server.up") == 0.0 && value_of(sample, "server.up") == 1.0) {
        for (const auto* group : {"server", "databases", "wal", "archiver", "checkpoints"}) {
            sample.gaps.push_back({group, "the server was away"});
        }
    }
    if (has_redis_restarted(sample, elapsed)) {
        sample.gaps.push_back({"redis", "Redis was restarted"});
    } else if (value_of(*before_, "redis.up") == 0.0 && value_of(sample, "redis.up") == 1.0) {
        sample.gaps.push_back({"redis", "Redis was away"});
    }
    for (const auto* since : series_of(sample, "databases.since")) {
        // Statistics that were never reset have no moment: one that is there now is a reset.
        const bool is_new = !value_of(*before_, "databases.since", since->labels) &&
                            value_of(*before_, "databases.commits", since->labels);
        if (is_new || has_changed(*before_, sample, "databases.since", since->labels)) {
            sample.gaps.push_back({"databases " + std::string(label_of(since->labels, "datname")),
                                   "statistics were reset"});
        }
    }
}

void Deriver::derive_databases(const Sample& sample, double seconds,
                               std::vector<Reading>& derived) const {
    if (!was_read(sample, "databases") || is_gap(sample, "databases")) {
        return;
    }
    for (const auto* database : series_of(sample, "databases.commits")) {
        const auto& labels = database->labels;
        if (is_gap(sample, "databases " + std::string(label_of(labels, "datname")))) {
            continue;
        }
        const auto grown = [&](std::string_view name) {
            return growth(*before_, sample, name, labels);
        };
        const auto put = [&](std::string_view name, double value) {
            derived.push_back({name, labels, value});
        };
        if (const auto done = grown("databases.commits"), undone = grown("databases.rollbacks");
            done && undone) {
            const double all = *done + *undone;
            put("databases.transactions_per_second", all / seconds);
            if (all >= least_transactions) {
                put("databases.rollback_percent", 100 * *undone / all);
            }
        }
        if (const auto hit = grown("databases.blocks_hit"), read = grown("databases.blocks_read");
            hit && read && *hit + *read >= least_blocks) {
            put("databases.hit_percent", 100 * *hit / (*hit + *read));
        }
        if (const auto deadlocks = grown("databases.deadlocks")) {
            put("databases.deadlocks_per_minute", *deadlocks * 60 / seconds);
        }
        if (const auto files = grown("databases.temp_files")) {
            put("databases.new_temp_files", *files);
        }
        if (const auto failures = grown("databases.checksum_failures")) {
            put("databases.new_checksum_failures", *failures);
        }
    }
}

void Deriver::derive_server(const Sample& sample, double seconds,
                            std::vector<Reading>& derived) const {
    if (was_read(sample, "wal") && !is_gap(sample, "wal")) {
        if (const auto written = growth(*before_, sample, "wal.written")) {
            derived.push_back({"wal.bytes_per_second", {}, *written / seconds});
        }
    }
}

void Deriver::derive_host(const Sample& sample, std::vector<Reading>& derived) const {
    double all = 0;
    double idle = 0;
    double waiting = 0;
    for (const auto* mode : series_of(sample, "host.cpu_seconds")) {
        const auto grown = growth(*before_, sample, "host.cpu_seconds", mode->labels);
        const auto name = label_of(mode->labels, "mode");
        // The kernel's count of waiting may fall by a tick: that is none, not a reset.
        all += grown.value_or(0);
        idle += name == "idle" || name == "iowait" ? grown.value_or(0) : 0;
        waiting += name == "iowait" ? grown.value_or(0) : 0;
    }
    if (all > 0) {
        derived.push_back({"host.cpu_percent", {}, 100 * (all - idle) / all});
        derived.push_back({"host.iowait_percent", {}, 100 * waiting / all});
    }
    if (const auto kills = growth(*before_, sample, "host.oom_kills")) {
        derived.push_back({"host.new_oom_kills", {}, *kills});
    }
}

void Deriver::derive_redis(const Sample& sample, double seconds,
                           std::vector<Reading>& derived) const {
    if (!was_read(sample, "redis") || is_gap(sample, "redis")) {
        return;
    }
    if (const auto commands = growth(*before_, sample, "redis.commands")) {
        derived.push_back({"redis.commands_per_second", {}, *commands / seconds});
    }
    if (const auto rejected = growth(*before_, sample, "redis.rejected")) {
        derived.push_back({"redis.new_rejected", {}, *rejected});
    }
    const auto hits = growth(*before_, sample, "redis.hits");
    const auto misses = growth(*before_, sample, "redis.misses");
    if (hits && misses && *hits + *misses >= least_questions) {
        derived.push_back({"redis.hit_percent", {}, 100 * *hits / (*hits + *misses)});
    }
}

/// Counters of a daemon begin anew with it, and so does what is derived.
void Deriver::derive_own(const Sample& sample, double seconds,
                         std::vector<Reading>& derived) const {
    for (const auto* reading : series_of(sample, "pool.timeouts")) {
        if (const auto grown = growth(*before_, sample, "pool.timeouts", reading->labels)) {
            derived.push_back({"pool.new_timeouts", reading->labels, *grown});
        }
    }
    if (const auto answered = growth(*before_, sample, "http.answered")) {
        derived.push_back({"http.per_second", {}, *answered / seconds});
        const auto failed = growth(*before_, sample, "http.failed");
        if (failed && *answered >= least_requests) {
            derived.push_back({"http.failed_percent", {}, 100 * *failed / *answered});
        }
    }
    // Of those patterns that were there before: one that is new began in between.
    const auto sum = [&](std::string_view metric) {
        std::optional<double> total;
        for (const auto* reading : series_of(sample, metric)) {
            if (const auto grown = growth(*before_, sample, metric, reading->labels)) {
                total = total.value_or(0) + *grown;
            }
        }
        return total;
    };
    const auto kept = sum("cache.kept");
    const auto misses = sum("cache.misses");
    if (kept && misses && *kept + *misses >= least_questions) {
        derived.push_back({"cache.hit_percent", {}, 100 * *kept / (*kept + *misses)});
    }
    if (const auto failures = sum("cache.load_failures")) {
        derived.push_back({"cache.new_load_failures", {}, *failures});
    }
}

/// What changes too slowly for two samples.
void Deriver::derive_hourly(Sample& sample, std::chrono::milliseconds age,
                            std::vector<Reading>& derived) {
    const auto remember = [&](std::string_view metric) {
        for (const auto* reading : series_of(sample, metric)) {
            const auto figure = std::string(metric) + " " + text_of(reading->labels);
            if (const auto then =
                    before_ ? value_of(*before_, metric, reading->labels) : std::nullopt;
                metric.starts_with("checkpoints.") && then && reading->value < *then) {
                hour_.forget(figure);
            }
            hour_.add(figure, age, reading->value);
        }
    };
    remember("checkpoints.timed");
    remember("checkpoints.requested");
    remember("disks.free");
    if (!before_ || is_newer(*before_, sample, "sizes")) {
        remember("sizes.database");
    }
    const auto timed = hour_.growth("checkpoints.timed ");
    const auto requested = hour_.growth("checkpoints.requested ");
    if (timed && requested && *timed + *requested >= least_checkpoints) {
        derived.push_back(
            {"checkpoints.requested_percent", {}, 100 * *requested / (*timed + *requested)});
    }
    for (const auto* disk : series_of(sample, "disks.free")) {
        const auto slope = hour_.slope("disks.free " + text_of(disk->labels));
        if (!slope) {
            sample.too_young.push_back(
                {"disks.full_in", disk->labels, "the disk is watched for less than ten minutes"});
        } else if (*slope < 0) {
            derived.push_back({"disks.full_in", disk->labels, disk->value / -*slope});
        }
    }
    for (const auto* size : series_of(sample, "sizes.database")) {
        if (const auto slope = hour_.slope("sizes.database " + text_of(size->labels))) {
            derived.push_back({"sizes.growth_per_day", size->labels, *slope * day});
        }
    }
}

}  // namespace caisson::monitor

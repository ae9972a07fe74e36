// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/collector.h"

#include <set>

#include "base/clock.h"
#include "operations/monitor/collect/group.h"
#include "operations/monitor/sample/catalogue.h"

namespace caisson::monitor {
namespace {

/// Of what is not there, nothing is left out; and what others add is read whenever they are asked.
/// Groups that this module reads say themselves when they were.
void mark_others_as_read(const Targets& targets, Sample& sample) {
    std::set<std::string_view> own = {"host", "disks"};
    if (!targets.databases.empty()) {
        own.insert("statements");
        for (const auto& group : groups()) {
            own.insert(group.name);
        }
    }
    if (targets.redis) {
        own.insert("redis");
    }
    if (targets.pgbouncer) {
        own.insert("pgbouncer");
    }
    for (const auto& row : catalogue()) {
        if (!own.contains(row.group)) {
            sample.read_at.try_emplace(std::string(row.group), sample.at);
        }
    }
}

}  // namespace

Collector::Collector(Targets targets, Limits limits)
    : targets_(std::move(targets)),
      postgres_(targets_.databases, limits),
      redis_(targets_.redis ? std::make_unique<RedisCollector>(*targets_.redis) : nullptr),
      pgbouncer_(targets_.pgbouncer ? std::make_unique<PgBouncerCollector>(*targets_.pgbouncer)
                                    : nullptr),
      derive_(limits.interval) {}

Sample Collector::collect(bool everything) {
    Sample sample;
    const Stopwatch watch;
    const auto age = age_now();
    sample.at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (!targets_.databases.empty()) {
        postgres_.read(sample, everything);
    }
    if (redis_) {
        redis_->read(sample);
    }
    if (pgbouncer_) {
        pgbouncer_->read(sample);
    }
    read_host(targets_.host, sample);
    for (const auto& more : targets_.more) {
        more(sample);
    }
    mark_others_as_read(targets_, sample);
    sample.took = std::chrono::duration_cast<std::chrono::microseconds>(watch.elapsed());
    sample.add("monitor.sample_seconds", std::chrono::duration<double>(sample.took).count());
    sample.add("monitor.unknowns", static_cast<double>(sample.unknowns.size()));
    sample.add("monitor.readings", static_cast<double>(sample.readings.size()));
    sample.finish();
    derive_.add(sample, age);
    return sample;
}

}  // namespace caisson::monitor

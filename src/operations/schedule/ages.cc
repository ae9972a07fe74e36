// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/ages.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::schedule {
namespace {

using std::chrono::seconds;

std::optional<seconds> since(const std::optional<Moment>& moment, Moment now) {
    return moment ? std::optional(std::max(seconds(0), now - *moment)) : std::nullopt;
}

Moment deadline(const Job& job, Moment base) {
    const auto expected = job.cron.next(base);
    const seconds between = job.cron.next(expected) - expected;
    return expected + job.jitter + std::max<seconds>(std::chrono::hours(1), between / 2);
}

}  // namespace

std::string age_text(seconds age) {
    const auto count = age.count();
    const auto in = [&](std::int64_t unit, std::string_view one) {
        return counted(static_cast<std::size_t>((count + unit / 2) / unit), one);
    };
    return count < 90           ? in(1, "second")
           : count < 90 * 60    ? in(60, "minute")
           : count < 48 * 3600L ? in(3600, "hour")
                                : in(24 * 3600L, "day");
}

std::vector<Age> ages(const std::vector<Job>& jobs, const History& history, Moment now) {
    std::vector<Age> list;
    for (const auto& job : jobs) {
        const auto found = history.jobs.find(job.name);
        const auto record =
            found == history.jobs.end() ? Record{now, {}, {}, {}, {}, 0, {}, {}} : found->second;
        Age age;
        age.job = job.name;
        age.success = since(record.success, now);
        age.failure = since(record.failure, now);
        age.succeeded = record.succeeded;
        age.failed = record.failed;
        if (record.succeeded > 0) {
            age.took = record.took;
        }
        age.is_failing = record.failure && (!record.success || *record.failure > *record.success);
        age.mistake = age.is_failing ? record.mistake : "";
        if (now > deadline(job, record.success.value_or(record.since))) {
            age.alarm = age.success
                            ? fmt::format("the newest success of {} is {} old", job.name,
                                          age_text(*age.success))
                            : fmt::format("{} has never succeeded, in {} since it is scheduled",
                                          job.name, age_text(now - record.since));
        }
        if (age.alarm.empty() && !age.is_failing && !record.complaint.empty()) {
            age.alarm = fmt::format("{} succeeded, but: {}", job.name, record.complaint);
        }
        list.push_back(std::move(age));
    }
    return list;
}

}  // namespace caisson::schedule

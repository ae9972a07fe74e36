// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/due.h"

#include <algorithm>

namespace caisson::schedule {
namespace {

using std::chrono::seconds;

/// The newest occurrence whose delay has passed.
Moment newest_occurrence(const Job& job, const std::string& host, Moment now) {
    auto occurrence = job.cron.last(now);
    while (occurrence + delay_of(job, host, occurrence) > now) {
        occurrence = job.cron.last(occurrence - seconds(1));
    }
    return occurrence;
}

/// How many occurrences lie between two, without them. Counted up to a thousand.
int between(const Job& job, Moment first, Moment last) {
    int count = 0;
    for (auto at = job.cron.next(first); at < last && count < 1000; at = job.cron.next(at)) {
        ++count;
    }
    return count;
}

/// Up to where nothing is missed.
Moment handled(const Record& record) {
    return std::max(record.since, record.occurrence.value_or(record.since));
}

/// The next attempt at an occurrence that failed.
std::optional<Due> retry(const Job& job, const Record& record) {
    if (record.failures == 0 || record.failures >= job.attempts || !record.occurrence ||
        !record.failure) {
        return std::nullopt;
    }
    const auto wait = job.back_off * (std::int64_t{1} << std::min(record.failures - 1, 20));
    return Due{job.name, *record.occurrence, *record.failure + wait, record.failures + 1, 0};
}

Due upcoming(const Job& job, const std::string& host, Moment after) {
    const auto occurrence = job.cron.next(after);
    return {job.name, occurrence, occurrence + delay_of(job, host, occurrence), 1, 0};
}

/// What is due or comes next.
Due nearest(const Job& job, const Record& record, const std::string& host, Moment now) {
    const auto done = handled(record);
    const auto newest = newest_occurrence(job, host, now);
    if (newest > done) {
        return {job.name, newest, newest + delay_of(job, host, newest), 1,
                between(job, done, newest)};
    }
    // Where the delay of the newest occurrence has not passed, that is what comes.
    auto coming = upcoming(job, host, std::max(done, newest));
    const auto again = retry(job, record);
    return again && again->at < coming.at ? *again : coming;
}

}  // namespace

std::vector<Due> next(const std::vector<Job>& jobs, const History& history, const std::string& host,
                      Moment now) {
    std::vector<Due> list;
    for (const auto& job : jobs) {
        const auto found = history.jobs.find(job.name);
        const auto record =
            found == history.jobs.end() ? Record{now, {}, {}, {}, {}, 0, {}, {}} : found->second;
        list.push_back(nearest(job, record, host, now));
    }
    return list;
}

std::vector<Due> due(const std::vector<Job>& jobs, const History& history, const std::string& host,
                     Moment now) {
    auto list = next(jobs, history, host, now);
    std::erase_if(list, [&](const Due& each) { return each.at > now; });
    std::ranges::stable_sort(list, {}, [](const Due& each) { return each.at; });
    return list;
}

}  // namespace caisson::schedule

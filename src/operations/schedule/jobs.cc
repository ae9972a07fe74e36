// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/jobs.h"

#include <cstdint>

#include <fmt/format.h>

#include "base/crypto.h"

namespace caisson::schedule {

std::vector<Job> jobs_of(const platform::Backups& backups) {
    std::vector<Job> jobs;
    for (const auto& name : platform::backup_jobs()) {
        const auto found = backups.schedule.find(name);
        if (found == backups.schedule.end()) {
            continue;
        }
        if (auto cron = platform::Cron::parse(found->second)) {
            jobs.push_back(
                {name, std::move(*cron), std::chrono::floor<std::chrono::seconds>(backups.jitter)});
        }
    }
    return jobs;
}

std::chrono::seconds delay_of(const Job& job, const std::string& host, Moment occurrence) {
    if (job.jitter.count() <= 0) {
        return std::chrono::seconds(0);
    }
    const auto digits =
        sha256_hex(fmt::format("{}\n{}\n{}", host, job.name, occurrence.time_since_epoch().count()))
            .substr(0, 15);
    return std::chrono::seconds(std::stoll(digits, nullptr, 16) % job.jitter.count());
}

}  // namespace caisson::schedule

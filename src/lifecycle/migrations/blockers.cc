// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/blockers.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/interrupt.h"
#include "lifecycle/migrations/body.h"

namespace caisson::migrations {

std::string Blocker::text() const {
    auto doing = state;
    if (!since.empty()) {
        doing += fmt::format("{}since {}", doing.empty() ? "" : " ", since);
    }
    if (!query.empty()) {
        doing += fmt::format("{}{}", doing.empty() ? "" : ": ", shortened(query, 80));
    }
    return fmt::format("server process {} ({} of {}{}{})", process,
                       application.empty() ? "a program" : application, user,
                       doing.empty() ? "" : ", ", doing);
}

std::vector<Blocker> blockers_of(pg::Connection& connection, int process) {
    std::vector<Blocker> found;
    const auto rows = connection.query(
        "select a.pid, coalesce(a.usename, '') as usename, coalesce(a.application_name, '') as "
        "application, coalesce(a.state, '') as state, coalesce(to_char(a.xact_start, "
        "'HH24:MI:SS'), '') as since, case when a.query = '<insufficient privilege>' then '' else "
        "coalesce(a.query, '') end as query from pg_stat_activity a where a.pid = any "
        "(pg_blocking_pids($1)) order by a.xact_start",
        {process});
    for (const auto row : rows) {
        found.push_back({static_cast<int>(row.integer("pid")), std::string(row.text("usename")),
                         std::string(row.text("application")), std::string(row.text("state")),
                         std::string(row.text("since")), std::string(row.text("query"))});
    }
    return found;
}

BlockerWatch::BlockerWatch(pg::Settings settings, std::chrono::milliseconds patience)
    : settings_(std::move(settings)), patience_(patience), thread_([this] { watch(); }) {}

BlockerWatch::~BlockerWatch() {
    {
        const std::lock_guard guard(mutex_);
        ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void BlockerWatch::begin(int process) {
    const std::lock_guard guard(mutex_);
    process_ = process;
    since_ = std::chrono::steady_clock::now();
}

void BlockerWatch::end() {
    const std::lock_guard guard(mutex_);
    process_ = 0;
}

std::vector<Blocker> BlockerWatch::take() {
    const std::lock_guard guard(mutex_);
    return std::exchange(seen_, {});
}

void BlockerWatch::watch() {
    const interrupt::Shield shield;
    std::optional<pg::Connection> own;
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, patience_, [this] { return ends_; })) {
        const auto process = process_;
        if (process == 0 || std::chrono::steady_clock::now() - since_ < patience_) {
            continue;
        }
        lock.unlock();
        std::vector<Blocker> found;
        try {
            if (!own) {
                own.emplace(settings_);
            }
            found = blockers_of(*own, process);
        } catch (const Error&) {
            // Names are a courtesy: the run does without.
            own.reset();
        }
        lock.lock();
        if (!found.empty()) {
            seen_ = std::move(found);
        }
    }
}

}  // namespace caisson::migrations

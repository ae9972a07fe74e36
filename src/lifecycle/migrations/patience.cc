// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/patience.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <poll.h>

#include "base/interrupt.h"
#include "base/text.h"

namespace caisson::migrations {
namespace {

using std::chrono::milliseconds;

/// Doubled with each attempt, never long, and never the same for two runs that meet.
milliseconds pause_after(int attempt) {
    static thread_local std::minstd_rand random{std::random_device{}()};
    constexpr int longest = 2000;
    const auto whole = std::min(longest, 50 << std::min(attempt, 6));
    return milliseconds(std::uniform_int_distribution<int>(whole / 2, whole)(random));
}

void sleep(milliseconds pause) {
    const auto end = std::chrono::steady_clock::now() + pause;
    while (std::chrono::steady_clock::now() < end) {
        ::poll(nullptr, 0, static_cast<int>(std::min(pause, milliseconds{50}).count()));
        interrupt::check();
    }
}

std::string text_of(const std::vector<Blocker>& blockers) {
    std::vector<std::string> texts;
    for (const auto& blocker : blockers) {
        texts.push_back(blocker.text());
    }
    return join(texts, ", ");
}

}  // namespace

bool is_lock_failure(std::string_view sqlstate) {
    return sqlstate == pg::sqlstate::lock_not_available || sqlstate == "40P01";
}

Patience::Patience(const Options& options, const pg::Connection& connection, bool pooled)
    : options_(options), process_(connection.backend_process()) {
    // Through a pooler nobody knows which server process works for us.
    if (!pooled && options.rules.lock_timeout.count() > 0) {
        watch_ = std::make_unique<BlockerWatch>(options.observer.value_or(connection.settings()),
                                                options.rules.lock_timeout / 3 + milliseconds(1));
    }
}

milliseconds Patience::lock_timeout(const Step& step) const {
    return step.directives().lock_timeout.value_or(options_.rules.lock_timeout);
}

Patience::Watched::Watched(const Patience& patience) : patience_(patience) {
    if (patience_.watch_) {
        patience_.watch_->begin(patience_.process_);
    }
}

Patience::Watched::~Watched() {
    if (patience_.watch_) {
        patience_.watch_->end();
    }
}

void Patience::pause(const Step& step, const Error& error, int attempt) {
    const auto blockers = watch_ ? text_of(watch_->take()) : "";
    if (attempt > options_.rules.lock_retries) {
        Error locked(
            Code::locked,
            fmt::format("{}; tried {}, each waiting {} at most{}{}", error.message(),
                        counted(static_cast<std::size_t>(attempt), "time"),
                        human(lock_timeout(step)), blockers.empty() ? "" : "; held by ", blockers),
            "run again when that is over, or give it longer: lock_timeout and lock_retries under "
            "[migrations], `-- caisson: lock-timeout 5s` in the file");
        for (const auto& [key, value] : error.facts()) {
            locked.with(key, value);
        }
        throw locked;
    }
    if (options_.on_blocked) {
        options_.on_blocked(step, blockers, attempt);
    }
    sleep(pause_after(attempt));
}

}  // namespace caisson::migrations

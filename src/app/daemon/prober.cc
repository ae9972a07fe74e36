// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/prober.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/text.h"

namespace caisson::daemon {
namespace {

using std::chrono::steady_clock;

double milliseconds_of(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

void log_change(const Probe& probe, const Reading* before, const Reading& after) {
    if (before && before->presence == after.presence) {
        return;
    }
    const auto kind = probe.is_database ? "database" : "redis";
    if (after.presence == Presence::connected) {
        log::info(
            "dependency_connected",
            {{"kind", kind}, {"name", probe.name}, {"latency_ms", milliseconds_of(after.latency)}});
    } else {
        log::warning("dependency_lost", {{"kind", kind},
                                         {"name", probe.name},
                                         {"status", name_of(after.presence)},
                                         {"error", after.error}});
    }
}

}  // namespace

std::string_view name_of(Presence presence) {
    switch (presence) {
        case Presence::connected:
            return "connected";
        case Presence::standby:
            return "standby";
        case Presence::unreachable:
            break;
    }
    return "unreachable";
}

Prober::Prober(std::vector<Probe> probes, ProberLimits limits,
               std::function<void(Finding&)> complete)
    : probes_(std::move(probes)),
      limits_(limits),
      complete_(std::move(complete)),
      runners_(probes_.size()) {}

void Prober::start() {
    for (std::size_t i = 0; i < probes_.size(); ++i) {
        runners_[i].thread = std::thread([this, i] { run_probe(i); });
    }
    rounds_ = std::thread([this] { run_rounds(); });
}

void Prober::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
        waiting_.clear();
    }
    asked_.notify_all();
    wanted_.notify_all();
    came_back_.notify_all();
}

Prober::~Prober() {
    stop();
    if (rounds_.joinable()) {
        rounds_.join();
    }
    for (auto& runner : runners_) {
        if (runner.thread.joinable()) {
            runner.thread.join();
        }
    }
}

void Prober::ask(Answer answer) {
    std::shared_ptr<const Finding> fresh;
    {
        const std::lock_guard lock(mutex_);
        if (!last_ || steady_clock::now() - last_->at > limits_.fresh) {
            waiting_.push_back(std::move(answer));
            asked_.notify_one();
            return;
        }
        fresh = last_;
    }
    answer(fresh);
}

std::shared_ptr<const Finding> Prober::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

void Prober::run_probe(std::size_t index) {
    const interrupt::Shield shield;
    auto& runner = runners_[index];
    std::unique_lock lock(mutex_);
    while (true) {
        wanted_.wait(lock, [&] { return is_stopped_ || runner.is_wanted; });
        if (is_stopped_) {
            return;
        }
        runner.is_wanted = false;
        runner.is_busy = true;
        lock.unlock();
        Reading reading;
        const Stopwatch watch;
        try {
            reading = probes_[index].read();
        } catch (const std::exception& failure) {
            reading.error = failure.what();
        }
        if (reading.latency.count() == 0) {
            reading.latency = watch.elapsed();
        }
        lock.lock();
        runner.is_busy = false;
        runner.reading = std::move(reading);
        came_back_.notify_one();
    }
}

void Prober::run_rounds() {
    const interrupt::Shield shield;
    std::unique_lock lock(mutex_);
    while (!is_stopped_) {
        for (auto& runner : runners_) {
            // One that has not come back since the last round is not asked twice.
            runner.is_wanted = !runner.is_busy;
            runner.reading.reset();
        }
        wanted_.notify_all();
        came_back_.wait_for(lock, limits_.wait, [&] {
            return is_stopped_ ||
                   std::all_of(runners_.begin(), runners_.end(),
                               [](const Runner& runner) { return runner.reading.has_value(); });
        });
        if (is_stopped_) {
            return;
        }
        lock.unlock();
        const auto finding = conclude();
        lock.lock();
        last_ = finding;
        auto answers = std::exchange(waiting_, {});
        lock.unlock();
        for (const auto& answer : answers) {
            answer(finding);
        }
        answers.clear();
        lock.lock();
        asked_.wait_for(lock, limits_.pulse, [&] { return is_stopped_ || !waiting_.empty(); });
    }
}

/// The readings of a round that is over.
std::shared_ptr<const Finding> Prober::conclude() {
    auto finding = std::make_shared<Finding>();
    std::shared_ptr<const Finding> before;
    {
        const std::lock_guard lock(mutex_);
        before = last_;
        for (const auto& runner : runners_) {
            finding->readings.push_back(
                runner.reading.value_or(Reading{Presence::unreachable,
                                                limits_.wait,
                                                "no answer within " + human(limits_.wait),
                                                {}}));
        }
    }
    for (std::size_t i = 0; i < probes_.size(); ++i) {
        log_change(probes_[i], before ? &before->readings[i] : nullptr, finding->readings[i]);
    }
    finding->at = steady_clock::now();
    if (complete_) {
        complete_(*finding);
    }
    return finding;
}

}  // namespace caisson::daemon

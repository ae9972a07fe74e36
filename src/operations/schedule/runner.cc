// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/runner.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace caisson::schedule {

Runner::Runner(Options options) : options_(std::move(options)) {}

Runner::~Runner() { stop(); }

void Runner::start() {
    if (!thread_.joinable()) {
        stops_ = false;
        thread_ = std::thread([this] { loop(); });
    }
}

void Runner::stop() {
    {
        const std::lock_guard lock(mutex_);
        stops_ = true;
    }
    stopping_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Runner::loop() {
    while (true) {
        bool has_run = false;
        try {
            has_run = step();
        } catch (const std::exception& failure) {
            say(fmt::format("the schedule could not be looked at: {}", failure.what()));
        }
        std::unique_lock lock(mutex_);
        // Right after a job the next one may be due.
        if (stopping_.wait_for(lock, has_run ? std::chrono::milliseconds(0) : options_.pause,
                               [&] { return stops_; })) {
            return;
        }
    }
}

void Runner::say(const std::string& text) const {
    if (options_.say) {
        options_.say(text);
    }
}

/// The file's, settled; what it lacks because it could not be written is added.
History Runner::read() {
    std::vector<std::string> notes;
    const auto loaded = load(options_.state, notes);
    if (!notes.empty()) {
        set_aside(options_.state);
    }
    auto history = loaded;
    {
        const std::lock_guard lock(mutex_);
        if (is_unsaved_) {
            history = history_;
        }
    }
    history = settled(std::move(history), options_.jobs, options_.clock(), notes);
    std::ranges::for_each(notes, [&](const std::string& note) { say(note); });
    if (history != loaded) {
        write(history);
    }
    const std::lock_guard lock(mutex_);
    history_ = history;
    return history;
}

/// Without a file the schedule goes on by memory: what frees a full disk must be run, too.
void Runner::write(const History& history) {
    std::string mistake;
    try {
        save(options_.state, history, options_.owner);
    } catch (const Error& error) {
        mistake = error.message();
    }
    bool was_unsaved = false;
    {
        const std::lock_guard lock(mutex_);
        history_ = history;
        was_unsaved = std::exchange(is_unsaved_, !mistake.empty());
    }
    if (!mistake.empty() && !was_unsaved) {
        say(fmt::format("the history of jobs is kept in memory only: {}", mistake));
    }
}

bool Runner::step() {
    const auto seen = read();
    const bool is_unended = std::ranges::any_of(
        seen.jobs, [](const auto& each) { return each.second.running.has_value(); });
    if (!is_unended && due(options_.jobs, seen, options_.host, options_.clock()).empty()) {
        return false;
    }
    const auto lease = options_.lease();
    if (!lease) {
        return false;
    }
    // Who had it before us may have run just that.
    std::vector<std::string> notes;
    auto history = interrupted(read(), options_.clock(), notes);
    if (!notes.empty()) {
        std::ranges::for_each(notes, [&](const std::string& note) { say(note); });
        write(history);
    }
    const auto list = due(options_.jobs, history, options_.host, options_.clock());
    if (list.empty()) {
        return false;
    }
    run(list.front(), std::move(history));
    return true;
}

void Runner::run(const Due& due, History history) {
    const auto before = history;
    history = begun(std::move(history), due.job, due.occurrence, options_.clock(), options_.host);
    write(history);
    {
        const std::lock_guard lock(mutex_);
        running_ = due.job;
    }
    std::string mistake;
    bool is_interrupted = false;
    try {
        options_.run(due);
    } catch (const Error& error) {
        is_interrupted = error.code() == Code::interrupted;
        mistake = error.message();
    } catch (const std::exception& failure) {
        mistake = failure.what();
    }
    {
        const std::lock_guard lock(mutex_);
        running_.clear();
    }
    if (is_interrupted) {
        write(before);
        return;
    }
    if (!mistake.empty()) {
        say(fmt::format("{} failed, attempt {}: {}", due.job, due.attempt, mistake));
    }
    write(ended(std::move(history), due.job, options_.clock(), mistake));
}

std::vector<Age> Runner::ages() const {
    const std::lock_guard lock(mutex_);
    return schedule::ages(options_.jobs, history_, options_.clock());
}

std::vector<Due> Runner::next() const {
    const std::lock_guard lock(mutex_);
    return schedule::next(options_.jobs, history_, options_.host, options_.clock());
}

std::string Runner::running() const {
    const std::lock_guard lock(mutex_);
    return running_;
}

}  // namespace caisson::schedule

// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/runner.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

#include "base/error.h"
#include "base/interrupt.h"

namespace caisson::schedule {
namespace {

/// Whether somebody has run the newest occurrence.
bool has_succeeded(const History& history, const Job& job, Moment now) {
    const auto occurrence = job.cron.last(now);
    const auto found = history.jobs.find(job.name);
    return found != history.jobs.end() && found->second.occurrence >= occurrence &&
           found->second.success >= occurrence;
}

}  // namespace

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

/// Nothing while it waits for its next attempt, or was answered since.
std::optional<Due> Runner::due_of(const Urgent& wanted, const History& history) const {
    Due due{wanted.job, wanted.noticed, wanted.noticed, 1, 0};
    const auto found = history.jobs.find(wanted.job);
    if (found == history.jobs.end()) {
        return due;
    }
    const auto& record = found->second;
    if (record.success && *record.success >= wanted.noticed) {
        return std::nullopt;
    }
    if (record.failures > 0 && record.failure) {
        const std::chrono::seconds first = std::chrono::minutes(5);
        due.at = *record.failure +
                 std::min(first * (std::int64_t{1} << std::min(record.failures - 1, 20)),
                          options_.longest_back_off);
        due.attempt = record.failures + 1;
    }
    return due.at <= options_.clock() ? std::optional(due) : std::nullopt;
}

/// The one that waits longest.
std::optional<Due> Runner::urgent(const History& history) const {
    std::optional<Due> first;
    for (const auto& wanted : options_.urgent ? options_.urgent() : std::vector<Urgent>()) {
        const auto due = due_of(wanted, history);
        if (due && (!first || due->at < first->at)) {
            first = due;
        }
    }
    return first;
}

/// The history, for who has the lease: who had it before us may have run just what we want to run,
/// or may have been killed over it.
History Runner::taken_over() {
    std::vector<std::string> notes;
    auto history = interrupted(read(), options_.clock(), notes);
    if (!notes.empty()) {
        std::ranges::for_each(notes, [&](const std::string& note) { say(note); });
        write(history);
    }
    return history;
}

bool Runner::step() {
    const auto seen = read();
    const bool is_unended = std::ranges::any_of(
        seen.jobs, [](const auto& each) { return each.second.running.has_value(); });
    if (!is_unended && !urgent(seen) &&
        due(options_.jobs, seen, options_.host, options_.clock()).empty()) {
        return false;
    }
    const auto lease = options_.lease();
    if (!lease) {
        return false;
    }
    auto history = taken_over();
    if (const auto first = urgent(history)) {
        run(*first, std::move(history));
        return true;
    }
    const auto list = due(options_.jobs, history, options_.host, options_.clock());
    if (list.empty()) {
        return false;
    }
    run(list.front(), std::move(history));
    return true;
}

/// Nothing when who has it runs this very occurrence, and ends well.
Runner::Lease Runner::awaited_lease(const Job& job) {
    const auto limit = job.cron.next(options_.clock());
    bool is_told = false;
    while (true) {
        if (auto lease = options_.lease()) {
            return lease;
        }
        const auto now = options_.clock();
        std::vector<std::string> ignored;  // Only who has the lease writes it, and tells of it.
        if (now < limit && has_succeeded(load(options_.state, ignored), job, now)) {
            return nullptr;
        }
        const auto named = options_.holder ? options_.holder() : std::string();
        const auto holder = named.empty() ? std::string("another host") : named;
        if (now >= limit) {
            throw Error(Code::locked,
                        fmt::format("{} was not begun until its next occurrence: {} runs jobs of "
                                    "the schedule",
                                    job.name, holder),
                        "caisson backup schedule tells which one is at work, and since when");
        }
        if (!std::exchange(is_told, true)) {
            say(fmt::format("{} waits: {} runs a job of the schedule", job.name, holder));
        }
        interrupt::check();
        ::pollfd signal{interrupt::descriptor(), POLLIN, 0};
        ::poll(&signal, 1, static_cast<int>(options_.pause.count()));
    }
}

bool Runner::once(const Job& job) {
    const auto lease = awaited_lease(job);
    if (!lease) {
        return false;
    }
    auto history = taken_over();
    const auto now = options_.clock();
    if (has_succeeded(history, job, now)) {
        return false;
    }
    const auto occurrence = job.cron.last(now);
    if (const auto failure = run({job.name, occurrence, occurrence, 1, 0}, std::move(history))) {
        std::rethrow_exception(failure);
    }
    return true;
}

std::exception_ptr Runner::run(const Due& due, History history) {
    const auto before = history;
    history = begun(std::move(history), due.job, due.occurrence, options_.clock(), options_.host);
    write(history);
    {
        const std::lock_guard lock(mutex_);
        running_ = due.job;
    }
    std::string mistake;
    std::string complaint;
    std::exception_ptr thrown;
    bool is_interrupted = false;
    try {
        complaint = options_.run(due);
    } catch (const Error& error) {
        is_interrupted = error.code() == Code::interrupted;
        mistake = error.message();
        thrown = std::current_exception();
    } catch (const std::exception& failure) {
        mistake = failure.what();
        thrown = std::current_exception();
    }
    {
        const std::lock_guard lock(mutex_);
        running_.clear();
    }
    if (is_interrupted) {
        write(before);
        return thrown;
    }
    if (!mistake.empty()) {
        say(fmt::format("{} failed, attempt {}: {}", due.job, due.attempt, mistake));
    }
    if (!complaint.empty()) {
        say(fmt::format("{} succeeded, and has a complaint: {}", due.job, complaint));
    }
    write(ended(std::move(history), due.job, options_.clock(), mistake, complaint));
    return thrown;
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

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "lifecycle/scale/chunk.h"
#include "lifecycle/scale/prepare.h"
#include "lifecycle/seeds/tracking.h"
#include "trust/locks.h"

namespace caisson::scale {
namespace {

/// A chunk is a transaction: long enough that its end costs little, short enough that little is
/// lost when the run is cut off.
constexpr double wanted_seconds = 2;
constexpr std::uint64_t first_rows = 20'000;
constexpr std::uint64_t least_rows = 1'000;
constexpr std::uint64_t most_rows = 200'000;

/// What tracking knows of the run and of its tables.
struct Records {
    std::string run;  ///< The transaction that wrote them.
    std::vector<std::int64_t> tables;
};

class Run {
 public:
    Run(const Prepared& prepared, const Options& options, Records records)
        : prepared_(prepared),
          options_(options),
          records_(std::move(records)),
          states_(prepared.jobs.size(), State::waiting),
          reports_(prepared.jobs.size()) {}

    Report run(const std::function<pg::Connection()>& connect) {
        const auto count = std::clamp<std::size_t>(options_.connections, 1, prepared_.jobs.size());
        std::vector<pg::Connection> connections;
        for (std::size_t i = 0; i < count; ++i) {
            connections.push_back(connect());
        }
        std::vector<std::thread> workers;
        for (auto& connection : connections) {
            workers.emplace_back([&] { work(connection); });
        }
        for (auto& worker : workers) {
            worker.join();
        }
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        Report report;
        report.tables.assign(reports_.begin(), reports_.end());
        return report;
    }

 private:
    enum class State { waiting, under_way, whole };

    void work(pg::Connection& connection) {
        try {
            while (const auto job = take()) {
                fill(connection, *job);
                finish(*job);
            }
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!failure_) {
                failure_ = std::current_exception();
            }
        }
        changed_.notify_all();
    }

    /// The first table that waits for nothing; nothing when all are taken, or one has failed.
    std::optional<std::size_t> take() {
        std::unique_lock lock(mutex_);
        while (!failure_) {
            bool any = false;
            for (std::size_t i = 0; i < states_.size(); ++i) {
                const auto& after = prepared_.jobs[i].after;
                if (states_[i] != State::waiting) {
                    continue;
                }
                any = true;
                if (std::all_of(after.begin(), after.end(), [&](std::size_t parent) {
                        return states_[parent] == State::whole;
                    })) {
                    states_[i] = State::under_way;
                    return i;
                }
            }
            if (!any) {
                return std::nullopt;
            }
            changed_.wait(lock);
        }
        return std::nullopt;
    }

    void finish(std::size_t job) {
        {
            const std::lock_guard lock(mutex_);
            states_[job] = State::whole;
        }
        changed_.notify_all();
    }

    bool has_failed() {
        const std::lock_guard lock(mutex_);
        return failure_ != nullptr;
    }

    void fill(pg::Connection& connection, std::size_t number) {
        const auto& job = prepared_.jobs[number];
        const Stopwatch watch;
        auto& report = reports_[number];
        report.table = job.layout.name.text();
        report.rows = job.rows;
        const ChunkWriter writer(*prepared_.source->model, job.layout, records_.tables[number],
                                 records_.run);
        std::uint64_t size = first_rows;
        for (const auto& gap : job.missing) {
            for (std::uint64_t done = 0; done < gap.rows && !has_failed();) {
                const auto rows = gap.cleared ? gap.rows : std::min(size, gap.rows - done);
                const Stopwatch chunk_watch;
                const auto made = writer.write(connection, {gap.first + done, rows, gap.cleared});
                const double seconds = std::chrono::duration<double>(chunk_watch.elapsed()).count();
                done += rows;
                report.made += made.rows;
                report.bytes += made.bytes;
                tell(report.table, rows);
                const double fitting =
                    static_cast<double>(rows) * wanted_seconds / std::max(seconds, 1e-3);
                size = static_cast<std::uint64_t>(std::clamp(
                    fitting, static_cast<double>(least_rows), static_cast<double>(most_rows)));
            }
        }
        if (has_failed()) {
            return;
        }
        if (job.recorded && job.missing.empty() && !job.recorded->finished_at.empty()) {
            return;
        }
        report.notes = settle_as_owner(job);
        record_finish(connection, records_.tables[number]);
        report.duration = watch.elapsed();
        fault::point("scale-table-whole");
    }

    /// Statistics, because plans are made with them as soon as the table's children come; a table
    /// without them is slow, not wrong.
    std::vector<std::string> settle_as_owner(const Job& job) {
        const std::lock_guard lock(owning_);
        if (!options_.owner) {
            return {"its statistics and sequences were left as they are: they are its owner's"};
        }
        try {
            auto& owner = options_.owner();
            owner.query("analyze " + job.layout.name.quoted());
            auto notes = advance_sequences(owner, job.layout, prepared_.target);
            for (const auto& notice : owner.take_notices()) {
                notes.push_back(notice.message);
            }
            return notes;
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            return {fmt::format("its statistics or sequences were left as they are: {}",
                                error.message())};
        }
    }

    void tell(const std::string& table, std::uint64_t rows) {
        const std::lock_guard lock(telling_);
        if (options_.made) {
            options_.made(table, rows);
        }
    }

    const Prepared& prepared_;
    const Options& options_;
    Records records_;
    std::mutex mutex_;
    std::mutex telling_;
    std::mutex owning_;
    std::condition_variable changed_;
    std::vector<State> states_;
    std::vector<TableReport> reports_;  ///< Each written by the worker of its table alone.
    std::exception_ptr failure_;
};

/// What is about to be made is written down first, so that rows are never there without it.
Records record_jobs(pg::Connection& connection, const Prepared& prepared) {
    const bool any_new = std::any_of(prepared.jobs.begin(), prepared.jobs.end(),
                                     [](const Job& job) { return !job.recorded; });
    const auto source = any_new ? record_source(connection, *prepared.source) : 0;
    Records records;
    records.run =
        connection.query("select pg_current_xact_id()::text as run").front().string("run");
    for (const auto& job : prepared.jobs) {
        records.tables.push_back(
            job.recorded ? job.recorded->id
                         : record_table(connection, job.layout, job.rows, job.digest, source));
    }
    return records;
}

}  // namespace

Report apply(const std::function<pg::Connection()>& connect, const File& file,
             const Options& options) {
    auto connection = connect();
    require_tracking(connection);
    const trust::AdvisoryLock lock(connection, "seed", options.wait);
    Prepared prepared;
    Records records;
    {
        pg::Transaction transaction(connection);
        seeds::settle_session(connection);
        settle_tracking(connection);
        prepared = prepare(connection, file, options);
        records = record_jobs(connection, prepared);
        transaction.commit();
    }
    if (prepared.jobs.empty()) {
        return {};
    }
    return Run(prepared, options, std::move(records)).run(connect);
}

}  // namespace caisson::scale

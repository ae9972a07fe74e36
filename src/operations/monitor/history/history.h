// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What was measured, kept in a file of SQLite beside the state, so that it outlives the database:
/// samples as they were read, then a value a minute, then a value an hour. Bounded in rows and
/// bytes. Counters are kept as their growth a second.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::monitor {

struct HistoryLimits {
    std::size_t samples = 2'880;
    std::chrono::milliseconds minutes{std::chrono::hours(24 * 30)};
    std::chrono::milliseconds hours{std::chrono::hours(24 * 731)};
    /// Each takes memory; those that were not used for longest go first, with all that is theirs.
    std::size_t series = 20'000;
    std::uint64_t bytes = 256ULL * 1024 * 1024;
    bool is_durable = true;  ///< A sample is on the disk when it was added; else soon after.
};

/// Writes it. Threads: one at a time; others, and other processes, may read.
class History {
 public:
    /// Opens or makes the file. One that is damaged is put aside as `….damaged`, and a gap says so.
    /// Errors: state_unusable, disk_full.
    History(fs::path file, HistoryLimits limits);
    History(const History&) = delete;
    History& operator=(const History&) = delete;
    ~History();

    /// Keeps a sample that was derived (derive.h). `age`: of a clock that does not jump. A file
    /// that was removed is made anew, one that is damaged put aside. Errors: state_unusable,
    /// disk_full: nothing of the sample was kept then, and the first one that is kept after it says
    /// for how long nothing was.
    void add(const Sample& sample, std::chrono::milliseconds age);
    std::uint64_t size() const;
    /// A sentence about the last file that was put aside; empty when none was.
    const std::string& mishap() const { return mishap_; }

 private:
    struct Store;
    struct Last {
        double value;
        std::chrono::milliseconds age;
    };
    using Lasts = std::map<std::string, Last, std::less<>>;
    /// When there was a gap last, by what it was of: a group may be read long after it.
    using Cuts = std::map<std::string, std::chrono::milliseconds, std::less<>>;
    void open();
    void put_aside(const std::string& why);
    void keep(const Sample& sample, std::chrono::milliseconds age);
    void write(const Sample& sample, std::chrono::milliseconds age);
    std::optional<double> pace_of(const Reading& reading, std::string_view group,
                                  std::chrono::milliseconds age, const Cuts& cut,
                                  Lasts& read) const;

    fs::path file_;
    HistoryLimits limits_;
    std::unique_ptr<Store> store_;
    Lasts last_;  ///< Of counters, by series.
    Cuts cut_;
    std::optional<std::chrono::milliseconds> unkept_;  ///< Since when nothing could be written.
    std::string mishap_;
};

/// A moment or a stretch of time. One sample has one value.
struct Point {
    At at{};
    double least = 0;
    double mean = 0;
    double most = 0;
};
struct PastSeries {
    Labels labels;
    std::vector<Point> points;  ///< In order of time.
};
struct PastGap {
    At at{};
    std::string what;
    std::string why;
};
struct Past {
    std::vector<PastSeries> series;
    std::vector<PastGap> gaps;
};
/// What is known of a metric between two moments, in the finest grain that there is for each part
/// of the time. Nothing when there is no history. Errors: state_unusable.
Past read_history(const fs::path& file, std::string_view metric, At since, At until);

/// By whose gaps the counters of a group are cut: what counts for a database counts for its tables
/// and indexes, which are reset and lost with it.
std::string_view counted_with(std::string_view group);

/// Whether a metric has a series for each of many objects (tables, statements): these are kept as
/// samples and hours, not as minutes.
bool is_wide(std::string_view metric);

}  // namespace caisson::monitor

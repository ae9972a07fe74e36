// SPDX-License-Identifier: Apache-2.0
/// Reading the history.
#include <algorithm>
#include <cmath>

#include "operations/monitor/history/store.h"

namespace caisson::monitor {
namespace {

At at_of(Ms moment) { return At(std::chrono::milliseconds(moment)); }

/// The finer grain counts from where it begins.
class Reader {
 public:
    Reader(Sqlite& database, Ms since, Ms until, std::vector<PastGap>& gaps)
        : database_(database), since_(since), until_(until), gaps_(gaps) {}

    void samples(std::map<std::int64_t, PastSeries>& series) {
        auto rows = database_.prepare(
            "select at, data from samples where at >= ? and at <= ? "
            "order by at");
        rows.bind(since_).bind(until_);
        while (rows.step()) {
            const auto figures = intact([&] { return unpack_sample(rows.bytes(1)); });
            if (!figures) {
                damaged(rows.integer(0), "a sample is damaged");
                continue;
            }
            for (const auto& figure : *figures) {
                if (const auto found = series.find(figure.series); found != series.end()) {
                    found->second.points.push_back(
                        {at_of(rows.integer(0)), figure.value, figure.value, figure.value});
                }
            }
        }
    }
    void minutes(std::int64_t id, std::vector<Point>& points) {
        std::vector<Point> older;
        const Ms end = begin_of(points);
        auto rows = database_.prepare(
            "select hour, data from minutes where series = ? and hour "
            "between ? and ? order by hour");
        rows.bind(id).bind(floor_to(since_, hour_ms)).bind(end);
        while (rows.step()) {
            const auto whole = intact([&] { return unpack_row(rows.bytes(1), hour_minutes); });
            if (!whole) {
                damaged(rows.integer(0), "minutes are damaged");
                continue;
            }
            const auto& row = *whole;
            for (std::size_t i = 0; i < row.size(); ++i) {
                const Ms at = rows.integer(0) + static_cast<Ms>(i) * minute_ms;
                if (!std::isnan(row[i]) && at >= since_ && at + minute_ms <= end) {
                    older.push_back({at_of(at), row[i], row[i], row[i]});
                }
            }
        }
        points.insert(points.begin(), older.begin(), older.end());
    }
    void hours(std::int64_t id, std::vector<Point>& points) {
        std::vector<Point> older;
        const Ms end = begin_of(points);
        auto rows = database_.prepare(
            "select day, data from hours where series = ? and day "
            "between ? and ? order by day");
        rows.bind(id).bind(floor_to(since_, day_ms)).bind(end);
        while (rows.step()) {
            const auto whole = intact([&] { return unpack_day(rows.bytes(1)); });
            if (!whole) {
                damaged(rows.integer(0), "hours are damaged");
                continue;
            }
            const auto& row = *whole;
            for (std::size_t i = 0; i < row.size(); ++i) {
                const Ms at = rows.integer(0) + static_cast<Ms>(i) * hour_ms;
                if (row[i].count > 0 && at >= since_ && at + hour_ms <= end) {
                    older.push_back(
                        {at_of(at), row[i].least, row[i].sum / row[i].count, row[i].most});
                }
            }
        }
        points.insert(points.begin(), older.begin(), older.end());
    }

 private:
    Ms begin_of(const std::vector<Point>& points) const {
        return points.empty() ? until_ : points.front().at.time_since_epoch().count();
    }
    void damaged(Ms at, const char* why) { gaps_.push_back({at_of(at), "", why}); }
    Sqlite& database_;
    Ms since_;
    Ms until_;
    std::vector<PastGap>& gaps_;
};

}  // namespace

Past read_history(const fs::path& file, std::string_view metric, At since, At until) {
    Past past;
    if (!fs::exists(file)) {
        return past;
    }
    Sqlite database(file, Sqlite::Mode::read_only);
    std::map<std::int64_t, PastSeries> series;
    auto known = database.prepare("select id, labels from series where metric = ?");
    known.bind(metric);
    while (known.step()) {
        series[known.integer(0)].labels = labels_of_text(known.text(1));
    }
    Reader read(database, since.time_since_epoch().count(), until.time_since_epoch().count(),
                past.gaps);
    read.samples(series);
    for (auto& [id, each] : series) {
        read.minutes(id, each.points);
        read.hours(id, each.points);
        if (!each.points.empty()) {
            past.series.push_back(std::move(each));
        }
    }
    std::ranges::sort(past.series, {}, &PastSeries::labels);
    auto gaps = database.prepare(
        "select at, what, why from gaps where at >= ? and at <= ? order "
        "by at");
    gaps.bind(since.time_since_epoch().count()).bind(until.time_since_epoch().count());
    while (gaps.step()) {
        past.gaps.push_back({at_of(gaps.integer(0)), gaps.text(1), gaps.text(2)});
    }
    std::ranges::stable_sort(past.gaps, {}, &PastGap::at);
    return past;
}

}  // namespace caisson::monitor

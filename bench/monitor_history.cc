// SPDX-License-Identifier: Apache-2.0
/// Makes a history as a daemon would have after so many days, by the library: hours, a month of
/// minutes, a day of samples, each of them with fewer points than a daemon makes, but all the rows
/// and all the series. Tables and indexes change their names eight times in it, so that all
/// the series that it may have are there.
///     monitor_history FILE [DAYS]
#include <cmath>
#include <iostream>
#include <string>

#include "operations/monitor/history/history.h"
#include "operations/monitor/sample/catalogue.h"

namespace {

using namespace std::chrono_literals;
namespace monitor = caisson::monitor;
using std::chrono::milliseconds;

constexpr int generations = 8;
constexpr int wide_series = 100;
constexpr int narrow_series = 3;

/// The labels of the one among the many that a metric has.
monitor::Labels labels_of(const monitor::Metric& metric, int which, int generation) {
    monitor::Labels labels;
    for (const auto& name : monitor::label_names(metric)) {
        const bool is_object = name == "relname" || name == "indexrelname" || name == "queryid";
        labels.emplace_back(
            name, is_object ? "object_" + std::to_string(generation) + "_" + std::to_string(which)
                  : monitor::is_wide(metric.name) ? std::string("main")
                                                  : "value_" + std::to_string(which));
    }
    return labels;
}

monitor::Sample sample_at(monitor::At at, double seconds, int generation) {
    monitor::Sample sample;
    sample.at = at;
    for (const auto& row : monitor::catalogue()) {
        const int number = monitor::is_wide(row.name) ? wide_series
                           : row.labels.empty()       ? 1
                                                      : narrow_series;
        sample.read_at.emplace(row.group, at);
        for (int i = 0; i < number; ++i) {
            const double wave = 100 + 50 * std::sin(seconds / 9'000 + i);
            sample.add(row.name,
                       row.kind == monitor::Kind::counter ? seconds * (1 + i) + wave : wave,
                       labels_of(row, i, generation));
        }
    }
    sample.finish();
    return sample;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "monitor_history FILE [DAYS]\n";
        return 2;
    }
    const auto days = 24h * (argc > 2 ? std::stoi(argv[2]) : 731);
    const auto end = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
    const auto start = end - days;
    monitor::HistoryLimits limits;
    limits.is_durable = false;
    monitor::History history(argv[1], limits);
    int samples = 0;
    for (auto at = start; at < end; ++samples) {
        const auto age = std::chrono::duration_cast<milliseconds>(at - start);
        const int generation = static_cast<int>(age * generations / (days + 1ms));
        history.add(sample_at(at, std::chrono::duration<double>(age).count(), generation), age);
        at += end - at > 24h * 30 ? milliseconds(4h)
              : end - at > 24h    ? milliseconds(10min)
                                  : milliseconds(2min);
    }
    std::cout << samples << " samples, " << history.size() / 1'000'000 << " MB\n";
}

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace caisson::monitor {

/// The last hour of a few figures, for what changes too slowly to be seen between two samples.
/// Bounded: at most 121 points a figure. Threads: one at a time.
class Window {
 public:
    /// `age`: by a clock that does not jump. What comes sooner than 30 s after the point before
    /// takes its place.
    void add(const std::string& figure, std::chrono::milliseconds age, double value);
    /// Forgets a figure, as when it was reset.
    void forget(const std::string& figure) { figures_.erase(figure); }

    /// What it grew from the oldest point to the newest; nothing below two points.
    std::optional<double> growth(const std::string& figure) const;
    /// How fast it grows, a second, as the line that fits best; nothing below ten minutes.
    std::optional<double> slope(const std::string& figure) const;

 private:
    struct Point {
        double seconds;
        double value;
    };
    const std::deque<Point>* points(const std::string& figure) const;
    std::map<std::string, std::deque<Point>> figures_;
};

}  // namespace caisson::monitor

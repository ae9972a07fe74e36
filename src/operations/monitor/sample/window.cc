// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/sample/window.h"

namespace caisson::monitor {
namespace {

constexpr double hour = 3'600;
constexpr double spacing = 30;
constexpr double least = 600;

}  // namespace

void Window::add(const std::string& figure, std::chrono::milliseconds age, double value) {
    auto& points = figures_[figure];
    const double seconds = std::chrono::duration<double>(age).count();
    // The last point moves on until it is far enough from the one before it.
    if (points.size() >= 2 && seconds - points[points.size() - 2].seconds < spacing) {
        points.pop_back();
    }
    points.push_back({seconds, value});
    while (seconds - points.front().seconds > hour) {
        points.pop_front();
    }
}

const std::deque<Window::Point>* Window::points(const std::string& figure) const {
    const auto found = figures_.find(figure);
    return found == figures_.end() || found->second.size() < 2 ? nullptr : &found->second;
}

std::optional<double> Window::growth(const std::string& figure) const {
    const auto* const all = points(figure);
    return all ? std::optional(all->back().value - all->front().value) : std::nullopt;
}

std::optional<double> Window::slope(const std::string& figure) const {
    const auto* const all = points(figure);
    if (!all || all->back().seconds - all->front().seconds < least) {
        return std::nullopt;
    }
    const auto number = static_cast<double>(all->size());
    double mean_x = 0;
    double mean_y = 0;
    for (const auto& point : *all) {
        mean_x += point.seconds / number;
        mean_y += point.value / number;
    }
    double covariance = 0;
    double variance = 0;
    for (const auto& point : *all) {
        covariance += (point.seconds - mean_x) * (point.value - mean_y);
        variance += (point.seconds - mean_x) * (point.seconds - mean_x);
    }
    return covariance / variance;
}

}  // namespace caisson::monitor

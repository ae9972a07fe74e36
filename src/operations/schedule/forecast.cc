// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/forecast.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "operations/schedule/ages.h"

namespace caisson::schedule {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr std::size_t fewest_samples = 5;
constexpr seconds critical_in = std::chrono::hours(4);
constexpr seconds warning_in = std::chrono::hours(48);
constexpr double critical_share = 0.95;
constexpr double warning_share = 0.85;
/// No further than this many times what was seen: a burst of the last hour tells nothing of
/// tomorrow.
constexpr int reach = 12;
/// A disk that fills in more than ten years does not fill.
constexpr double longest_seconds = 10.0 * 365 * 24 * 3600;

/// By which the free bytes shrink.
double slope_of(const std::vector<SpaceSample>& samples) {
    std::vector<double> slopes;
    slopes.reserve(samples.size() * (samples.size() - 1) / 2);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        for (std::size_t k = i + 1; k < samples.size(); ++k) {
            const auto time = static_cast<double>((samples[k].at - samples[i].at).count());
            if (time > 0) {
                slopes.push_back(
                    (static_cast<double>(samples[i].free) - static_cast<double>(samples[k].free)) /
                    time);
            }
        }
    }
    if (slopes.empty()) {
        return 0;
    }
    const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
    std::ranges::nth_element(slopes, middle);
    return *middle;
}

Pressure pressure_of(const Forecast& forecast) {
    const double taken = forecast.total == 0 ? 0
                                             : 1 - static_cast<double>(forecast.free) /
                                                       static_cast<double>(forecast.total);
    const auto within = [&](seconds limit) {
        return forecast.full_in && *forecast.full_in < limit;
    };
    return taken >= critical_share || within(critical_in) ? Pressure::critical
           : taken >= warning_share || within(warning_in) ? Pressure::warning
                                                          : Pressure::none;
}

}  // namespace

void add(std::vector<SpaceSample>& samples, const SpaceSample& sample, const Watching& watching) {
    std::erase_if(samples, [&](const SpaceSample& each) {
        return each.at + watching.window < sample.at || each.at > sample.at;
    });
    if (samples.empty() || samples.back().at + watching.interval <= sample.at) {
        samples.push_back(sample);
    }
}

std::string_view name_of(Pressure pressure) {
    constexpr std::array<std::string_view, 3> names = {"none", "warning", "critical"};
    return names.at(static_cast<std::size_t>(pressure));
}

Forecast forecast(const std::string& place, const std::vector<SpaceSample>& samples,
                  const Watching& watching) {
    Forecast forecast;
    forecast.place = place;
    forecast.free = samples.back().free;
    forecast.total = samples.back().total;
    const auto span = std::chrono::duration_cast<seconds>(samples.back().at - samples.front().at);
    forecast.is_known = samples.size() >= fewest_samples && span >= watching.window / 4;
    const auto slope = forecast.is_known ? slope_of(samples) : 0;
    forecast.bytes_per_second = std::max(0.0, slope);
    if (slope > 0) {
        const auto left = static_cast<double>(forecast.free) / slope;
        const auto borne = static_cast<double>((span * reach).count());
        forecast.is_beyond_reach = left > borne && left < longest_seconds;
        if (left <= borne) {
            forecast.full_in = seconds(static_cast<std::int64_t>(left));
        }
    }
    forecast.pressure = pressure_of(forecast);
    forecast.text =
        !forecast.is_known ? fmt::format("{}: {} free; how fast it fills is not known yet", place,
                                         human_bytes(forecast.free))
        : forecast.is_beyond_reach
            ? fmt::format(
                  "{}: {} free; it does not fill within {}, further the last {} do not tell", place,
                  human_bytes(forecast.free), age_text(span * reach), age_text(span))
        : forecast.full_in
            ? fmt::format("{} fills in {}: {} free, {} a day", place, age_text(*forecast.full_in),
                          human_bytes(forecast.free),
                          human_bytes(static_cast<std::uint64_t>(slope * 24 * 3600)))
            : fmt::format("{} does not fill: {} free", place, human_bytes(forecast.free));
    return forecast;
}

std::string to_json(const SpaceSamples& samples) {
    json::object places;
    for (const auto& [place, list] : samples) {
        auto& rows = places[place].emplace_array();
        for (const auto& each : list) {
            rows.push_back(json::array{timestamp(each.at), each.free, each.total});
        }
    }
    return json::serialize(places) + "\n";
}

SpaceSamples load_samples(const fs::path& file) {
    SpaceSamples samples;
    try {
        const auto value = json::parse(read_own(file).value_or("{}"));
        for (const auto& place : value.as_object()) {
            auto& list = samples[std::string(place.key())];
            for (const auto& row : place.value().as_array()) {
                const auto& cells = row.as_array();
                const auto at = parse_moment(std::string_view(cells.at(0).as_string()));
                list.push_back({at.value(), cells.at(1).to_number<std::uint64_t>(),
                                cells.at(2).to_number<std::uint64_t>()});
            }
        }
    } catch (const std::exception&) {
        samples.clear();
    }
    return samples;
}

}  // namespace caisson::schedule

// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/history/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/moment.h"
#include "base/text.h"

namespace caisson::monitor {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<const char*, 8> blocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

std::string moment_text(At at) { return minute_text(std::chrono::floor<std::chrono::seconds>(at)); }

/// The mean of each of `width` stretches; not a number where nothing is known.
std::vector<double> stretches(const std::vector<Point>& points, At since, At until,
                              std::size_t width) {
    std::vector<double> sums(width, 0);
    std::vector<double> counts(width, 0);
    const auto span = std::max<double>(1, static_cast<double>((until - since).count()));
    for (const auto& point : points) {
        const double share = static_cast<double>((point.at - since).count()) / span;
        if (share >= 0 && share <= 1) {
            const auto place =
                std::min(width - 1, static_cast<std::size_t>(share * static_cast<double>(width)));
            sums[place] += point.mean;
            counts[place] += 1;
        }
    }
    std::vector<double> means(width, nothing);
    for (std::size_t i = 0; i < width; ++i) {
        if (counts[i] > 0) {
            means[i] = sums[i] / counts[i];
        }
    }
    return means;
}

struct Extent {
    double least = std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity();
    double sum = 0;
    double count = 0;

    void add(const std::vector<Point>& points) {
        for (const auto& point : points) {
            least = std::min(least, point.least);
            most = std::max(most, point.most);
            sum += point.mean;
            count += 1;
        }
    }
    double height(double value) const {
        return most > least ? (value - least) / (most - least) : 0;
    }
};

std::vector<const PastSeries*> shown(const Past& past, std::size_t most) {
    std::vector<const PastSeries*> series;
    for (const auto& each : past.series) {
        series.push_back(&each);
    }
    std::ranges::stable_sort(series, [](const PastSeries* a, const PastSeries* b) {
        return a->points.back().mean > b->points.back().mean;
    });
    if (series.size() > most) {
        series.resize(most);
    }
    return series;
}

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
    }
    return safe;
}

std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        return std::string(text);
    }
    return "\"" + replace_all(std::string(text), "\"", "\"\"") + "\"";
}

}  // namespace

std::string figure_text(const Metric& metric, double value) {
    const bool is_rate = metric.kind == Kind::counter || metric.name.ends_with("_per_second");
    const auto* const rate = is_rate ? "/s" : "";
    switch (metric.unit) {
        case Unit::bytes:
            return (value < 0 ? "-" : "") +
                   human_bytes(static_cast<std::uint64_t>(std::abs(value))) + rate;
        case Unit::seconds:
            return metric.kind == Kind::counter
                       ? fmt::format("{:.3g} s/s", value)
                       : human(std::chrono::nanoseconds(
                             static_cast<std::int64_t>(std::min(value, 9e9) * 1e9)));
        case Unit::percent:
            return fmt::format("{:.1f} %", value);
        case Unit::moment:
            return minute_text(Moment(std::chrono::seconds(static_cast<std::int64_t>(value))));
        case Unit::yes:
            return value == 0 ? "no" : value == 1 ? "yes" : fmt::format("{:.2f}", value);
        case Unit::per_second:
            return std::abs(value) < 1000 ? fmt::format("{:.4g}/s", value)
                                          : fmt::format("{:.0f}/s", value);
        case Unit::count:
            break;
    }
    return value == std::floor(value) && std::abs(value) < 1e15
               ? fmt::format("{:.0f}{}", value, rate)
               : fmt::format("{:.4g}{}", value, rate);
}

std::string terminal_chart(const Metric& metric, const Past& past, At since, At until,
                           std::size_t width, std::size_t most) {
    const auto series = shown(past, most);
    std::string text =
        fmt::format("{}  {} to {}\n", metric.name, moment_text(since), moment_text(until));
    for (const auto* each : series) {
        Extent extent;
        extent.add(each->points);
        std::string line;
        for (const double mean : stretches(each->points, since, until, width)) {
            if (std::isnan(mean)) {
                line += ' ';
            } else {
                const auto height = static_cast<std::size_t>(
                    std::clamp(std::round(extent.height(mean) * 7), 0.0, 7.0));
                line += blocks[height];
            }
        }
        const auto name = text_of(each->labels);
        text +=
            (name.empty() ? "" : name + "\n") + line + "\n" +
            fmt::format("least {}, mean {}, most {}, last {}\n", figure_text(metric, extent.least),
                        figure_text(metric, extent.sum / extent.count),
                        figure_text(metric, extent.most),
                        figure_text(metric, each->points.back().mean));
    }
    if (past.series.size() > series.size()) {
        text += fmt::format("and {} more\n", past.series.size() - series.size());
    }
    for (const auto& gap : past.gaps) {
        const auto group = counted_with(metric.group);
        if (gap.what.empty() || gap.what == "clock" || group == gap.what ||
            gap.what.starts_with(std::string(group) + " ")) {
            text += fmt::format("gap {}: {}\n", moment_text(gap.at), gap.why);
        }
    }
    return text;
}

std::string svg_chart(const Metric& metric, const Past& past, At since, At until) {
    constexpr double width = 900;
    constexpr double height = 320;
    constexpr double left = 90;
    constexpr double top = 40;
    constexpr std::array<const char*, 6> colours = {"#1f6feb", "#d1242f", "#1a7f37",
                                                    "#9a6700", "#8250df", "#57606a"};
    const auto series = shown(past, colours.size());
    Extent extent;
    for (const auto* each : series) {
        extent.add(each->points);
    }
    if (extent.count == 0) {
        extent.least = extent.most = 0;
    }
    const double span = std::max<double>(1, static_cast<double>((until - since).count()));
    const double step = std::max(span / width * 3, 1.0);
    std::string body = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" font-family=\"sans-"
        "serif\" font-size=\"12\">\n<title>{2}</title>\n<rect width=\"{0}\" height=\"{1}\" "
        "fill=\"#fff\"/>\n<text x=\"{3}\" y=\"22\" font-size=\"14\">{2}: {4}</text>\n",
        left + width + 20, top + height + 50 + 16 * static_cast<double>(series.size()),
        escaped(metric.name), left, escaped(metric.help));
    for (const double share : {0.0, 0.5, 1.0}) {
        const double y = top + height * (1 - share);
        body += fmt::format(
            "<path d=\"M{0} {1:.1f}H{2}\" stroke=\"#d0d7de\"/><text x=\"{3}\" y=\"{4:.1f}\" "
            "text-anchor=\"end\">{5}</text>\n",
            left, y, left + width, left - 8, y + 4,
            escaped(figure_text(metric, extent.least + (extent.most - extent.least) * share)));
    }
    body += fmt::format(
        "<text x=\"{}\" y=\"{}\">{}</text><text x=\"{}\" y=\"{}\" "
        "text-anchor=\"end\">{}</text>\n",
        left, top + height + 18, moment_text(since), left + width, top + height + 18,
        moment_text(until));
    for (std::size_t i = 0; i < series.size(); ++i) {
        const auto& points = series[i]->points;
        std::string path;
        double before = -1e18;
        // A hole wider than a few points is no line.
        const double usual =
            points.size() > 1
                ? static_cast<double>((points.back().at - points.front().at).count()) /
                      static_cast<double>(points.size() - 1)
                : span;
        for (const auto& point : points) {
            const auto at = static_cast<double>((point.at - since).count());
            path += fmt::format(
                "{}{:.1f} {:.1f}", at - before > std::max(4 * usual, step) ? "M" : "L",
                left + width * at / span, top + height * (1 - extent.height(point.mean)));
            before = at;
        }
        body += fmt::format(
            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n"
            "<text x=\"{}\" y=\"{}\" fill=\"{}\">{}</text>\n",
            path, colours[i], left, top + height + 40 + 16 * static_cast<double>(i), colours[i],
            escaped(text_of(series[i]->labels).empty() ? std::string(metric.name)
                                                       : text_of(series[i]->labels)));
    }
    return body + "</svg>\n";
}

std::string csv_of(const Metric& metric, const Past& past) {
    std::string text = "at";
    const auto names = label_names(metric);
    for (const auto& name : names) {
        text += "," + name;
    }
    text += ",least,mean,most\r\n";
    for (const auto& series : past.series) {
        std::string labels;
        for (const auto& name : names) {
            labels += "," + csv_field(label_of(series.labels, name));
        }
        for (const auto& point : series.points) {
            text += fmt::format("{}{},{},{},{}\r\n",
                                timestamp(std::chrono::floor<std::chrono::seconds>(point.at)),
                                labels, point.least, point.mean, point.most);
        }
    }
    return text;
}

}  // namespace caisson::monitor

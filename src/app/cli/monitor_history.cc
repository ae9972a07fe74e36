// SPDX-License-Identifier: Apache-2.0
// The verbs about what was measured before, and about what others make of it: monitor history,
// rules.
#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/cli/monitor.h"
#include "base/moment.h"
#include "base/text.h"
#include "operations/monitor/expose/expose.h"
#include "operations/monitor/history/chart.h"
#include "operations/monitor/sample/catalogue.h"
#include "platform/values.h"

namespace caisson::cli {
namespace {

constexpr std::size_t usual_width = 80;

std::size_t width_of_terminal() {
    winsize size{};
    return ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
                   size.ws_col >= 20
               ? size.ws_col
               : usual_width;
}

const monitor::Metric& metric_named(const std::string& name) {
    if (const auto* const found = monitor::find_metric(name)) {
        return *found;
    }
    std::vector<std::string> known;
    for (const auto& row : monitor::catalogue()) {
        known.emplace_back(row.name);
    }
    const auto near = nearest(name, known);
    throw Error(Code::usage, fmt::format("there is no metric {}", name),
                near.empty() ? "caisson monitor history --list names them"
                             : fmt::format("did you mean {}?", near));
}

Exit list_metrics(Context& context) {
    boost::json::array list;
    std::vector<std::vector<std::string>> rows{{"metric", "unit", "what it is"}};
    for (const auto& row : monitor::catalogue()) {
        rows.push_back({std::string(row.name), std::string(monitor::name_of(row.unit)),
                        std::string(row.help)});
        list.push_back(boost::json::object{{"name", row.name},
                                           {"kind", monitor::name_of(row.kind)},
                                           {"unit", monitor::name_of(row.unit)},
                                           {"labels", row.labels},
                                           {"help", row.help},
                                           {"source", row.source},
                                           {"prometheus", monitor::exposed_name(row)}});
    }
    print_columns(context, rows);
    context.result() = {{"metrics", std::move(list)}};
    return Exit::fine;
}

boost::json::object to_json(const monitor::Metric& metric, const monitor::Past& past) {
    boost::json::array series;
    for (const auto& each : past.series) {
        boost::json::array points;
        for (const auto& point : each.points) {
            points.push_back(
                boost::json::array{timestamp(std::chrono::floor<std::chrono::seconds>(point.at)),
                                   point.least, point.mean, point.most});
        }
        series.push_back(boost::json::object{{"labels", monitor::json_of(each.labels)},
                                             {"points", std::move(points)}});
    }
    boost::json::array gaps;
    for (const auto& gap : past.gaps) {
        gaps.push_back(
            boost::json::object{{"at", timestamp(std::chrono::floor<std::chrono::seconds>(gap.at))},
                                {"what", gap.what},
                                {"why", gap.why}});
    }
    return {{"metric", metric.name},
            {"unit", monitor::name_of(metric.unit)},
            {"rate", metric.kind == monitor::Kind::counter},
            {"series", std::move(series)},
            {"gaps", std::move(gaps)}};
}

/// `7d` before now, or a moment such as 2026-11-27 or 2026-11-27T08:05Z. Errors: usage.
monitor::At moment_of(Context& context, const std::string& option, const std::string& otherwise) {
    const auto text = context.arguments().value(option, otherwise);
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (const auto ago = platform::parse_duration(text)) {
        return now - *ago;
    }
    // Seconds may be left away.
    const bool is_to_the_minute = text.size() == 17 && text.ends_with("Z");
    const auto moment = parse_moment(is_to_the_minute ? text.substr(0, 16) + ":00Z" : text);
    if (!moment) {
        throw Error(Code::usage, fmt::format("{} is {}", option, text),
                    "write how long ago, such as 7d, or a moment such as 2026-11-27T08:05Z");
    }
    return *moment;
}

/// A file, or standard output for `-`. Whether anything more may be printed.
bool put_out(Context& context, const std::string& file, const std::string& text) {
    if (file == "-") {
        if (context.json()) {
            throw Error(Code::usage, "standard output is the JSON's", "name a file");
        }
        context.emit(text);
        return false;
    }
    try {
        write_file(file, text);
    } catch (const Error& error) {
        throw Error(error.code(), error.message(), "name a file that can be written, or -");
    }
    context.note("written: " + file);
    return true;
}

Exit run_history(Context& context) {
    const auto& arguments = context.arguments();
    if (arguments.has("--list")) {
        return list_metrics(context);
    }
    if (arguments.positional().empty()) {
        throw Error(Code::usage, "no metric is named",
                    "such as host.cpu_percent; caisson monitor history --list names them");
    }
    const auto& metric = metric_named(arguments.positional());
    const auto since = moment_of(context, "--since", "1d");
    const auto until = moment_of(context, "--until", "0s");
    if (since >= until) {
        throw Error(Code::usage, "--since is not before --until", "there is nothing between them");
    }
    const auto past = monitor::read_history(history_file(context.run()), metric.name, since, until);
    context.result() = to_json(metric, past);
    bool prints = true;
    if (const auto file = arguments.value("--csv"); !file.empty()) {
        prints = put_out(context, file, monitor::csv_of(metric, past)) && prints;
    }
    if (const auto file = arguments.value("--svg"); !file.empty()) {
        prints = put_out(context, file, monitor::svg_chart(metric, past, since, until)) && prints;
    }
    if (!prints) {
        return Exit::fine;
    }
    if (past.series.empty()) {
        context.print(fmt::format("nothing is known of {} since {}", metric.name,
                                  minute_text(std::chrono::floor<std::chrono::seconds>(since))));
        context.print("the daemon collects while it runs: caisson up, caisson serve");
        return Exit::fine;
    }
    for (const auto& line :
         split(monitor::terminal_chart(metric, past, since, until, width_of_terminal()), '\n')) {
        if (!line.empty()) {
            context.print(line);
        }
    }
    return Exit::fine;
}

}  // namespace

std::vector<Verb> monitor_history_verbs() {
    return {
        {.name = "monitor history",
         .summary = "what a metric was: drawn, as SVG, as CSV",
         .details =
             "From the file that the daemon keeps in the state directory: samples for a day, a "
             "value a minute for a month (none of tables, indexes, statements, sequences and "
             "settings), a value an hour for two years, as [monitor] says. "
             "Counters are shown as their growth a second. Gaps are named with their cause.",
         .options = {{"--since", "TIME", "how far back, or a moment (default: 1d)", {}},
                     {"--until", "TIME", "up to when, in the same way (default: now)", {}},
                     {"--svg", "FILE", "write it as a picture; - is standard output", {}},
                     {"--csv", "FILE", "write it as a table; - is standard output", {}},
                     {"--list", "", "name all metrics", {}}},
         .positional = "[METRIC]",
         .examples = "  caisson monitor history host.cpu_percent\n"
                     "  caisson monitor history databases.commits --since 7d --svg commits.svg\n"
                     "  caisson monitor history activity.active --since 2026-11-27T08:05Z --until "
                     "2026-11-27T09:00Z --csv -",
         .run = run_history},
    };
}

}  // namespace caisson::cli

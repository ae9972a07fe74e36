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
    const auto since_text = duration_of(context, "--since", "1d");
    const auto until =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto since = until - since_text;
    const auto past = monitor::read_history(history_file(context.run()), metric.name, since, until);
    context.result() = to_json(metric, past);
    if (const auto file = arguments.value("--csv"); !file.empty()) {
        write_file(file, monitor::csv_of(metric, past));
        context.note("written: " + file);
    }
    if (const auto file = arguments.value("--svg"); !file.empty()) {
        write_file(file, monitor::svg_chart(metric, past, since, until));
        context.note("written: " + file);
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

Exit run_rules(Context& context) {
    const bool is_dashboard = context.arguments().has("--grafana");
    const auto text = is_dashboard ? monitor::grafana_dashboard() : monitor::prometheus_rules();
    if (context.json()) {
        context.result() = {{is_dashboard ? "dashboard" : "rules", text}};
    } else {
        context.emit(text);
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
             "value a minute for a month, a value an hour for two years, as [monitor] says. "
             "Counters are shown as their growth a second. Gaps are named with their cause.",
         .options = {{"--since", "TIME", "how far back (default: 1d)", {}},
                     {"--svg", "FILE", "write it as a picture", {}},
                     {"--csv", "FILE", "write it as a table", {}},
                     {"--list", "", "name all metrics", {}}},
         .positional = "[METRIC]",
         .examples = "  caisson monitor history host.cpu_percent\n"
                     "  caisson monitor history databases.commits --since 7d --svg commits.svg",
         .run = run_history},
        {.name = "monitor rules",
         .summary = "alert rules for Prometheus, or a dashboard for Grafana",
         .details = "Made from the table of metrics and thresholds; they work on what the daemon "
                    "answers at /metrics.",
         .options = {{"--grafana", "", "the dashboard, as JSON", {}}},
         .positional = "",
         .examples = "  caisson monitor rules > caisson.rules.yml\n"
                     "  caisson monitor rules --grafana > caisson.json",
         .needs = Needs::nothing,
         .run = run_rules},
    };
}

}  // namespace caisson::cli

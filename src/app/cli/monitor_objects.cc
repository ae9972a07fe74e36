// SPDX-License-Identifier: Apache-2.0
// The verbs that show many of a kind: monitor queries, locks, tables, indexes.
#include <algorithm>
#include <functional>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/monitor.h"
#include "app/cli/screen_text.h"
#include "base/text.h"
#include "operations/monitor/collect/blocking.h"
#include "operations/monitor/expose/expose.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t shown_rows = 20;
constexpr std::size_t shown_text = 70;

std::string seconds_text(double seconds) {
    return human(std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(seconds, 9e9) * 1e9)));
}

/// One line of it.
std::string brief(const std::string& text) { return cut_to(in_one_line(text), shown_text + 1); }

boost::json::object figures_json(const monitor::StatementFigures& figures) {
    return {{"calls", figures.calls},
            {"seconds", figures.seconds},
            {"mean_seconds", figures.mean()},
            {"deviation_seconds", figures.deviation()},
            {"longest_seconds", figures.longest},
            {"rows", figures.rows},
            {"plans", figures.plans},
            {"plan_seconds", figures.plan_seconds},
            {"blocks_hit", figures.blocks_hit},
            {"blocks_read", figures.blocks_read},
            {"blocks_dirtied", figures.blocks_dirtied},
            {"blocks_written", figures.blocks_written},
            {"temp_blocks", figures.temp_blocks},
            {"read_seconds", figures.read_seconds},
            {"write_seconds", figures.write_seconds},
            {"wal_bytes", figures.wal_bytes}};
}

double key_of(const std::string& order, const monitor::StatementFigures& figures) {
    return order == "calls"    ? figures.calls
           : order == "mean"   ? figures.mean()
           : order == "rows"   ? figures.rows
           : order == "blocks" ? figures.blocks_read + figures.blocks_hit
           : order == "temp"   ? figures.temp_blocks
           : order == "wal"    ? figures.wal_bytes
                               : figures.seconds;
}

void print_queries(Context& context, const std::vector<monitor::Query>& queries, bool is_total) {
    std::vector<std::vector<std::string>> rows{
        {"calls", "total", "mean", "longest", "rows", "hits", "temp", "log", "id", "statement"}};
    for (const auto& query : queries) {
        const auto& figures = is_total ? query.total : query.figures;
        const double blocks = figures.blocks_hit + figures.blocks_read;
        rows.push_back(
            {fmt::format("{:.0f}", figures.calls), seconds_text(figures.seconds),
             seconds_text(figures.mean()), seconds_text(figures.longest),
             fmt::format("{:.0f}", figures.rows),
             blocks > 0 ? fmt::format("{:.0f} %", 100 * figures.blocks_hit / blocks) : "–",
             fmt::format("{:.0f}", figures.temp_blocks),
             human_bytes(static_cast<std::uint64_t>(figures.wal_bytes)), std::to_string(query.id),
             (query.is_slow ? "! " : "") + brief(query.text)});
    }
    print_columns(context, rows);
}

Exit run_queries(Context& context) {
    auto limits = monitor_limits(monitor_settings(context.run()));
    const bool is_total = !context.arguments().has("--for");
    monitor::Targets targets = monitor_targets(context.run());
    targets.redis.reset();
    monitor::Collector collector(std::move(targets), limits);
    auto sample = collector.collect();
    if (!is_total) {
        const auto span = duration_of(context, "--for", "10s");
        const auto end = std::chrono::steady_clock::now() + span;
        Progress bar(context, "watching", static_cast<std::size_t>(span.count()));
        while (std::chrono::steady_clock::now() < end) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                end - std::chrono::steady_clock::now());
            bar.show(static_cast<std::size_t>((span - left).count()));
            pause_for(std::min<std::chrono::milliseconds>(left, 200ms));
        }
        sample = collector.collect();
    }
    auto queries = is_total ? collector.queries().ever() : collector.queries().costliest();
    const auto order = context.arguments().value("--sort", "total");
    std::ranges::stable_sort(queries, std::greater<>(), [&](const monitor::Query& query) {
        return key_of(order, is_total ? query.total : query.figures);
    });
    boost::json::array list;
    const bool has_times = !monitor::unmeasured_of(sample, "statements.read_seconds");
    for (const auto& query : queries) {
        auto object = figures_json(is_total ? query.total : query.figures);
        // What is not measured is not zero.
        for (const auto* const name : {"plans", "plan_seconds"}) {
            object[name] = collector.queries().has_plans() ? object[name] : nullptr;
        }
        for (const auto* const name : {"read_seconds", "write_seconds"}) {
            object[name] = has_times ? object[name] : nullptr;
        }
        object["id"] = std::to_string(query.id);
        object["user"] = query.user;
        object["database"] = query.database;
        object["text"] = query.text;
        object["slow"] = query.is_slow;
        object["at_least"] = query.is_at_least;
        list.push_back(std::move(object));
    }
    if (queries.size() > shown_rows) {
        queries.resize(shown_rows);
    }
    print_queries(context, queries, is_total);
    print_unknowns(context, sample, {"statements"});
    for (const auto& gap : sample.gaps) {
        if (gap.what == "statements" && !is_total) {
            context.print(context.yellow("gap: ") + gap.why);
        }
    }
    context.result() = monitor::to_json(sample, {"statements"});
    context.result().erase("metrics");
    context.result()["since"] = collector.queries().since();
    context.result()["queries"] = std::move(list);
    return Exit::fine;
}

boost::json::object to_json(const monitor::LockTree& tree) {
    const auto& session = tree.session;
    boost::json::array waiting;
    for (const auto& below : tree.waiting) {
        waiting.push_back(to_json(below));
    }
    return {{"process", session.process},
            {"user", session.user},
            {"database", session.database},
            {"application", session.application},
            {"client", session.client},
            {"state", session.state},
            {"lock", session.lock},
            {"waits_seconds", session.waits},
            {"transaction_seconds", session.transaction},
            {"text", session.text},
            {"waiting", std::move(waiting)}};
}

void print_tree(Context& context, const monitor::LockTree& tree, const std::string& indent) {
    const auto& session = tree.session;
    const auto what =
        session.lock.empty()
            ? fmt::format("{}, transaction of {}", session.state, seconds_text(session.transaction))
            : fmt::format("waits {} for {}", seconds_text(session.waits), session.lock);
    context.print(fmt::format("{}process {} ({}@{}{}{}): {}", indent, session.process, session.user,
                              session.database, session.application.empty() ? "" : ", ",
                              session.application, what));
    context.print(context.dim(indent + "  " + brief(session.text)));
    if (tree.is_circle) {
        context.print(indent + "  " + context.red("and so in a circle"));
    }
    for (const auto& below : tree.waiting) {
        print_tree(context, below, indent + "    ");
    }
}

Exit run_locks(Context& context) {
    auto settings = trust::role_settings(context.run(), context.run().manifest.databases.front(),
                                         trust::Role::monitor);
    settings.session["statement_timeout"] = "5000";
    pg::Connection connection(settings);
    const auto trees = monitor::trees_of(monitor::read_lock_sessions(connection));
    boost::json::array list;
    for (const auto& tree : trees) {
        print_tree(context, tree, "");
        list.push_back(to_json(tree));
    }
    if (trees.empty()) {
        context.print("nobody waits for a lock that another holds");
    } else {
        context.print(fmt::format("to end the first: select pg_terminate_backend({});",
                                  trees.front().session.process));
    }
    context.result() = {{"trees", std::move(list)}};
    return Exit::fine;
}

/// A table of the sample's series: the object's name, then figures.
void print_objects(Context& context, const monitor::Sample& sample, std::string_view by,
                   std::string_view name_label,
                   const std::vector<std::pair<std::string, std::string_view>>& figures) {
    auto series = monitor::series_of(sample, by);
    std::ranges::stable_sort(series,
                             [](const auto* a, const auto* b) { return a->value > b->value; });
    std::vector<std::vector<std::string>> rows{
        {std::string(name_label == "relname" ? "table" : "index")}};
    for (const auto& [title, metric] : figures) {
        rows.front().push_back(title);
    }
    for (std::size_t i = 0; i < std::min(series.size(), shown_rows); ++i) {
        const auto& labels = series[i]->labels;
        const auto schema = monitor::label_of(labels, "schemaname");
        auto& row = rows.emplace_back();
        row.push_back((schema == "public" ? "" : std::string(schema) + ".") +
                      std::string(monitor::label_of(labels, name_label)));
        for (const auto& [title, metric] : figures) {
            row.push_back(shown(context, sample, metric, labels));
        }
    }
    print_columns(context, rows);
    if (series.size() > shown_rows) {
        context.print(fmt::format("and {} more: --json shows them", series.size() - shown_rows));
    }
}

std::string_view sorted_by(Context& context,
                           const std::vector<std::pair<std::string, std::string_view>>& orders) {
    const auto wanted = context.arguments().value("--sort", orders.front().first);
    for (const auto& [name, metric] : orders) {
        if (name == wanted) {
            return metric;
        }
    }
    return orders.front().second;
}

Exit run_tables(Context& context) {
    const auto sample = sample_now(context, 0s);
    print_objects(context, sample,
                  sorted_by(context, {{"size", "tables.size"},
                                      {"dead", "tables.dead_rows"},
                                      {"scans", "tables.seq_scans"},
                                      {"changes", "tables.changed_since_analyze"}}),
                  "relname",
                  {{"size", "tables.size"},
                   {"rows", "tables.live_rows"},
                   {"dead", "tables.dead_rows"},
                   {"bloat", "bloat.bytes"},
                   {"seq scans", "tables.seq_scans"},
                   {"index scans", "tables.index_scans"},
                   {"inserted", "tables.rows_inserted"},
                   {"updated", "tables.rows_updated"},
                   {"deleted", "tables.rows_deleted"},
                   {"autovacuum", "tables.last_autovacuum"},
                   {"xid age", "tables.xid_age"}});
    print_unknowns(context, sample, {"tables", "bloat", "sequences"});
    context.result() = monitor::to_json(sample, {"tables", "bloat", "sequences"});
    return Exit::fine;
}

Exit run_indexes(Context& context) {
    const auto sample = sample_now(context, 0s);
    print_objects(context, sample,
                  sorted_by(context, {{"size", "indexes.size"}, {"scans", "indexes.scans"}}),
                  "indexrelname",
                  {{"size", "indexes.size"},
                   {"scans", "indexes.scans"},
                   {"entries read", "indexes.rows_read"},
                   {"rows fetched", "indexes.rows_fetched"},
                   {"blocks read", "indexes.blocks_read"},
                   {"blocks hit", "indexes.blocks_hit"}});
    print_unknowns(context, sample, {"indexes"});
    context.result() = monitor::to_json(sample, {"indexes"});
    return Exit::fine;
}

}  // namespace

std::vector<Verb> monitor_object_verbs() {
    return {
        {.name = "monitor queries",
         .summary = "the statements that cost the most",
         .details =
             "Since statistics run, or with --for what is done meanwhile: differences of "
             "pg_stat_statements, with its resets and evictions told. Constants are not shown. "
             "`!` marks a statement whose mean is above [monitor] slow_query.",
         .options = {{"--for", "TIME", "watch for so long, and show what was done then", {}},
                     {"--sort",
                      "FIGURE",
                      "what comes first (default: total)",
                      {"total", "calls", "mean", "rows", "blocks", "temp", "wal"}}},
         .positional = "",
         .examples = "  caisson monitor queries\n  caisson monitor queries --for 30s --sort mean",
         .run = run_queries},
        {.name = "monitor locks",
         .summary = "who waits for whom, as trees",
         .details = "The session that holds up the most comes first.",
         .options = {},
         .positional = "",
         .examples = "  caisson monitor locks",
         .run = run_locks},
        {.name = "monitor tables",
         .summary = "tables: size, rows, scans, changes, vacuum",
         .details = "The 20 first; --json shows all that have figures ([monitor] tables).",
         .options = {{"--sort",
                      "FIGURE",
                      "what comes first (default: size)",
                      {"size", "dead", "scans", "changes"}}},
         .positional = "",
         .examples = "  caisson monitor tables --sort dead",
         .run = run_tables},
        {.name = "monitor indexes",
         .summary = "indexes: size and use",
         .details = "The 20 first; --json shows all that have figures ([monitor] indexes).",
         .options = {{"--sort", "FIGURE", "what comes first (default: size)", {"size", "scans"}}},
         .positional = "",
         .examples = "  caisson monitor indexes",
         .run = run_indexes},
    };
}

}  // namespace caisson::cli

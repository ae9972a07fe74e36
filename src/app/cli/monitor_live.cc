// SPDX-License-Identifier: Apache-2.0
// The verb monitor: live in a terminal, else the summary once.
#include <algorithm>
#include <functional>

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "app/cli/monitor.h"
#include "app/cli/monitor_summary.h"
#include "base/interrupt.h"
#include "base/moment.h"
#include "base/text.h"
#include "operations/monitor/collect/blocking.h"
#include "operations/monitor/history/chart.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

/// The terminal gives keys at once and shows the other screen, until the value goes.
class Screen {
 public:
    Screen() {
        ::tcgetattr(STDIN_FILENO, &before_);
        auto keys = before_;
        keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &keys);
        put("\x1b[?1049h\x1b[?25l");
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() {
        put("\x1b[?25h\x1b[?1049l");
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    static void put(std::string_view text) {
        [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    }
    static void clear() { put("\x1b[H\x1b[2J"); }
    /// The next key, or nothing after so long. Errors: interrupted.
    static char key(std::chrono::milliseconds limit) {
        pollfd waits[2] = {{STDIN_FILENO, POLLIN, 0}, {interrupt::descriptor(), POLLIN, 0}};
        ::poll(waits, 2, static_cast<int>(limit.count()));
        interrupt::check();
        char key = 0;
        const bool is_there = (waits[0].revents & (POLLIN | POLLHUP)) != 0;
        return is_there ? (::read(STDIN_FILENO, &key, 1) == 1 ? key : 'q') : '\0';
    }

 private:
    termios before_{};
};

enum class View { summary, queries, locks };

struct Live {
    View view = View::summary;
    char order = 't';        ///< Of statements: by total, calls, mean.
    std::size_t chosen = 0;  ///< Of the statements, counted from 1; 0: none.
    bool is_paused = false;
};

std::string seconds_text(double seconds) {
    return human(std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(seconds, 9e9) * 1e9)));
}

void show_query(Context& context, const monitor::Query& query) {
    context.print(context.bold(
        fmt::format("statement {} of {} in {}", query.id, query.user, query.database)));
    context.print(query.text);
    const auto print = [&](const char* when, const monitor::StatementFigures& figures) {
        context.print(fmt::format(
            "{}: {:.0f} calls, {} in all, mean {} ± {}, longest {}, {:.0f} rows", when,
            figures.calls, seconds_text(figures.seconds), seconds_text(figures.mean()),
            seconds_text(figures.deviation()), seconds_text(figures.longest), figures.rows));
        context.print(fmt::format(
            "  blocks: {:.0f} hit, {:.0f} read, {:.0f} dirtied, {:.0f} "
            "temporary; log {}",
            figures.blocks_hit, figures.blocks_read, figures.blocks_dirtied, figures.temp_blocks,
            human_bytes(static_cast<std::uint64_t>(figures.wal_bytes))));
    };
    print("since the last look", query.figures);
    print("since statistics run", query.total);
}

void show_queries(Context& context, std::vector<monitor::Query> queries, const Live& live) {
    std::ranges::stable_sort(queries, std::greater<>(), [&](const monitor::Query& query) {
        return live.order == 'c'   ? query.figures.calls
               : live.order == 'm' ? query.figures.mean()
                                   : query.figures.seconds;
    });
    if (live.chosen > 0 && live.chosen <= queries.size()) {
        show_query(context, queries[live.chosen - 1]);
        return;
    }
    std::vector<std::vector<std::string>> rows{{"", "calls", "total", "mean", "rows", "statement"}};
    for (std::size_t i = 0; i < std::min<std::size_t>(queries.size(), 9); ++i) {
        const auto& query = queries[i];
        auto text = query.text.substr(0, byte_of_character(query.text, 60));
        std::ranges::replace(text, '\n', ' ');
        rows.push_back({std::to_string(i + 1), fmt::format("{:.0f}", query.figures.calls),
                        seconds_text(query.figures.seconds), seconds_text(query.figures.mean()),
                        fmt::format("{:.0f}", query.figures.rows), text});
    }
    print_columns(context, rows);
}

void show_tree(Context& context, const monitor::LockTree& tree, const std::string& indent) {
    const auto& session = tree.session;
    context.print(fmt::format(
        "{}process {} {}@{} {}", indent, session.process, session.user, session.database,
        session.lock.empty() ? session.state + ", " + seconds_text(session.transaction)
                             : "waits " + seconds_text(session.waits) + " for " + session.lock));
    for (const auto& below : tree.waiting) {
        show_tree(context, below, indent + "  ");
    }
}

void show_locks(Context& context, monitor::Collector& collector) {
    auto* const connection = collector.postgres().connection();
    if (!connection) {
        context.print("the server is away");
        return;
    }
    try {
        const auto trees = monitor::trees_of(monitor::read_lock_sessions(*connection, 50));
        for (const auto& tree : trees) {
            show_tree(context, tree, "");
        }
        if (trees.empty()) {
            context.print("nobody waits for a lock that another holds");
        }
    } catch (const pg::DatabaseError& error) {
        context.print("unknown: " + error.message());
    }
}

void show(Context& context, monitor::Collector& collector, const monitor::Sample& sample,
          const Live& live) {
    Screen::clear();
    context.print(context.dim(fmt::format(
        "{}  s summary  q queries (t total, c calls, m mean, 1-9 look into)  l locks  p {}  x end",
        timestamp(std::chrono::floor<std::chrono::seconds>(sample.at)),
        live.is_paused ? "go on" : "pause")));
    if (live.view == View::queries) {
        show_queries(context, collector.queries().costliest(), live);
        print_unknowns(context, sample, {"statements"});
    } else if (live.view == View::locks) {
        show_locks(context, collector);
    } else {
        print_summary(context, sample);
    }
}

/// Whether it is to go on.
bool obey(char key, Live& live) {
    switch (key) {
        case 's':
            live.view = View::summary;
            break;
        case 'q':
            live.view = View::queries;
            live.chosen = 0;
            break;
        case 'l':
            live.view = View::locks;
            break;
        case 'p':
            live.is_paused = !live.is_paused;
            break;
        case 't':
        case 'c':
        case 'm':
            live.order = key;
            break;
        case 'x':
        case '\x04':
            return false;
        default:
            if (key >= '1' && key <= '9' && live.view == View::queries) {
                live.chosen = static_cast<std::size_t>(key - '0');
                live.is_paused = true;
            }
    }
    return true;
}

Exit run_live(Context& context) {
    if (context.json() || ::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
        return find_verb("monitor summary")->run(context);
    }
    const auto pace = duration_of(context, "--every", "2s");
    auto limits = monitor_limits(monitor_settings(context.run()));
    limits.interval = pace;
    limits.expensive = std::max<std::chrono::milliseconds>(30s, pace);
    monitor::Collector collector(monitor_targets(context.run()), limits);
    const Screen screen;
    Live live;
    auto sample = collector.collect();
    while (true) {
        show(context, collector, sample, live);
        const auto next = std::chrono::steady_clock::now() + pace;
        char key = '\0';
        while (key == '\0' && (live.is_paused || std::chrono::steady_clock::now() < next)) {
            key = Screen::key(200ms);
        }
        if (!obey(key, live)) {
            return Exit::fine;
        }
        if (!live.is_paused && key == '\0') {
            sample = collector.collect();
        }
    }
}

}  // namespace

std::vector<Verb> monitor_verbs() {
    return {{.name = "monitor",
             .summary = "what servers and host are doing, live",
             .details = "Refreshes until x or Ctrl-C: s summary, q queries (t, c, m sort them by "
                        "total, calls, mean; 1 to 9 look into one), l locks, p pause. Without a "
                        "terminal it is `monitor summary`.",
             .options = {{"--every", "TIME", "how often it looks (default: 2s)", {}}},
             .positional = "",
             .examples = "  caisson monitor\n  caisson monitor --every 10s",
             .run = run_live}};
}

}  // namespace caisson::cli

// SPDX-License-Identifier: Apache-2.0
// The verb monitor: live in a terminal, else the summary once.
#include <algorithm>
#include <csignal>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "app/cli/monitor.h"
#include "app/cli/monitor_drawing.h"
#include "base/interrupt.h"

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
        struct sigaction action {};
        action.sa_handler = [](int) { resized_ = 1; };
        ::sigaction(SIGWINCH, &action, &winch_before_);
        put("\x1b[?1049h\x1b[?25l");
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() {
        put("\x1b[?25h\x1b[?1049l");
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
        ::sigaction(SIGWINCH, &winch_before_, nullptr);
    }
    static void put(std::string_view text) {
        [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    }
    /// Line by line over what is there, so that nothing flickers.
    static void show(const std::vector<std::string>& lines) {
        std::string text = "\x1b[H";
        for (std::size_t i = 0; i < lines.size(); ++i) {
            text += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
        }
        put(text + "\x1b[J");
    }
    static ScreenSize size() {
        winsize measured{};
        if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &measured) != 0 || measured.ws_row == 0 ||
            measured.ws_col == 0) {
            return {};
        }
        return {measured.ws_row, measured.ws_col};
    }
    /// Whether its size has changed since this was asked last.
    static bool was_resized() { return std::exchange(resized_, 0) != 0; }
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
    static inline volatile std::sig_atomic_t resized_ = 0;
    termios before_{};
    struct sigaction winch_before_ {};
};

monitor::At now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void read_trees(monitor::Collector& collector, Seen& seen) {
    seen.trees.clear();
    seen.trees_unknown.clear();
    seen.trees_at = now();
    auto* const connection = collector.postgres().connection();
    if (!connection) {
        seen.trees_unknown = "the server is away";
        return;
    }
    try {
        seen.trees = monitor::trees_of(monitor::read_lock_sessions(*connection, 50));
    } catch (const pg::DatabaseError& error) {
        seen.trees_unknown = error.message();
    }
}

void read_all(monitor::Collector& collector, const Live& live, Seen& seen) {
    seen.sample = collector.collect();
    seen.queries = collector.queries().costliest();
    if (live.view == View::locks) {
        read_trees(collector, seen);
    }
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
    Seen seen;
    read_all(collector, live, seen);
    auto next = std::chrono::steady_clock::now() + pace;
    while (true) {
        Screen::show(draw(seen, live, Screen::size(), context.colours()));
        char key = '\0';
        while (key == '\0' && !Screen::was_resized() &&
               (live.stands_still() || std::chrono::steady_clock::now() < next)) {
            key = Screen::key(200ms);
        }
        if (!obey(key, live)) {
            return Exit::fine;
        }
        if (key == 'l') {
            read_trees(collector, seen);  // What stood there before may be over.
        }
        if (!live.stands_still() && std::chrono::steady_clock::now() >= next) {
            read_all(collector, live, seen);
            next = std::chrono::steady_clock::now() + pace;
        }
    }
}

}  // namespace

std::vector<Verb> monitor_verbs() {
    return {{.name = "monitor",
             .summary = "what servers and host are doing, live",
             .details = "Refreshes until x or Ctrl-C: s summary, q queries (t, c, m sort them by "
                        "total, calls, mean), l locks, 1 to 9 look into a query or a tree of locks "
                        "(which stands still until another key), p pause. It fits the terminal: "
                        "what is beyond a threshold comes first. Without a terminal it is "
                        "`monitor summary`.",
             .options = {{"--every", "TIME", "how often it looks (default: 2s)", {}}},
             .positional = "",
             .examples = "  caisson monitor\n  caisson monitor --every 10s",
             .run = run_live}};
}

}  // namespace caisson::cli

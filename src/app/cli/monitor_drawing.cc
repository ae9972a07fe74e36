// SPDX-License-Identifier: Apache-2.0
#include "app/cli/monitor_drawing.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "app/cli/monitor.h"
#include "app/cli/monitor_summary.h"
#include "app/cli/screen_text.h"
#include "base/moment.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

using monitor::Level;
using Lines = std::vector<std::string>;

constexpr std::size_t shown_choices = 9;  ///< Keys 1 to 9.
constexpr std::size_t two_columns = 76;   ///< From this width on figures stand side by side.

std::string seconds_text(double seconds) {
    return human(std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(seconds, 9e9) * 1e9)));
}

class Drawing {
 public:
    Drawing(const Seen& seen, const Live& live, ScreenSize size, bool colours)
        : seen_(seen), live_(live), size_(size), colours_(colours) {}

    Lines lines() {
        header();
        if (live_.view == View::queries) {
            queries();
        } else if (live_.view == View::locks) {
            locks();
        } else {
            summary();
        }
        return fitted();
    }

 private:
    std::string painted(const char* code, const std::string& text) const {
        return colours_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
    }
    std::string bold(const std::string& text) const { return painted("1", text); }
    std::string dim(const std::string& text) const { return painted("2", text); }
    std::string by_level(Level level, const std::string& text) const {
        return level == Level::critical  ? painted("31", text)
               : level == Level::warning ? painted("33", text)
                                         : text;
    }
    void put(const std::string& line) { lines_.push_back(line); }
    void put_wrapped(const std::string& text, const std::string& indent = "") {
        const auto room = size_.columns > indent.size() ? size_.columns - indent.size() : 1;
        for (const auto& line : wrapped(text, room)) {
            put(indent + line);
        }
    }
    void put_columns(const std::vector<std::vector<std::string>>& rows) {
        const auto lines = columns_of(rows);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            put(i == 0 ? bold(lines[i]) : lines[i]);
        }
    }

    void header() {
        const auto at = live_.view == View::locks ? seen_.trees_at : seen_.sample.at;
        const auto keys = fmt::format("  s summary  q queries  l locks  p {}  x end",
                                      live_.is_paused ? "go on" : "pause");
        auto moment = timestamp(std::chrono::floor<std::chrono::seconds>(at));
        if (moment.size() + keys.size() > size_.columns) {
            moment.erase(0, moment.find('T') + 1);
        }
        put(dim(moment + keys));
        const auto* const what = live_.view == View::queries ? "q" : "l";
        if (live_.chosen > 0) {
            put(dim(fmt::format("stands still while you look into it: {} goes back", what)));
        } else if (live_.view == View::queries) {
            put(dim("t by total  c by calls  m by mean  1-9 look into one"));
        } else if (live_.view == View::locks) {
            put(dim("1-9 look into one"));
        }
    }

    void unknowns(std::string_view group) {
        for (const auto& unknown : seen_.sample.unknowns) {
            if (group.empty() || unknown.what.starts_with(group)) {
                const auto whose = monitor::text_of(unknown.labels);
                put(fmt::format("{} {}{}: {}", painted("33", "unknown"), unknown.what,
                                whose.empty() ? "" : " (" + whose + ")", unknown.why));
            }
        }
    }

    std::string shown(std::string_view metric, const monitor::Labels& labels = {}) const {
        const auto figure = figure_of(seen_.sample, metric, labels);
        return by_level(figure.level, figure.text);
    }

    void summary() {
        for (const auto& worry : worries_of(seen_.sample)) {
            put(by_level(worry.level, worry_text(worry)) + ". " +
                std::string(monitor::metric(worry.reading->metric).help));
        }
        unknowns({});
        const auto parts = summary_parts(seen_.sample);
        const bool is_wide = size_.columns >= two_columns;
        std::vector<Lines> blocks;
        for (const auto& part : parts) {
            if (part.label.empty()) {
                auto& block = blocks.emplace_back(Lines{bold(part.title)});
                for (const auto& [name, metric] : part.figures) {
                    block.push_back(fmt::format("  {:<28} {}", name, shown(metric)));
                }
            }
        }
        const auto put_series = [&](std::string_view label) {
            const auto part = std::ranges::find(parts, label, &SummaryPart::label);
            put_columns(rows_of(seen_.sample, *part,
                                [&](std::string_view metric, const monitor::Labels& labels) {
                                    return shown(metric, labels);
                                }));
        };
        for (std::size_t i = 0; i < blocks.size(); i += is_wide ? 2 : 1) {
            is_wide&& i + 1 < blocks.size() ? side_by_side(blocks[i], blocks[i + 1])
                                            : above_all(blocks[i]);
            if (i == 0) {
                put_series("datname");
            }
        }
        put_series("mountpoint");
        for (const auto& gap : seen_.sample.gaps) {
            put(dim(fmt::format("gap {}: {}", gap.what, gap.why)));
        }
    }

    void above_all(const Lines& block) { lines_.insert(lines_.end(), block.begin(), block.end()); }
    void side_by_side(const Lines& left, const Lines& right) {
        const auto half = size_.columns / 2;
        for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
            auto line = i < left.size() ? cut_to(left[i], half - 1) : std::string();
            if (i < right.size()) {
                line += std::string(half - width_of(line), ' ') + right[i];
            }
            put(line);
        }
    }

    void queries() {
        auto all = seen_.queries;
        std::ranges::stable_sort(all, std::greater<>(), [&](const monitor::Query& query) {
            return live_.order == 'c'   ? query.figures.calls
                   : live_.order == 'm' ? query.figures.mean()
                                        : query.figures.seconds;
        });
        if (live_.chosen > 0) {
            if (live_.chosen <= all.size()) {
                query(all[live_.chosen - 1]);
            } else {
                put(fmt::format("there is no statement {}", live_.chosen));
            }
            return;
        }
        unknowns("statements");
        std::vector<std::vector<std::string>> rows{
            {"", "calls", "total", "mean", "rows", "statement"}};
        for (std::size_t i = 0; i < std::min(all.size(), shown_choices); ++i) {
            const auto& figures = all[i].figures;
            rows.push_back({std::to_string(i + 1), fmt::format("{:.0f}", figures.calls),
                            seconds_text(figures.seconds), seconds_text(figures.mean()),
                            fmt::format("{:.0f}", figures.rows), in_one_line(all[i].text)});
        }
        put_columns(rows);
    }

    void query(const monitor::Query& query) {
        put(bold(fmt::format("statement {} of {} in {}", query.id, query.user, query.database)));
        const auto tell = [&](const char* when, const monitor::StatementFigures& figures) {
            put_wrapped(fmt::format(
                "{}: {:.0f} calls, {} in all, mean {} ± {}, longest {}, {:.0f} rows", when,
                figures.calls, seconds_text(figures.seconds), seconds_text(figures.mean()),
                seconds_text(figures.deviation()), seconds_text(figures.longest), figures.rows));
            put_wrapped(
                fmt::format("blocks: {:.0f} hit, {:.0f} read, {:.0f} dirtied, {:.0f} temporary; "
                            "log {}",
                            figures.blocks_hit, figures.blocks_read, figures.blocks_dirtied,
                            figures.temp_blocks,
                            human_bytes(static_cast<std::uint64_t>(figures.wal_bytes))),
                "  ");
        };
        tell("since the last look", query.figures);
        tell("since statistics run", query.total);
        put(fmt::format("its plan: caisson monitor plan {}", query.id));
        put_wrapped(query.text);
    }

    std::string session_text(const monitor::LockSession& session) const {
        const auto doing = session.lock.empty()
                               ? session.state + ", " + seconds_text(session.transaction)
                               : "waits " + seconds_text(session.waits) + " for " + session.lock;
        return session.process == 0
                   ? std::string("a prepared transaction")
                   : fmt::format("process {} {}@{}{}{} {}", session.process, session.user,
                                 session.database, session.application.empty() ? "" : " ",
                                 session.application, doing);
    }

    void tree(const monitor::LockTree& tree, const std::string& indent, bool with_text) {
        put(indent + session_text(tree.session) + (tree.is_circle ? ", in a circle" : ""));
        if (with_text && !tree.session.text.empty()) {
            put_wrapped(in_one_line(tree.session.text), indent + "    ");
        }
        for (const auto& below : tree.waiting) {
            this->tree(below, indent + "  ", with_text);
        }
    }

    void locks() {
        if (!seen_.trees_unknown.empty()) {
            put(painted("33", "unknown") + " " + seen_.trees_unknown);
        } else if (seen_.trees.empty()) {
            put("nobody waits for a lock that another holds");
        } else if (live_.chosen > seen_.trees.size()) {
            put(fmt::format("there is no tree {}", live_.chosen));
        } else if (live_.chosen > 0) {
            remedy(seen_.trees[live_.chosen - 1]);
            tree(seen_.trees[live_.chosen - 1], "", true);
        } else {
            for (std::size_t i = 0; i < seen_.trees.size(); ++i) {
                const auto& each = seen_.trees[i];
                const auto number = i < shown_choices ? std::to_string(i + 1) : std::string(" ");
                put(fmt::format("{} {} holds up {}", number, session_text(each.session),
                                monitor::waiting_below(each)));
                for (const auto& below : each.waiting) {
                    tree(below, "    ", false);
                }
            }
        }
    }

    /// What ends the waiting, the mildest first.
    void remedy(const monitor::LockTree& tree) {
        const auto& session = tree.session;
        if (session.process == 0) {
            put_wrapped(
                "to end it: select gid, prepared from pg_prepared_xacts, then rollback prepared "
                "'GID'; in its database");
            return;
        }
        if (session.state == "active") {
            put(fmt::format("to end its statement: select pg_cancel_backend({});",
                            session.process));
        }
        put(fmt::format("to end its session: select pg_terminate_backend({});", session.process));
    }

    Lines fitted() {
        if (lines_.size() > size_.rows && size_.rows > 1) {
            const auto left_out = lines_.size() - size_.rows + 1;
            lines_.resize(size_.rows - 1);
            put(dim(fmt::format("… {} more lines have no room here", left_out)));
        }
        lines_.resize(std::min(lines_.size(), size_.rows));
        for (auto& line : lines_) {
            line = cut_to(line, size_.columns);
        }
        return std::move(lines_);
    }

    const Seen& seen_;
    const Live& live_;
    ScreenSize size_;
    bool colours_;
    Lines lines_;
};

}  // namespace

bool obey(char key, Live& live) {
    const auto show = [&](View view) {
        live.view = view;
        live.chosen = 0;
    };
    switch (key) {
        case 's':
            show(View::summary);
            break;
        case 'q':
            show(View::queries);
            break;
        case 'l':
            show(View::locks);
            break;
        case 'p':
            // Whoever looks into one and wants to go on leaves it.
            live.is_paused = live.chosen == 0 && !live.is_paused;
            live.chosen = 0;
            break;
        case 't':
        case 'c':
        case 'm':
            live.order = key;
            live.chosen = 0;
            break;
        case 'x':
        case '\x04':
            return false;
        default:
            if (key >= '1' && key <= '9' && live.view != View::summary) {
                live.chosen = static_cast<std::size_t>(key - '0');
            }
    }
    return true;
}

std::vector<std::string> draw(const Seen& seen, const Live& live, ScreenSize size, bool colours) {
    return Drawing(seen, live, size, colours).lines();
}

}  // namespace caisson::cli

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/checks/report.h"

namespace caisson::checks {
namespace {

constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view plain = "\x1b[0m";
constexpr std::size_t widest_name = 60;

/// Columns that the text takes on a terminal, as far as characters tell.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::string padded(std::string_view text, std::size_t columns) {
    const auto taken = width(text);
    return std::string(text) + std::string(taken < columns ? columns - taken : 0, ' ');
}

std::string right(std::string_view text, std::size_t columns) {
    const auto taken = width(text);
    return std::string(taken < columns ? columns - taken : 0, ' ') + std::string(text);
}

struct Mark {
    std::string_view symbol;
    std::string_view colour;
};

Mark mark_of(const Verdict& verdict) {
    switch (verdict.outcome) {
        case Outcome::holds:
            return {"✓", green};
        case Outcome::skipped:
            return {"–", dim};
        case Outcome::cannot_run:
            return {"?", verdict.severity == Severity::error ? red : yellow};
        case Outcome::fails:
            break;
    }
    return verdict.severity == Severity::error ? Mark{"✗", red} : Mark{"!", yellow};
}

/// No control character of a database may steer the terminal.
std::string printable(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        safe += c == '\n' || c == '\t' ? ' ' : byte < 0x20 || byte == 0x7F ? '?' : c;
    }
    return safe;
}

class Writer {
 public:
    explicit Writer(bool colours) : colours_(colours) {}

    void report(const Report& report) {
        text_ += fmt::format("{} ({})\n", report.database, report.environment);
        std::size_t names = 0;
        std::size_t times = 0;
        for (const auto& verdict : report.verdicts) {
            names = std::max(names, std::min(width(printable(verdict.name)), widest_name));
            times = std::max(times, width(human(verdict.duration)));
        }
        bool was_built_in = true;
        for (const auto& verdict : report.verdicts) {
            if (was_built_in && !verdict.built_in && &verdict != &report.verdicts.front()) {
                text_ += "\n";
            }
            was_built_in = verdict.built_in;
            line(verdict, names, times);
        }
        for (const auto& verdict : report.verdicts) {
            if (!verdict.findings.empty() || verdict.outcome == Outcome::fails ||
                verdict.outcome == Outcome::cannot_run) {
                details(verdict);
            }
        }
        summary(report);
    }

    std::string take() { return std::move(text_); }

 private:
    std::string painted(std::string_view text, std::string_view colour) const {
        return colours_ ? fmt::format("{}{}{}", colour, text, plain) : std::string(text);
    }

    void line(const Verdict& verdict, std::size_t names, std::size_t times) {
        const auto mark = mark_of(verdict);
        auto what = verdict.outcome == Outcome::holds || verdict.outcome == Outcome::skipped ||
                            verdict.expected.empty()
                        ? verdict.found
                        : fmt::format("{} (expected {})", verdict.found, verdict.expected);
        text_ += fmt::format("  {} {}  {}  {}\n", painted(mark.symbol, mark.colour),
                             padded(printable(verdict.name), names),
                             painted(right(human(verdict.duration), times), dim), printable(what));
    }

    void field(std::string_view name, std::string_view value) {
        if (!value.empty()) {
            text_ += fmt::format("    {}  {}\n", painted(padded(name, 8), dim), printable(value));
        }
    }

    void details(const Verdict& verdict) {
        const auto mark = mark_of(verdict);
        text_ +=
            fmt::format("\n{} {}\n", painted(mark.symbol, mark.colour), printable(verdict.name));
        if (!verdict.built_in) {
            field("about", verdict.description);
            field("expected", verdict.expected);
            field("found", verdict.found);
        }
        for (const auto& finding : verdict.findings) {
            const auto colour = finding.severity == Severity::error     ? red
                                : finding.severity == Severity::warning ? yellow
                                                                        : dim;
            text_ +=
                fmt::format("    {}  {}\n", painted(padded(to_text(finding.severity), 8), colour),
                            printable(finding.message));
            field("", finding.remedy.empty() ? "" : "→ " + finding.remedy);
        }
        rows(verdict);
        field("place", verdict.place.text());
        field("remedy", verdict.remedy);
    }

    void rows(const Verdict& verdict) {
        if (verdict.rows.empty()) {
            return;
        }
        std::vector<std::size_t> widths;
        for (std::size_t i = 0; i < verdict.columns.size(); ++i) {
            widths.push_back(width(printable(verdict.columns[i])));
            for (const auto& row : verdict.rows) {
                widths[i] = std::max(widths[i], width(printable(row[i])));
            }
        }
        const auto write = [&](const std::vector<std::string>& cells) {
            std::string cells_text;
            for (std::size_t i = 0; i < cells.size(); ++i) {
                cells_text += (i > 0 ? "  " : "") + padded(printable(cells[i]), widths[i]);
            }
            text_ += "    " + std::string(10, ' ') +
                     cells_text.substr(0, cells_text.find_last_not_of(' ') + 1) + "\n";
        };
        write(verdict.columns);
        for (const auto& row : verdict.rows) {
            write(row);
        }
    }

    void summary(const Report& report) {
        const auto counts = report.counts();
        std::string rest;
        const auto add = [&](std::size_t number, std::string_view what) {
            rest += number > 0 ? fmt::format(", {} {}", number, what) : "";
        };
        add(counts.fails, counts.fails == 1 ? "fails" : "fail");
        add(counts.cannot_run, "cannot be run");
        add(counts.skipped, "skipped");
        const auto colour = counts.grave > 0 ? red : counts.holds < counts.run ? yellow : green;
        text_ += fmt::format(
            "\n{}{}, {}\n", painted(fmt::format("{} of {} hold", counts.holds, counts.run), colour),
            rest, human(report.duration));
    }

    bool colours_;
    std::string text_;
};

}  // namespace

std::string to_text(const std::vector<Report>& reports, bool colours) {
    Writer writer(colours);
    for (const auto& report : reports) {
        writer.report(report);
    }
    return writer.take();
}

}  // namespace caisson::checks

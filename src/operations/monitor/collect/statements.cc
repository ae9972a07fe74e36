// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/statements.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace caisson::monitor {
namespace {

using Member = double StatementFigures::*;
constexpr Member counters[] = {&StatementFigures::calls,          &StatementFigures::seconds,
                               &StatementFigures::plans,          &StatementFigures::plan_seconds,
                               &StatementFigures::rows,           &StatementFigures::blocks_hit,
                               &StatementFigures::blocks_read,    &StatementFigures::blocks_dirtied,
                               &StatementFigures::blocks_written, &StatementFigures::temp_blocks,
                               &StatementFigures::read_seconds,   &StatementFigures::write_seconds,
                               &StatementFigures::wal_bytes};

/// The end of a constant that begins at `start` with a quote; `escapes`: a backslash hides one.
std::size_t end_of_quoted(std::string_view text, std::size_t start, bool escapes) {
    for (std::size_t i = start + 1; i < text.size(); ++i) {
        if (escapes && text[i] == '\\') {
            ++i;
        } else if (text[i] == '\'') {
            if (i + 1 < text.size() && text[i + 1] == '\'') {
                ++i;
            } else {
                return i + 1;
            }
        }
    }
    return text.size();
}

/// The `$tag$` that begins here; empty when none does ($1 is a parameter).
std::string_view dollar_tag(std::string_view text, std::size_t start) {
    std::size_t end = start + 1;
    while (end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) {
        ++end;
    }
    const bool is_number =
        end > start + 1 && std::isdigit(static_cast<unsigned char>(text[start + 1]));
    return end < text.size() && text[end] == '$' && !is_number ? text.substr(start, end + 1 - start)
                                                               : std::string_view();
}

}  // namespace

double StatementFigures::deviation() const {
    return calls > 0 ? std::sqrt(std::max(0.0, squares) / calls) : 0;
}

std::optional<StatementFigures> difference(const StatementFigures& before,
                                           const StatementFigures& now) {
    StatementFigures result;
    for (const auto member : counters) {
        result.*member = now.*member - before.*member;
        if (result.*member < 0) {
            return std::nullopt;
        }
    }
    result.longest = now.longest;
    // Sums of squared deviations add up like this (Chan et al., 1979); here they are taken apart.
    if (before.calls > 0 && result.calls > 0) {
        const double shift = result.mean() - before.mean();
        result.squares =
            now.squares - before.squares - shift * shift * before.calls * result.calls / now.calls;
    } else {
        result.squares = now.squares;
    }
    result.squares = std::max(0.0, result.squares);
    return result;
}

StatementDifference StatementHistory::add(StatementSnapshot snapshot) {
    StatementDifference result;
    if (!last_) {
        result.gap = "the first reading of statements";
    } else if (snapshot.since != last_->since) {
        result.gap = "statistics of statements were reset";
    } else {
        result.is_comparable = true;
        const double evictions = snapshot.evicted - last_->evicted;
        if (evictions > 0) {
            result.gap = fmt::format(
                "statements were thrown out {} times for lack of room: what "
                "they did since the reading before is not counted",
                evictions);
        }
        for (const auto& [key, now] : snapshot.entries) {
            const auto then = last_->entries.find(key);
            StatementUse use{key, now, false};
            if (then == last_->entries.end()) {
                use.is_at_least = evictions > 0;
            } else if (const auto grown = difference(then->second, now)) {
                use.figures = *grown;
            } else {
                use.is_at_least = true;
            }
            if (use.figures.calls > 0) {
                result.uses.push_back(use);
            }
        }
    }
    std::ranges::sort(result.uses, [](const StatementUse& a, const StatementUse& b) {
        return a.figures.seconds > b.figures.seconds;
    });
    last_ = std::move(snapshot);
    return result;
}

std::string without_constants(std::string_view text) {
    std::string result;
    std::size_t i = 0;
    while (i < text.size()) {
        const char c = text[i];
        if (c == '\'') {
            const bool escapes = i > 0 && (text[i - 1] == 'e' || text[i - 1] == 'E');
            i = end_of_quoted(text, i, escapes);
            result += "'?'";
        } else if (const auto tag = c == '$' ? dollar_tag(text, i) : std::string_view();
                   !tag.empty()) {
            const auto end = text.find(tag, i + tag.size());
            i = end == std::string_view::npos ? text.size() : end + tag.size();
            result += "'?'";
        } else {
            result += c;
            ++i;
        }
    }
    return result;
}

}  // namespace caisson::monitor

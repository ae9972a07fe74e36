// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/advice/rules.h"

namespace caisson::advice {

const Table* Facts::table(const std::string& schema, const std::string& name) const {
    const auto found = std::ranges::find_if(
        tables, [&](const Table& each) { return each.schema == schema && each.name == name; });
    return found == tables.end() ? nullptr : &*found;
}

const Column* Facts::column(const std::string& schema, const std::string& table,
                            const std::string& name) const {
    const auto found = std::ranges::find_if(columns, [&](const Column& each) {
        return each.schema == schema && each.table == table && each.name == name;
    });
    return found == columns.end() ? nullptr : &*found;
}

std::string_view text_of(Risk risk) {
    switch (risk) {
        case Risk::none:
            return "none";
        case Risk::low:
            return "low";
        case Risk::medium:
            return "medium";
        case Risk::high:
            return "high";
    }
    return "high";
}

const std::vector<Rule>& rules() {
    using enum Group;
    // What explains another comes before it.
    static const std::vector<Rule> table = {
        {"duplicate_index",
         "An index that another one makes superfluous",
         judge_duplicate_indexes,
         {indexes}},
        {"unused_index",
         "A large index that nobody uses",
         judge_unused_indexes,
         {server, tables, indexes, foreign_keys, replicas, counters}},
        {"foreign_key_index",
         "A foreign key that no index serves",
         judge_foreign_keys,
         {tables, indexes, foreign_keys, counters}},
        {"bloat", "Space that holds nothing", judge_bloat, {tables, indexes, columns, counters}},
        {"wraparound", "Transaction ids that run out", judge_wraparound, {server}},
        {"idle_transaction",
         "A transaction that is left open",
         judge_idle_transactions,
         {server, sessions}},
        {"cache_hits", "Pages that are not found in memory", judge_cache_hits, {server, counters}},
        {"checkpoints", "Checkpoints before their time", judge_checkpoints, {server}},
        {"temporary_files",
         "Sorts that do not fit into memory",
         judge_temporary_files,
         {server, counters}},
        {"dead_rows", "Dead rows that stay", judge_dead_rows, {tables, counters}},
        {"sequence_end", "A sequence near its end", judge_sequences, {sequences}},
        {"invalid_index", "An index that was never finished", judge_invalid_indexes, {indexes}},
        {"primary_key", "A table without a primary key", judge_primary_keys, {tables}},
        {"slot_lag", "A slot that keeps the log", judge_slots, {server}},
        {"missing_index",
         "An index that would pay",
         judge_missing_indexes,
         {server, tables, indexes, columns, statements, plans, counters}},
        {"sequential_scans",
         "A large table that is read from end to end",
         judge_sequential_scans,
         {server, tables, indexes, foreign_keys, plans, counters}},
        {"partial_index",
         "An index that is mostly of NULLs",
         judge_partial_indexes,
         {tables, indexes, columns}},
        {"repeated_statement",
         "A question that is asked once a row",
         judge_repeated_statements,
         {statements}},
    };
    return table;
}

namespace {

/// Why the rule cannot judge; empty: it has what it needs.
std::string reason_against(const Rule& rule, const Facts& facts) {
    std::vector<std::string> reasons;
    for (const auto& [group, why] : facts.unread) {
        if (rule.needs.contains(group) && std::ranges::find(reasons, why) == reasons.end()) {
            reasons.push_back(why);
        }
    }
    return join(reasons, "; ");
}

/// One rule. An index of a table that is locked may be any: nothing is said about it.
void run(const Rule& rule, const Facts& facts, const Limits& limits, Judgement& judgement) {
    if (auto why = reason_against(rule, facts); !why.empty()) {
        judgement.unknown.push_back({std::string(rule.id), std::move(why)});
        return;
    }
    const auto before = std::ptrdiff_t(judgement.advice.size());
    rule.judge(facts, limits, judgement);
    if (rule.needs.contains(Group::indexes)) {
        judgement.advice.erase(
            std::remove_if(judgement.advice.begin() + before, judgement.advice.end(),
                           [&](const Advice& each) { return facts.locked.contains(each.table); }),
            judgement.advice.end());
    }
}

/// An index is advised about once: what says more came first.
std::vector<Advice> once_each(std::vector<Advice> all) {
    std::vector<Advice> kept;
    for (auto& advice : all) {
        const bool is_known = std::ranges::any_of(kept, [&](const Advice& each) {
            return each.object == advice.object && each.is_structure && advice.rule != "wraparound";
        });
        // One index serves the key and the statements.
        const bool is_same_index =
            !advice.apply.empty() && std::ranges::any_of(kept, [&](const Advice& each) {
                return each.table == advice.table && each.apply == advice.apply;
            });
        if (!is_known && !is_same_index) {
            kept.push_back(std::move(advice));
        }
    }
    return kept;
}

/// What is unknown whichever rule would have judged it. Of a group each rule has said it.
void add_unread(const Facts& facts, Judgement& judgement) {
    if (!facts.locked.empty()) {
        const std::vector<std::string> names(facts.locked.begin(), facts.locked.end());
        judgement.unknown.push_back(
            {"",
             "locked by another session, so that their indexes are not known: " + some_of(names),
             names});
    }
    for (const auto& what : facts.unreadable) {
        if (std::ranges::none_of(facts.unread,
                                 [&](const auto& each) { return each.second == what; })) {
            judgement.unknown.push_back({"", what});
        }
    }
}

}  // namespace

Judgement judge(const Facts& facts, const Limits& limits) {
    Judgement judgement;
    for (const auto& rule : rules()) {
        run(rule, facts, limits, judgement);
    }
    judgement.advice = once_each(std::move(judgement.advice));
    std::ranges::stable_sort(judgement.advice, std::ranges::greater{}, &Advice::worth);
    add_unread(facts, judgement);
    return judgement;
}

std::string age_text(double seconds) {
    const auto whole = std::int64_t(seconds);
    if (whole >= 86'400) {
        const auto hours = whole % 86'400 / 3'600;
        return hours == 0 ? fmt::format("{} d", whole / 86'400)
                          : fmt::format("{} d {} h", whole / 86'400, hours);
    }
    return human(std::chrono::seconds(whole));
}

std::string age_text(const std::optional<double>& seconds) {
    return seconds ? age_text(*seconds) : "a time that is not known";
}

std::string percent_text(double part) { return fmt::format("{:.0f} %", part * 100); }

std::string bytes_text(double bytes) {
    return human_bytes(static_cast<std::uint64_t>(std::max(0.0, bytes)));
}

std::string count_text(double count) {
    auto text = fmt::format("{:.0f}", std::max(0.0, count));
    for (auto at = std::int64_t(text.size()) - 3; at > 0; at -= 3) {
        text.insert(std::size_t(at), ",");
    }
    return text;
}

std::string line_of(const std::string& statement, std::size_t most) {
    std::string line;
    for (const char c : statement) {
        const bool is_blank = c == '\n' || c == '\t' || c == '\r' || c == ' ';
        if (!is_blank) {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    const auto end = byte_of_character(line, most);
    return end < line.size() ? line.substr(0, end) + "…" : line;
}

std::string some_of(const std::vector<std::string>& names) {
    constexpr std::size_t most = 5;
    const auto shown = std::min(names.size(), most);
    return join(std::span(names).first(shown), ", ") +
           (names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "");
}

std::string index_name(const Facts& facts, const std::string& schema, const std::string& table,
                       const std::vector<std::string>& columns, const std::string& suffix) {
    constexpr std::size_t longest = 63;
    const auto base = table + "_" + join(columns, "_");
    for (int number = 0;; ++number) {
        const auto end = "_" + suffix + (number == 0 ? "" : std::to_string(number));
        auto name = base.substr(0, longest - end.size());
        // Not in the middle of a character.
        while (!is_utf8(name)) {
            name.pop_back();
        }
        name += end;
        if (std::ranges::none_of(facts.indexes, [&](const Index& each) {
                return each.schema == schema && each.name == name;
            })) {
            return name;
        }
    }
}

boost::json::object to_json(const Advice& advice) {
    boost::json::array evidence;
    for (const auto& each : advice.evidence) {
        evidence.push_back({{"name", each.name}, {"value", each.value}});
    }
    return {{"rule", advice.rule},
            {"object", advice.object},
            {"summary", advice.summary},
            {"evidence", std::move(evidence)},
            {"apply", boost::json::array(advice.apply.begin(), advice.apply.end())},
            {"undo", boost::json::array(advice.undo.begin(), advice.undo.end())},
            {"risk", text_of(advice.risk)},
            {"caution", advice.caution},
            {"worth", advice.worth}};
}

boost::json::object to_json(const Judgement& judgement) {
    boost::json::array advice;
    for (const auto& each : judgement.advice) {
        advice.push_back(to_json(each));
    }
    boost::json::array unknown;
    for (const auto& each : judgement.unknown) {
        unknown.push_back({{"rule", each.rule}, {"why", each.why}});
    }
    return {{"advice", std::move(advice)}, {"unknown", std::move(unknown)}};
}

}  // namespace caisson::advice

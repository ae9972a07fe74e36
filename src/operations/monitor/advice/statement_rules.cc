// SPDX-License-Identifier: Apache-2.0
/// Statements: an index that would serve them, and the same question asked once a row.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/advice/rules.h"
#include "operations/monitor/advice/worth.h"
#include "operations/monitor/collect/redaction.h"

namespace caisson::advice {
namespace {

double a_day(double amount, const std::optional<double>& age) {
    return amount * 86'400 / std::max(age.value_or(86'400), 3'600.0);
}

/// Whether the index finds rows as the candidate would: a B-tree, or a hash of the one column that
/// is compared for equality. Of other methods the planner has its own opinion.
bool finds_as(const Index& index, const Candidate& candidate) {
    const bool is_method_alike =
        index.method == "btree" ||
        (index.method == "hash" && candidate.columns.size() == 1 && !candidate.is_ranged);
    if (!index.is_valid || !index.predicate.empty() || !is_method_alike ||
        index.keys.size() < candidate.columns.size()) {
        return false;
    }
    return std::equal(candidate.columns.begin(), candidate.columns.end(), index.keys.begin(),
                      [](const std::string& column, const IndexKey& key) {
                          return key.is_column && key.is_natural && key.text == column;
                      });
}

/// Whether such an index is there already.
bool is_there(const Facts& facts, const Candidate& candidate) {
    return std::ranges::any_of(facts.indexes, [&](const Index& index) {
        return index.schema == candidate.schema && index.table == candidate.table &&
               finds_as(index, candidate);
    });
}

/// Whether a longer candidate of the same table begins with this one.
bool is_covered(const Facts& facts, const Candidate& candidate) {
    return std::ranges::any_of(facts.candidates, [&](const Candidate& other) {
        return &other != &candidate && other.schema == candidate.schema &&
               other.table == candidate.table && other.columns.size() > candidate.columns.size() &&
               std::equal(candidate.columns.begin(), candidate.columns.end(),
                          other.columns.begin());
    });
}

/// Milliseconds that its statements would have saved since they are counted.
double saved_by(const Candidate& candidate, const Limits& limits) {
    double saved = 0;
    for (const auto& use : candidate.uses) {
        if (candidate.is_proven) {
            const double gain = use.before > 0 ? 1 - use.after / use.before : 0;
            saved += gain >= limits.cost_gain ? use.milliseconds * gain : 0;
        } else {
            saved += use.milliseconds * std::max(0.0, 1 - candidate.selectivity * 2);
        }
    }
    return saved;
}

bool is_select(const Statement& statement) {
    const auto text = lower(trim(statement.text).substr(0, 6));
    return text == "select";
}

/// Rows a call, as far as calls are counted.
double rows_a_call(const Statement& statement) {
    return statement.calls > 0 ? double(statement.rows) / double(statement.calls) : 0;
}

/// The statement whose rows are as many as the calls of the other: once for each of them.
const Statement* parent_of(const Facts& facts, const Statement& child, const Limits& limits) {
    const Statement* best = nullptr;
    for (const auto& parent : facts.statements) {
        if (parent.id == child.id || parent.user != child.user || !is_select(parent) ||
            parent.calls <= 0 || rows_a_call(parent) < limits.repeated_per_parent ||
            double(child.calls) < limits.repeated_per_parent * double(parent.calls)) {
            continue;
        }
        const double difference =
            std::abs(double(parent.rows) - double(child.calls)) / double(child.calls);
        if (difference <= 0.05 && (!best || parent.milliseconds > best->milliseconds)) {
            best = &parent;
        }
    }
    return best;
}

/// Those that could not be planned may want an index as well.
void add_unplanned(const Facts& facts, Judgement& judgement) {
    if (facts.unplanned.empty()) {
        return;
    }
    double all = 0;
    for (const auto& statement : facts.statements) {
        all += statement.milliseconds;
    }
    Unknown unknown{.rule = "missing_index"};
    double unplanned = 0;
    for (const auto& each : facts.unplanned) {
        const auto statement = std::ranges::find(facts.statements, each.statement, &Statement::id);
        unplanned += statement == facts.statements.end() ? 0 : statement->milliseconds;
        unknown.about.push_back(fmt::format("statement {}", each.statement));
    }
    unknown.why =
        fmt::format("{} of {} could not be planned, with {} of the time of all: {} ({})",
                    facts.unplanned.size(), counted(facts.looked_at, "statement"),
                    percent_text(all > 0 ? unplanned / all : 0), some_of(unknown.about),
                    line_of(monitor::without_constants(facts.unplanned.front().why), 100));
    judgement.unknown.push_back(std::move(unknown));
}

}  // namespace

void judge_missing_indexes(const Facts& facts, const Limits& limits, Judgement& judgement) {
    if (!facts.statements_age) {
        judgement.unknown.push_back(
            {"missing_index",
             "pg_stat_statements is not in the database, so no statements are known: name it in "
             "the manifest's extensions"});
        return;
    }
    add_unplanned(facts, judgement);
    for (const auto& candidate : facts.candidates) {
        const auto* const table = facts.table(candidate.schema, candidate.table);
        if (!table || candidate.uses.empty() || is_there(facts, candidate) ||
            is_covered(facts, candidate)) {
            continue;
        }
        const double saved = a_day(saved_by(candidate, limits), facts.statements_age);
        const double written = double(table->inserts + table->updates - table->hot_updates);
        const double paid = a_day(written * limits.write_milliseconds, facts.statistics_age);
        if (saved <= 0 || saved <= paid) {
            continue;
        }
        const auto name = index_name(facts, candidate.schema, candidate.table, candidate.columns);
        const auto on = pg::identifier(candidate.schema, candidate.table);
        std::vector<Evidence> evidence;
        for (const auto& use : candidate.uses) {
            evidence.push_back(
                {fmt::format("statement {}", use.statement),
                 fmt::format(
                     "{}: {} calls, {} ms each{}",
                     line_of(monitor::without_constants(use.text), 100),
                     count_text(double(use.calls)),
                     fmt::format("{:.3g}", use.milliseconds / std::max(1.0, double(use.calls))),
                     candidate.is_proven
                         ? fmt::format(", cost {:.0f} before, {:.0f} with the index", use.before,
                                       use.after)
                         : "")});
        }
        evidence.push_back(
            {"saved", fmt::format("{} a day, estimated",
                                  human(std::chrono::nanoseconds(std::int64_t(saved * 1e6))))});
        evidence.push_back({"paid by writes",
                            fmt::format("{} a day ({} rows written)",
                                        human(std::chrono::nanoseconds(std::int64_t(paid * 1e6))),
                                        count_text(written))});
        if (candidate.bytes > 0) {
            evidence.push_back({"size, estimated", bytes_text(double(candidate.bytes))});
        }
        evidence.push_back({"tried", candidate.is_proven ? "yes, as a hypothetical index (HypoPG)"
                                                         : "no: HypoPG is not there"});
        evidence.push_back({"counted for", age_text(facts.statements_age)});
        judgement.advice.push_back(
            {.rule = "missing_index",
             .object = fmt::format("{} ({})", on, pg::identifiers(candidate.columns)),
             .summary = fmt::format("an index of {}.{} by {} would serve {}", candidate.schema,
                                    candidate.table, join(candidate.columns, ", "),
                                    counted(candidate.uses.size(), "statement")),
             .evidence = std::move(evidence),
             .apply = {fmt::format("create index {}{} on {} ({})",
                                   table->is_partitioned ? "" : "concurrently ",
                                   pg::identifier(name), on, pg::identifiers(candidate.columns))},
             .undo = {fmt::format("drop index {}{}", table->is_partitioned ? "" : "concurrently ",
                                  pg::identifier(candidate.schema, name))},
             .risk = table->is_partitioned || !candidate.is_proven ? Risk::medium : Risk::low,
             .caution =
                 std::string(candidate.is_proven
                                 ? "building it reads the table; updates of its columns are no "
                                   "longer done in place"
                                 : "the estimate was not tried: look at the plans before and "
                                   "after") +
                 (table->is_partitioned
                      ? "; an index of a partitioned table is built while nothing is written"
                      : ""),
             .worth = worth_of_time(saved - paid),
             .is_structure = true,
             .table = candidate.schema + "." + candidate.table});
    }
}

void judge_repeated_statements(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& child : facts.statements) {
        // Asked with a key, answered with little, and often: a question for each row of another.
        if (!is_select(child) || child.calls < limits.repeated_calls ||
            child.text.find("$1") == std::string::npos) {
            continue;
        }
        const auto* const parent = parent_of(facts, child, limits);
        if (!parent || rows_a_call(child) >= rows_a_call(*parent)) {
            continue;
        }
        judgement.advice.push_back(
            {.rule = "repeated_statement",
             .object = fmt::format("statement {}", child.id),
             .summary = fmt::format("one statement is asked {} times for each call of another",
                                    count_text(double(child.calls) / double(parent->calls))),
             .evidence = {{"the one", line_of(child.text)},
                          {"its calls", count_text(double(child.calls))},
                          {"its time", fmt::format("{:.0f} ms", child.milliseconds)},
                          {"the other", line_of(parent->text)},
                          {"its calls, its rows",
                           fmt::format("{}, {}", count_text(double(parent->calls)),
                                       count_text(double(parent->rows)))},
                          {"counted for", age_text(facts.statements_age)}},
             .risk = Risk::none,
             .caution = "a change of the application: join the two, or ask once with = any($1); "
                        "each call costs a round trip that the server does not count",
             // A round trip takes about half a millisecond.
             .worth = worth_of_time(
                 a_day(child.milliseconds + 0.5 * double(child.calls), facts.statements_age))});
    }
}

}  // namespace caisson::advice

// SPDX-License-Identifier: Apache-2.0
/// Tables: space that nothing needs, rows that nobody removes, reading from end to end.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/advice/rules.h"
#include "operations/monitor/advice/worth.h"

namespace caisson::advice {
namespace {

constexpr double page = 8'192;
constexpr double page_header = 24;
constexpr double index_page_overhead = 40;
constexpr double item_pointer = 4;
constexpr double index_entry_header = 8;

double aligned(double bytes) { return std::ceil(bytes / 8) * 8; }

/// What so many rows need, as PostgreSQL lays pages out.
/// Source: PostgreSQL, "Database Page Layout".
double needed_bytes(double rows, double row_bytes, double fillfactor, double overhead) {
    const double a_page = std::max(
        1.0, std::floor((page - overhead) * fillfactor / (aligned(row_bytes) + item_pointer)));
    return std::ceil(rows / a_page) * page;
}

struct Waste {
    double bytes = 0;
    double part = 0;
};

Waste waste_of(double bytes, double needed) {
    const double wasted = std::max(0.0, bytes - needed);
    return {wasted, bytes > 0 ? wasted / bytes : 0};
}

bool is_too_much(const Waste& waste, const Limits& limits) {
    return waste.part > limits.bloat_part && waste.bytes > double(limits.bloat_bytes);
}

std::string name_of(const Table& table) { return table.schema + "." + table.name; }

/// Dead rows are space that VACUUM gives back for use: another rule's matter.
bool is_judged(const Table& table) {
    return !table.is_partitioned && table.rows >= 0 && table.analysed && table.row_bytes > 0;
}

/// Whether another rule already says why this table is read from end to end.
bool is_explained(const Judgement& judgement, const Table& table) {
    return std::ranges::any_of(judgement.advice, [&](const Advice& advice) {
        return advice.table == name_of(table) &&
               (advice.rule == "missing_index" || advice.rule == "foreign_key_index" ||
                advice.rule == "invalid_index");
    });
}

}  // namespace

void judge_bloat(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& table : facts.tables) {
        if (!is_judged(table) || table.dead_rows > table.vacuum_limit) {
            continue;
        }
        const double rows = table.rows + table.dead_rows;
        const auto waste =
            waste_of(double(table.bytes),
                     needed_bytes(rows, table.row_bytes, table.fillfactor, page_header));
        if (!is_too_much(waste, limits)) {
            continue;
        }
        judgement.advice.push_back(
            {.rule = "bloat",
             .object = pg::identifier(table.schema, table.name),
             .summary = fmt::format("{} of the table {} is empty space, by an estimate",
                                    percent_text(waste.part), name_of(table)),
             .evidence = {{"size", bytes_text(double(table.bytes))},
                          {"needed, estimated", bytes_text(double(table.bytes) - waste.bytes)},
                          {"rows", count_text(table.rows)},
                          {"counted", age_text(table.analysed) + " ago"}},
             .apply = {fmt::format("vacuum (full, analyze) {}",
                                   pg::identifier(table.schema, table.name))},
             .risk = Risk::high,
             .caution = "nobody reads or writes the table while it is rewritten, and there must be "
                        "room for a second copy; pg_repack does it with a moment's lock. Space "
                        "that will be filled again need not be given back",
             .worth = worth_of_space(std::uint64_t(waste.bytes)),
             .table = name_of(table)});
    }
    for (const auto& index : facts.indexes) {
        if (index.method != "btree" || index.is_partitioned || !index.is_valid || index.rows < 0 ||
            index.key_bytes <= 0) {
            continue;
        }
        const auto* const table = facts.table(index.schema, index.table);
        const double dead = table ? table->dead_rows : 0;
        if (!table || !table->analysed || dead > table->vacuum_limit) {
            continue;
        }
        const auto waste =
            waste_of(double(index.bytes),
                     needed_bytes(index.rows + dead, index.key_bytes + index_entry_header,
                                  index.fillfactor, index_page_overhead));
        if (!is_too_much(waste, limits)) {
            continue;
        }
        judgement.advice.push_back(
            {.rule = "bloat",
             .object = pg::identifier(index.schema, index.name),
             .summary = fmt::format("{} of the index {} of {} is empty space, by an estimate",
                                    percent_text(waste.part), index.name, name_of(*table)),
             .evidence = {{"size", bytes_text(double(index.bytes))},
                          {"needed, estimated", bytes_text(double(index.bytes) - waste.bytes)},
                          {"entries", count_text(index.rows)}},
             .apply = {fmt::format("reindex index concurrently {}",
                                   pg::identifier(index.schema, index.name))},
             .risk = Risk::low,
             .caution = "needs room for a second copy meanwhile; one that is broken off leaves an "
                        "invalid index behind",
             .worth = worth_of_space(std::uint64_t(waste.bytes)),
             .table = name_of(*table)});
    }
}

void judge_dead_rows(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& table : facts.tables) {
        // Autovacuum comes within its naptime once the limit is reached; twice the limit means that
        // it does not keep up.
        const double limit = table.autovacuum ? 2 * table.vacuum_limit : table.vacuum_limit;
        if (table.is_partitioned || table.dead_rows <= double(limits.dead_rows) ||
            table.dead_rows <= limit) {
            continue;
        }
        const auto name = pg::identifier(table.schema, table.name);
        const auto horizon = std::ranges::find_if(facts.sessions, &Session::holds_horizon);
        Advice advice{.rule = "dead_rows",
                      .object = name,
                      .summary = fmt::format("{} dead rows of {} are not removed",
                                             count_text(table.dead_rows), name_of(table)),
                      .evidence = {{"dead rows", count_text(table.dead_rows)},
                                   {"live rows", count_text(table.live_rows)},
                                   {"autovacuum comes at", count_text(table.vacuum_limit)},
                                   {"last vacuumed",
                                    table.vacuumed ? age_text(table.vacuumed) + " ago" : "never"},
                                   {"autovacuum", table.autovacuum ? "on" : "off for this table"}},
                      .apply = {fmt::format("vacuum (analyze) {}", name)},
                      .risk = Risk::low,
                      .caution = "VACUUM reads the table; it locks nobody out",
                      .worth = worth_of_time(table.dead_rows * 1e-1),
                      .table = name_of(table)};
        if (!table.autovacuum) {
            advice.apply.insert(
                advice.apply.begin(),
                fmt::format("alter table {} set (autovacuum_enabled = true)", name));
            advice.undo = {fmt::format("alter table {} set (autovacuum_enabled = false)", name)};
        } else if (horizon != facts.sessions.end()) {
            advice.caution = fmt::format(
                "it removes nothing while the transaction of process {} may still see the rows",
                horizon->process);
        }
        judgement.advice.push_back(std::move(advice));
    }
}

namespace {

/// How it was read of late: what was before an index was made tells nothing about that index.
Scans recent_scans(const Facts& facts, const Table& table) {
    Scans scans{.age = facts.statistics_age.value_or(86'400),
                .sequential = table.sequential_scans,
                .rows = table.sequential_rows,
                .by_index = table.index_scans};
    const auto before = facts.scans_before.find(name_of(table));
    if (before != facts.scans_before.end()) {
        scans.age = before->second.age;
        scans.sequential -= before->second.sequential;
        scans.rows -= before->second.rows;
        scans.by_index -= before->second.by_index;
    }
    return scans;
}

}  // namespace

void judge_sequential_scans(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& table : facts.tables) {
        const auto scans = recent_scans(facts, table);
        const double rows = std::max(table.rows, table.live_rows);
        const double part = double(scans.by_index) / double(scans.sequential + scans.by_index);
        if (table.is_partitioned || rows < double(limits.scanned_rows) ||
            scans.sequential < limits.scans || part >= limits.index_use ||
            is_explained(judgement, table)) {
            continue;
        }
        judgement.advice.push_back(
            {.rule = "sequential_scans",
             .object = pg::identifier(table.schema, table.name),
             .summary = fmt::format("{} is read from end to end more often than by an index",
                                    name_of(table)),
             .evidence = {{"by an index", percent_text(part)},
                          {"sequential scans", count_text(double(scans.sequential))},
                          {"rows read by them", count_text(double(scans.rows))},
                          {"rows", count_text(rows)},
                          {"counted for", age_text(scans.age)}},
             .risk = Risk::none,
             .caution = "no index was found that would help the statements that are known: look at "
                        "`caisson monitor queries`; sums over a whole table are no fault",
             .worth =
                 worth_of_time(double(scans.rows) * 1e-4 * 86'400 / std::max(scans.age, 3'600.0)) /
                 2,
             .table = name_of(table)});
    }
}

}  // namespace caisson::advice

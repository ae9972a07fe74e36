// SPDX-License-Identifier: Apache-2.0
/// Keys: foreign ones without an index, tables without a primary one, sequences near their end.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/advice/rules.h"
#include "operations/monitor/advice/worth.h"

namespace caisson::advice {

bool finds(const Index& index, const ForeignKey& key) {
    if (!index.is_valid || index.schema != key.schema || index.table != key.table ||
        (index.method != "btree" && !(index.method == "hash" && key.columns.size() == 1)) ||
        index.keys.size() < key.columns.size()) {
        return false;
    }
    const std::set<std::string> wanted(key.columns.begin(), key.columns.end());
    std::set<std::string> first;
    for (std::size_t i = 0; i < key.columns.size(); ++i) {
        if (!index.keys[i].is_column) {
            return false;
        }
        first.insert(index.keys[i].text);
    }
    if (first != wanted) {
        return false;
    }
    return index.predicate.empty() ||
           std::ranges::any_of(key.columns, [&](const std::string& column) {
               return index.predicate == "(" + column + " IS NOT NULL)" ||
                      index.predicate == "(" + pg::identifier(column) + " IS NOT NULL)";
           });
}

namespace {

/// Two foreign keys of the same columns need one index.
bool is_first_of_its_columns(const Facts& facts, const ForeignKey& key) {
    for (const auto& other : facts.foreign_keys) {
        if (other.schema == key.schema && other.table == key.table &&
            other.columns == key.columns) {
            return &other == &key;
        }
    }
    return true;
}

}  // namespace

void judge_foreign_keys(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& key : facts.foreign_keys) {
        const auto* const table = facts.table(key.schema, key.table);
        if (!table || key.is_partition || !is_first_of_its_columns(facts, key)) {
            continue;
        }
        const double rows = std::max(table->rows, table->live_rows);
        if (rows < double(limits.foreign_key_rows) ||
            std::ranges::any_of(facts.indexes,
                                [&](const Index& index) { return finds(index, key); })) {
            continue;
        }
        const auto name = index_name(facts, key.schema, key.table, key.columns);
        const auto dot = key.referenced.find('.');
        const auto* const referenced =
            facts.table(key.referenced.substr(0, dot),
                        dot == std::string::npos ? key.referenced : key.referenced.substr(dot + 1));
        const double deletes = referenced ? double(referenced->deletes) : 0;
        const double age = facts.statistics_age.value_or(86'400);
        // Reading a row sequentially takes about a ten thousandth of a millisecond.
        const double milliseconds = deletes * rows * 1e-4 * 86'400 / std::max(age, 3'600.0);
        judgement.advice.push_back(
            {.rule = "foreign_key_index",
             .object = pg::identifier(key.schema, key.table) + "." + pg::identifier(key.name),
             .summary = fmt::format("no index finds the rows of {}.{} by {}, which refer to {}",
                                    key.schema, key.table, join(key.columns, ", "), key.referenced),
             .evidence = {{"rows to be read for each row deleted there", count_text(rows)},
                          {"rows deleted there", count_text(deletes)},
                          {"counted for", age_text(facts.statistics_age)}},
             .apply = {fmt::format("create index {}{} on {} ({})",
                                   table->is_partitioned ? "" : "concurrently ",
                                   pg::identifier(name), pg::identifier(key.schema, key.table),
                                   pg::identifiers(key.columns))},
             .undo = {fmt::format("drop index {}{}", table->is_partitioned ? "" : "concurrently ",
                                  pg::identifier(key.schema, name))},
             .risk = table->is_partitioned ? Risk::medium : Risk::low,
             .caution = table->is_partitioned
                            ? "an index of a partitioned table is built while nothing is written"
                            : "one more index to keep; not needed where nothing is ever deleted "
                              "from the other table, nor joined by this key",
             .worth = worth_of_time(milliseconds),
             .is_structure = true,
             .table = key.schema + "." + key.table});
    }
}

void judge_primary_keys(const Facts& facts, const Limits&, Judgement& judgement) {
    for (const auto& table : facts.tables) {
        if (table.has_primary_key || table.has_identity || table.is_partition ||
            table.is_unlogged) {
            continue;
        }
        // Rows that are only ever added need no name: measurements, logs.
        const bool only_grows = table.updates == 0 && table.deletes == 0;
        if (only_grows && table.is_partitioned) {
            continue;
        }
        const auto name = pg::identifier(table.schema, table.name);
        // Whether its column `id` tells rows apart only its values show.
        const bool has_id = std::ranges::find(table.columns, "id") != table.columns.end();
        const auto sql = [&](const char* what) {
            return has_id ? std::vector<std::string>{}
                          : std::vector<std::string>{fmt::format("alter table {} {}", name, what)};
        };
        judgement.advice.push_back(
            {.rule = "primary_key",
             .object = name,
             .summary = fmt::format("{}.{} has no primary key", table.schema, table.name),
             .evidence = {{"rows", count_text(std::max({table.rows, table.live_rows, 0.0}))},
                          {"updates and deletes",
                           count_text(double(table.updates + table.deletes))},
                          {"unique index without NULLs", "none"}},
             .apply = sql("add column id bigint generated always as identity primary key"),
             .undo = sql("drop column id"),
             .risk = Risk::high,
             .caution =
                 std::string(has_id ? "there is a column id: if it tells rows apart, make it the "
                                      "key (a unique index built concurrently, then add primary "
                                      "key using index), else other columns that do"
                                    : "rewrites the table while nobody reads it; where columns "
                                      "already tell rows apart, make those the key instead") +
                 ". Logical replication cannot update a table without one",
             .worth = worth_of_fault() - (only_grows ? 40 : 20),
             .is_structure = true,
             .table = table.schema + "." + table.name});
    }
}

void judge_sequences(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& sequence : facts.sequences) {
        if (!sequence.last || sequence.cycles || sequence.limit == sequence.first) {
            continue;
        }
        const double whole = std::abs(double(sequence.limit) - double(sequence.first));
        const double part = std::abs(double(*sequence.last) - double(sequence.first)) / whole;
        if (part <= limits.sequence_part) {
            continue;
        }
        const auto name = pg::identifier(sequence.schema, sequence.name);
        Advice advice{
            .rule = "sequence_end",
            .object = name,
            .summary = fmt::format("{} of the numbers of {}.{} are used", percent_text(part),
                                   sequence.schema, sequence.name),
            .evidence = {{"last number", fmt::format("{}", *sequence.last)},
                         {"limit", fmt::format("{} ({})", sequence.limit,
                                               sequence.column_type.empty()
                                                   ? sequence.type
                                                   : "of the column, " + sequence.column_type)},
                         {"numbers left",
                          count_text(
                              std::floor(std::abs(double(sequence.limit) - double(*sequence.last)) /
                                         std::abs(double(sequence.increment))))}},
            .risk = Risk::high,
            .caution =
                "changing a column's type rewrites the table while nobody reads it: for a "
                "large one, add a column and fill it in steps",
            .worth = worth_of_danger(part),
            .is_structure = true};
        if (sequence.type != "bigint") {
            advice.apply.push_back(fmt::format("alter sequence {} as bigint", name));
        }
        if (!sequence.column.empty() && sequence.column_type != "bigint" &&
            !sequence.column_type.empty()) {
            advice.apply.push_back(fmt::format("alter table {} alter column {} type bigint",
                                               sequence.column_table, sequence.column_name));
        }
        if (advice.apply.empty()) {
            advice.apply.push_back(fmt::format("alter sequence {} no maxvalue", name));
            advice.undo.push_back(
                fmt::format("alter sequence {} maxvalue {}", name, sequence.limit));
            advice.risk = Risk::low;
            advice.caution = "whoever stores the numbers must take larger ones";
        }
        judgement.advice.push_back(std::move(advice));
    }
}

}  // namespace caisson::advice

// SPDX-License-Identifier: Apache-2.0
/// Keys: foreign ones without an index, tables without a primary one, sequences near their end.
#include <algorithm>
#include <cmath>
#include <limits>
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

namespace {

/// The last number of a type; of one that is none of the three, of bigint.
std::int64_t end_of(const std::string& type, bool counts_down) {
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (type == "integer") {
        most = std::numeric_limits<std::int32_t>::max();
    } else if (type == "smallint") {
        most = std::numeric_limits<std::int16_t>::max();
    }
    return counts_down ? -most - 1 : most;
}

/// Where a sequence ends: at its own bound, or at the end of its column's type.
struct Ends {
    explicit Ends(const Sequence& sequence)
        : counts_down(sequence.increment < 0),
          own(sequence.bound),
          column(end_of(sequence.column_type, counts_down)),
          nearest(counts_down ? std::max(own, column) : std::min(own, column)) {}
    bool counts_down;
    std::int64_t own;
    std::int64_t column;
    std::int64_t nearest;
};

/// How much of the numbers up to `end` is used.
double used_part(const Sequence& sequence, std::int64_t end) {
    const double whole = std::abs(double(end) - double(sequence.first));
    return std::abs(double(*sequence.last) - double(sequence.first)) / whole;
}

/// Its bound is kept by ALTER SEQUENCE … AS, where it is not that of the type before.
void free_sequence(const Sequence& sequence, Advice& advice) {
    const auto* const bound = sequence.increment < 0 ? "minvalue" : "maxvalue";
    const bool is_narrow = sequence.type != "bigint";
    const auto name = pg::identifier(sequence.schema, sequence.name);
    advice.apply.push_back(
        fmt::format("alter sequence {}{} no {}", name, is_narrow ? " as bigint" : "", bound));
    advice.undo.push_back(fmt::format("alter sequence {}{} {} {}", name,
                                      is_narrow ? " as " + sequence.type : "", bound,
                                      sequence.bound));
    advice.risk = Risk::low;
    advice.caution = "whoever stores the numbers must take larger ones";
}

void widen_column(const Sequence& sequence, Advice& advice) {
    const auto column = fmt::format("alter table {} alter column {} type", sequence.column_table,
                                    sequence.column_name);
    advice.apply.push_back(column + " bigint");
    advice.undo.insert(advice.undo.begin(), column + " " + sequence.column_type);
    advice.risk = Risk::high;
    advice.caution =
        "changing a column's type rewrites the table while nobody reads it: for a large one, add a "
        "column and fill it in steps";
}

void add_unreadable(const Facts& facts, Judgement& judgement) {
    std::vector<std::string> names;
    Unknown unknown{.rule = "sequence_end"};
    for (const auto& sequence : facts.sequences) {
        if (!sequence.is_readable && !sequence.cycles) {
            names.push_back(sequence.schema + "." + sequence.name);
            unknown.about.push_back(pg::identifier(sequence.schema, sequence.name));
        }
    }
    if (!names.empty()) {
        unknown.why = "there is no right to see how far they are: " + some_of(names);
        judgement.unknown.push_back(std::move(unknown));
    }
    Unknown locked{.rule = "sequence_end"};
    names.clear();
    for (const auto& [schema, name] : facts.locked_sequences) {
        names.push_back(schema + "." + name);
        locked.about.push_back(pg::identifier(schema, name));
    }
    if (!names.empty()) {
        locked.why = "another session alters them, or waits to: " + some_of(names);
        judgement.unknown.push_back(std::move(locked));
    }
}

}  // namespace

void judge_sequences(const Facts& facts, const Limits& limits, Judgement& judgement) {
    add_unreadable(facts, judgement);
    for (const auto& sequence : facts.sequences) {
        const Ends ends(sequence);
        if (!sequence.last || sequence.cycles || ends.nearest == sequence.first ||
            used_part(sequence, ends.nearest) <= limits.sequence_part) {
            continue;
        }
        const double part = used_part(sequence, ends.nearest);
        const double left = std::abs(double(ends.nearest) - double(*sequence.last));
        Advice advice{
            .rule = "sequence_end",
            .object = pg::identifier(sequence.schema, sequence.name),
            .summary = fmt::format("{} of the numbers of {}.{} are used", percent_text(part),
                                   sequence.schema, sequence.name),
            .evidence = {{"last number", fmt::format("{}", *sequence.last)},
                         {"limit", fmt::format("{} ({})", ends.nearest,
                                               ends.nearest == ends.own
                                                   ? sequence.type
                                                   : "of the column, " + sequence.column_type)},
                         {"numbers left",
                          count_text(std::floor(left / std::abs(double(sequence.increment))))}},
            .risk = Risk::none,
            .caution = "no type has more numbers",
            .worth = worth_of_danger(part),
            .is_structure = true};
        if (used_part(sequence, ends.own) > limits.sequence_part &&
            ends.own != end_of("bigint", ends.counts_down)) {
            free_sequence(sequence, advice);
        }
        // One bound may hide the other: what is freed must not end at its column at once.
        if (used_part(sequence, ends.column) > limits.sequence_part &&
            ends.column != end_of("bigint", ends.counts_down)) {
            widen_column(sequence, advice);
        }
        judgement.advice.push_back(std::move(advice));
    }
}

}  // namespace caisson::advice

// SPDX-License-Identifier: Apache-2.0
/// Indexes that cost more than they give: unused, duplicate or covered, invalid, mostly of NULLs.
#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/advice/rules.h"
#include "operations/monitor/advice/worth.h"

namespace caisson::advice {
namespace {

std::string quoted(const Index& index) { return pg::identifier(index.schema, index.name); }
std::string full_name(const Index& index) { return index.schema + "." + index.name; }
std::string table_of(const Index& index) { return index.schema + "." + index.table; }

/// An index of a partitioned table can be dropped and made at once only as a whole.
std::string dropping(const Index& index) {
    return fmt::format("drop index {}{}", index.is_partitioned ? "" : "concurrently ",
                       quoted(index));
}

std::size_t end_of_name(std::string_view text, std::size_t at) {
    if (at >= text.size() || text[at] != '"') {
        return std::min(text.find(' ', at), text.size());
    }
    while (++at < text.size()) {
        // A quote within the name is doubled.
        if (text[at] == '"' && (++at >= text.size() || text[at] != '"')) {
            return at;
        }
    }
    return text.size();
}

/// CREATE INDEX as the server writes it: `before` ends where the name begins, `after` begins with
/// " ON ". Names may hold either word.
struct Definition {
    std::string before;
    std::string name;
    std::string after;
};
Definition parts_of(const Index& index) {
    constexpr std::string_view word = " INDEX ";
    const auto found = index.definition.find(word);
    const auto begin = found == std::string::npos ? index.definition.size() : found + word.size();
    const auto end = end_of_name(index.definition, begin);
    return {index.definition.substr(0, begin), index.definition.substr(begin, end - begin),
            index.definition.substr(end)};
}

/// CREATE INDEX again. The server writes ON ONLY for that of a partitioned table, which would make
/// one that is invalid and of no partition.
std::string making(const Index& index) {
    constexpr std::string_view only = " ON ONLY ";
    const auto [before, name, after] = parts_of(index);
    if (!index.is_partitioned) {
        return before + "CONCURRENTLY " + name + after;
    }
    return before + name + (after.starts_with(only) ? " ON " + after.substr(only.size()) : after);
}

std::int64_t scans_everywhere(const Facts& facts, const Index& index) {
    const auto found = facts.replica_scans.find(full_name(index));
    return index.scans + (found == facts.replica_scans.end() ? 0 : found->second);
}

/// Whether nothing but speed depends on it.
bool may_go(const Index& index) {
    return !index.is_unique && !index.backs_constraint && !index.is_replica_identity &&
           index.is_valid && !index.is_partition;
}

bool has_same_rows(const Index& a, const Index& b) {
    return a.schema == b.schema && a.table == b.table && a.method == b.method &&
           a.predicate == b.predicate;
}

bool begins_with(const Index& longer, const Index& shorter) {
    if (shorter.keys.size() > longer.keys.size()) {
        return false;
    }
    return std::equal(
        shorter.keys.begin(), shorter.keys.end(), longer.keys.begin(),
        [](const IndexKey& a, const IndexKey& b) { return a.text == b.text && a.rest == b.rest; });
}

bool includes_all(const Index& larger, const Index& smaller) {
    return std::ranges::all_of(smaller.included, [&](const std::string& column) {
        return std::ranges::find(larger.included, column) != larger.included.end() ||
               std::ranges::any_of(larger.keys,
                                   [&](const IndexKey& key) { return key.text == column; });
    });
}

/// Whether one unique index refuses all that the other one refuses, as early. ON CONFLICT takes
/// only one that is checked at once.
bool is_as_strict(const Index& other, const Index& index) {
    return (other.is_immediate || !index.is_immediate) &&
           (!other.nulls_are_distinct || index.nulls_are_distinct);
}

/// Whether `other` does all that `index` does.
bool stands_for(const Index& other, const Index& index) {
    if (other.oid == index.oid || !other.is_valid || other.is_partition ||
        !has_same_rows(index, other) || !begins_with(other, index) || !includes_all(other, index)) {
        return false;
    }
    const bool same_keys = other.keys.size() == index.keys.size();
    // Only a B-tree finds the beginning of its key as fast as an index of that alone.
    if (!same_keys && index.method != "btree") {
        return false;
    }
    if (index.is_unique && !(other.is_unique && same_keys && is_as_strict(other, index))) {
        return false;
    }
    if (!same_keys || other.included.size() > index.included.size()) {
        return true;
    }
    // Two that are equal: the one that a constraint needs stays, then the unique one, then the
    // stricter one, then the older one.
    const auto rank = [](const Index& each) {
        return std::tuple(each.backs_constraint, each.is_replica_identity, each.is_unique,
                          !each.nulls_are_distinct, each.is_immediate,
                          -static_cast<std::int64_t>(each.oid));
    };
    return rank(other) > rank(index);
}

Evidence uses_of(const Facts& facts, const Index& index) {
    return {"scans",
            facts.replicas_read > 0
                ? fmt::format("{} here, {} on {}", count_text(double(index.scans)),
                              count_text(double(scans_everywhere(facts, index) - index.scans)),
                              counted(std::size_t(facts.replicas_read), "replica"))
                : count_text(double(index.scans))};
}

/// Whether a foreign key needs it: no other index that stays finds the key's rows. It has no scans
/// as long as nothing is deleted from the other table.
bool is_needed_by_key(const Facts& facts, const Judgement& judgement, const Index& index) {
    return std::ranges::any_of(facts.foreign_keys, [&](const ForeignKey& key) {
        return finds(index, key) && std::ranges::none_of(facts.indexes, [&](const Index& other) {
                   return other.oid != index.oid && !judgement.going.contains(other.oid) &&
                          finds(other, key);
               });
    });
}

/// Indexes by their table: each is compared with those beside it alone.
class Neighbours {
 public:
    explicit Neighbours(const Facts& facts) {
        for (const auto& index : facts.indexes) {
            by_table_[table_of(index)].push_back(&index);
        }
    }
    /// One that does all that `index` does and is not superfluous itself.
    const Index* that_stays_for(const Index& index) const {
        const auto& others = by_table_.at(table_of(index));
        const auto is_superfluous = [&](const Index& other) {
            return std::ranges::any_of(others,
                                       [&](const Index* each) { return stands_for(*each, other); });
        };
        for (const auto* const other : others) {
            if (stands_for(*other, index) && !is_superfluous(*other)) {
                return other;
            }
        }
        return nullptr;
    }

 private:
    std::map<std::string, std::vector<const Index*>> by_table_;
};

/// Physical slots that nobody reads at this moment: a replica that is away has used indexes, too.
std::vector<std::string> waiting_slots(const Facts& facts) {
    std::vector<std::string> names;
    for (const auto& slot : facts.slots) {
        if (slot.kind == "physical" && !slot.is_active && !slot.is_receivers) {
            names.push_back(slot.name);
        }
    }
    return names;
}

}  // namespace

void judge_unused_indexes(const Facts& facts, const Limits& limits, Judgement& judgement) {
    const auto is_candidate = [&](const Index& index) {
        return may_go(index) && index.scans == 0 && index.bytes > limits.unused_index_bytes &&
               scans_everywhere(facts, index) == 0;
    };
    if (std::ranges::none_of(facts.indexes, is_candidate)) {
        return;
    }
    if (!facts.statistics_age || *facts.statistics_age < limits.statistics_age) {
        judgement.unknown.push_back(
            {"unused_index",
             fmt::format("the server has counted scans for {}; at least {} are needed",
                         age_text(facts.statistics_age), age_text(limits.statistics_age))});
        return;
    }
    const auto waiting = waiting_slots(facts);
    const int replicas = std::max(facts.replicas + int(waiting.size()), facts.replicas_named);
    if (facts.replicas_read < replicas) {
        judgement.unknown.push_back(
            {"unused_index",
             fmt::format("{} of {} were asked which indexes they use; name the others with "
                         "--replicas HOST:PORT,…{}",
                         facts.replicas_read, counted(std::size_t(replicas), "replica"),
                         waiting.empty()
                             ? ""
                             : "; not connected now: that of the slot " + join(waiting, ", "))});
        return;
    }
    if (facts.watched_for.value_or(0) < limits.statistics_age) {
        judgement.unknown.push_back(
            {"unused_index",
             fmt::format("{}; an index may be as young, and tells something after {}",
                         facts.watched_for ? "indexes were first looked at " +
                                                 age_text(facts.watched_for) + " ago"
                                           : "indexes are looked at for the first time",
                         age_text(limits.statistics_age))});
        return;
    }
    for (const auto& index : facts.indexes) {
        const auto seen = facts.index_ages.find(full_name(index));
        const double age = seen == facts.index_ages.end() ? 0 : seen->second;
        // What stands for another one gets its work: that nobody has used it so far tells nothing.
        if (!is_candidate(index) || judgement.staying.contains(index.oid) ||
            age < limits.statistics_age || is_needed_by_key(facts, judgement, index)) {
            continue;
        }
        const auto* const table = facts.table(index.schema, index.table);
        const double writes = table ? double(table->inserts + table->updates) : 0;
        judgement.going.insert(index.oid);
        judgement.advice.push_back(
            {.rule = "unused_index",
             .object = quoted(index),
             .summary = fmt::format(
                 "nobody has used the index {} of {} for {}", index.name, table_of(index),
                 age_text(seen == facts.index_ages.end() ? *facts.statistics_age
                                                         : std::min(age, *facts.statistics_age))),
             .evidence = {uses_of(facts, index),
                          {"counted for", age_text(facts.statistics_age)},
                          {"size", bytes_text(double(index.bytes))},
                          {"rows written meanwhile", count_text(writes)}},
             .apply = {dropping(index)},
             .undo = {making(index)},
             .risk = Risk::medium,
             .caution = "a report that runs once a quarter may need it, and so may a replica that "
                        "is fed from the archive alone: name it with --replicas. Undoing takes as "
                        "long as building it",
             .worth = worth_of_space(index.bytes),
             .is_structure = true,
             .table = table_of(index)});
    }
}

void judge_duplicate_indexes(const Facts& facts, const Limits&, Judgement& judgement) {
    const Neighbours neighbours(facts);
    for (const auto& index : facts.indexes) {
        if (index.backs_constraint || index.is_replica_identity || index.is_partition ||
            !index.is_valid) {
            continue;
        }
        const auto* const other = neighbours.that_stays_for(index);
        if (!other) {
            continue;
        }
        judgement.going.insert(index.oid);
        judgement.staying.insert(other->oid);
        const bool equal = other->keys.size() == index.keys.size() &&
                           other->included.size() == index.included.size();
        judgement.advice.push_back(
            {.rule = "duplicate_index",
             .object = quoted(index),
             .summary = fmt::format("the index {} of {} is {}{}", index.name, table_of(index),
                                    equal ? "a copy of " : "the beginning of ", other->name),
             .evidence = {{"this", index.definition},
                          {"the other", other->definition},
                          {"size", bytes_text(double(index.bytes))},
                          uses_of(facts, index)},
             .apply = {dropping(index)},
             .undo = {making(index)},
             .risk = index.is_partitioned ? Risk::medium : Risk::low,
             .caution =
                 std::string(equal ? "whatever used it uses the other one"
                                   : "the longer index is a little slower to read; hints and plans "
                                     "that name this one do not find it") +
                 (index.is_partitioned ? "; that of a partitioned table is dropped, and made "
                                         "again, while nothing is written"
                                       : ""),
             .worth = worth_of_space(index.bytes),
             .is_structure = true,
             .table = table_of(index)});
    }
}

void judge_invalid_indexes(const Facts& facts, const Limits&, Judgement& judgement) {
    for (const auto& index : facts.indexes) {
        // An index of a partitioned table is invalid until each partition has its part: no fault.
        if (index.is_valid || index.is_being_built || index.is_partitioned) {
            continue;
        }
        // What REINDEX CONCURRENTLY left behind: the index itself is there and works.
        const bool is_rest = index.name.find("_ccnew") != std::string::npos ||
                             index.name.find("_ccold") != std::string::npos;
        Advice advice{.rule = "invalid_index",
                      .object = quoted(index),
                      .summary = fmt::format(
                          "the index {} of {} was never finished: it is written to and never read",
                          index.name, table_of(index)),
                      .evidence = {{"definition", index.definition},
                                   {"size", bytes_text(double(index.bytes))},
                                   {"being built", "no"}},
                      .risk = Risk::low,
                      .worth = worth_of_fault(),
                      .is_structure = true,
                      .table = table_of(index)};
        if (is_rest) {
            advice.apply = {dropping(index)};
            advice.caution = "it is the rest of a REINDEX CONCURRENTLY that was broken off";
        } else {
            advice.apply = {fmt::format("reindex index concurrently {}", quoted(index))};
            advice.undo = {dropping(index)};
            advice.caution = index.is_unique
                                 ? "it fails again while rows have the same values: look for them "
                                   "first"
                                 : "building it reads the table; writes go on";
        }
        judgement.advice.push_back(std::move(advice));
    }
}

void judge_partial_indexes(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& index : facts.indexes) {
        if (!may_go(index) || index.is_partitioned || judgement.going.contains(index.oid) ||
            judgement.staying.contains(index.oid) || index.keys.size() != 1 ||
            !index.keys.front().is_column || !index.predicate.empty() || index.method != "btree") {
            continue;
        }
        const auto* const table = facts.table(index.schema, index.table);
        const auto* const column = facts.column(index.schema, index.table, index.keys.front().text);
        if (!table || !column || table->rows < double(limits.partial_rows) ||
            column->null_part <= limits.partial_nulls) {
            continue;
        }
        const auto saved = static_cast<std::uint64_t>(double(index.bytes) * column->null_part);
        const auto name =
            index_name(facts, index.schema, index.table, {column->name}, "not_null_idx");
        const auto made = pg::identifier(index.schema, name);
        judgement.advice.push_back(
            {.rule = "partial_index",
             .object = quoted(index),
             .summary = fmt::format("{} of the entries of {} are NULL",
                                    percent_text(column->null_part), index.name),
             .evidence = {{"NULLs in " + column->name, percent_text(column->null_part)},
                          {"rows", count_text(table->rows)},
                          {"size", bytes_text(double(index.bytes))},
                          {"size without them, estimated",
                           bytes_text(double(index.bytes - saved))}},
             .apply = {fmt::format("create index concurrently {}{} where {} is not null",
                                   pg::identifier(name), parts_of(index).after,
                                   pg::identifier(column->name)),
                       dropping(index)},
             .undo = {making(index), fmt::format("drop index concurrently {}", made)},
             .risk = Risk::medium,
             .caution = "queries that look for NULL cannot use the new one",
             .worth = worth_of_space(saved),
             .is_structure = true,
             .table = table_of(index)});
    }
}

}  // namespace caisson::advice

// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/memory.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/advice/rules.h"

namespace caisson::advice {
namespace {

constexpr auto remembered_for = std::chrono::hours(90 * 24);
/// Fewer calls tell little about how long one takes.
constexpr std::int64_t fewest_calls = 10;

std::uint64_t bytes_of(const Facts& facts, const std::string& name) {
    std::uint64_t bytes = 0;
    for (const auto& table : facts.tables) {
        bytes += table.schema + "." + table.name == name ? table.bytes : 0;
    }
    for (const auto& index : facts.indexes) {
        bytes += index.schema + "." + index.table == name ? index.bytes : 0;
    }
    return bytes;
}

/// The statements that evidence names as "statement 123".
std::map<std::int64_t, Usage> usage_of(const Advice& advice, const Facts& facts) {
    std::map<std::int64_t, Usage> usage;
    for (const auto& statement : facts.statements) {
        const auto name = fmt::format("statement {}", statement.id);
        if (advice.object == name ||
            std::ranges::any_of(advice.evidence,
                                [&](const Evidence& each) { return each.name == name; })) {
            usage[statement.id] = {statement.calls, statement.milliseconds};
        }
    }
    return usage;
}

double each(const Usage& usage) {
    return usage.calls > 0 ? usage.milliseconds / double(usage.calls) : 0;
}

/// What became of its statements and of the table's size since.
std::string result_of(const Remembered& advice, const Facts& facts) {
    std::vector<std::string> parts;
    for (const auto& [id, before] : advice.usage) {
        const auto now = std::ranges::find(facts.statements, id, &Statement::id);
        if (now == facts.statements.end()) {
            continue;
        }
        const bool was_reset = now->calls < before.calls;
        const Usage since = {now->calls - (was_reset ? 0 : before.calls),
                             now->milliseconds - (was_reset ? 0 : before.milliseconds)};
        if (since.calls >= fewest_calls) {
            parts.push_back(fmt::format("statement {}: {:.3g} ms each before, {:.3g} ms since", id,
                                        each(before), each(since)));
        }
    }
    const auto bytes = bytes_of(facts, advice.table);
    if (advice.bytes > 0 && bytes > 0 && bytes != advice.bytes) {
        parts.push_back(fmt::format("{} with its indexes: {} before, {} now", advice.table,
                                    bytes_text(double(advice.bytes)), bytes_text(double(bytes))));
    }
    return join(parts, "; ");
}

boost::json::object json_of(const Remembered& advice) {
    boost::json::array usage;
    for (const auto& [id, each] : advice.usage) {
        usage.push_back({{"statement", std::to_string(id)},
                         {"calls", each.calls},
                         {"milliseconds", each.milliseconds}});
    }
    return {{"rule", advice.rule},
            {"object", advice.object},
            {"summary", advice.summary},
            {"first", timestamp(advice.first)},
            {"last", timestamp(advice.last)},
            {"usage", std::move(usage)},
            {"bytes", advice.bytes},
            {"table", advice.table},
            {"gone", advice.is_gone},
            {"result", advice.result}};
}

Moment moment_in(const boost::json::object& object, std::string_view key) {
    return parse_moment(std::string_view(object.at(key).as_string())).value_or(Moment{});
}

Remembered remembered_in(const boost::json::object& object) {
    Remembered advice{.rule = object.at("rule").as_string().c_str(),
                      .object = object.at("object").as_string().c_str(),
                      .summary = object.at("summary").as_string().c_str(),
                      .first = moment_in(object, "first"),
                      .last = moment_in(object, "last"),
                      .bytes = object.at("bytes").to_number<std::uint64_t>(),
                      .table = object.at("table").as_string().c_str(),
                      .is_gone = object.at("gone").as_bool(),
                      .result = object.at("result").as_string().c_str()};
    for (const auto& value : object.at("usage").as_array()) {
        const auto& each = value.as_object();
        const std::string_view id = each.at("statement").as_string();
        std::int64_t number = 0;
        std::from_chars(id.data(), id.data() + id.size(), number);
        advice.usage[number] = {each.at("calls").to_number<std::int64_t>(),
                                each.at("milliseconds").to_number<double>()};
    }
    return advice;
}

}  // namespace

namespace {

/// Of these a mark is made; fewer scans tell nothing (Limits::scans).
constexpr std::int64_t fewest_scans = 100;
constexpr auto between_marks = std::chrono::hours(7 * 24);

Scans scans_of(const Table& table) {
    return {.sequential = table.sequential_scans,
            .rows = table.sequential_rows,
            .by_index = table.index_scans};
}

/// Whether the counters have gone on since.
bool goes_on(const Scans& before, const Scans& now) {
    return before.sequential <= now.sequential && before.rows <= now.rows &&
           before.by_index <= now.by_index;
}

/// Tables with an index that was not there at the last look.
std::set<std::string> with_new_index(const Facts& facts, const Memory& memory) {
    std::set<std::string> tables;
    for (const auto& index : facts.indexes) {
        if (memory.began != Moment{} && !memory.indexes.contains(index.schema + "." + index.name)) {
            tables.insert(index.schema + "." + index.table);
        }
    }
    return tables;
}

/// The last mark that tells enough: of a new index, or a week old.
std::optional<Scans> scans_before(const std::vector<Mark>& marks, const Scans& now, Moment moment) {
    for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) {
        if ((mark->is_made || moment - mark->at >= between_marks) && goes_on(mark->scans, now)) {
            auto scans = mark->scans;
            scans.age = double((moment - mark->at).count());
            return scans;
        }
    }
    return std::nullopt;
}

void add_scans(Facts& facts, const Memory& memory, Moment now) {
    const auto changed = with_new_index(facts, memory);
    for (const auto& table : facts.tables) {
        const auto name = table.schema + "." + table.name;
        const auto marks = memory.marks.find(name);
        if (changed.contains(name)) {
            facts.scans_before[name] = scans_of(table);
        } else if (marks != memory.marks.end()) {
            if (const auto before = scans_before(marks->second, scans_of(table), now)) {
                facts.scans_before[name] = *before;
            }
        }
    }
}

/// Before the indexes are remembered.
void remember_scans(Memory& memory, const Facts& facts, Moment now) {
    if (facts.unread.contains(Group::tables) || facts.unread.contains(Group::indexes)) {
        return;
    }
    const auto changed = with_new_index(facts, memory);
    std::map<std::string, std::vector<Mark>> all;
    for (const auto& table : facts.tables) {
        const auto name = table.schema + "." + table.name;
        const auto scans = scans_of(table);
        const auto known = memory.marks.find(name);
        auto marks = known == memory.marks.end() ? std::vector<Mark>{} : known->second;
        const bool is_made = changed.contains(name);
        if (is_made || (!marks.empty() && !goes_on(marks.back().scans, scans))) {
            marks.clear();
        }
        const bool is_due = marks.empty() || now - marks.back().at >= between_marks;
        if (is_due && (is_made || !marks.empty() || scans.sequential >= fewest_scans)) {
            marks.push_back({now, is_made, scans});
        }
        if (marks.size() > 2) {
            marks.erase(marks.begin());
        }
        if (!marks.empty()) {
            all[name] = std::move(marks);
        }
    }
    memory.marks = std::move(all);
}

boost::json::object json_of(const Mark& mark) {
    return {{"at", timestamp(mark.at)},
            {"made", mark.is_made},
            {"sequential", mark.scans.sequential},
            {"rows", mark.scans.rows},
            {"by_index", mark.scans.by_index}};
}

Mark mark_in(const boost::json::object& object) {
    return {moment_in(object, "at"),
            object.at("made").as_bool(),
            {.sequential = object.at("sequential").to_number<std::int64_t>(),
             .rows = object.at("rows").to_number<std::int64_t>(),
             .by_index = object.at("by_index").to_number<std::int64_t>()}};
}

boost::json::object json_of(const std::map<std::string, std::vector<Mark>>& all) {
    boost::json::object tables;
    for (const auto& [table, marks] : all) {
        boost::json::array array;
        for (const auto& mark : marks) {
            array.push_back(json_of(mark));
        }
        tables[table] = std::move(array);
    }
    return tables;
}

Memory memory_in(const boost::json::object& object) {
    Memory memory;
    memory.began = moment_in(object, "began");
    for (const auto& index : object.at("indexes").as_object()) {
        memory.indexes[std::string(index.key())] =
            parse_moment(std::string_view(index.value().as_string())).value_or(memory.began);
    }
    for (const auto& advice : object.at("advice").as_array()) {
        memory.advice.push_back(remembered_in(advice.as_object()));
    }
    // Of one that was written before there were marks there are none.
    if (const auto* const tables = object.if_contains("marks")) {
        for (const auto& table : tables->as_object()) {
            for (const auto& mark : table.value().as_array()) {
                memory.marks[std::string(table.key())].push_back(mark_in(mark.as_object()));
            }
        }
    }
    return memory;
}

}  // namespace

void add_ages(Facts& facts, const Memory& memory, Moment now) {
    if (memory.began != Moment{}) {
        facts.watched_for = double((now - memory.began).count());
    }
    for (const auto& index : facts.indexes) {
        const auto name = index.schema + "." + index.name;
        const auto seen = memory.indexes.find(name);
        facts.index_ages[name] =
            seen == memory.indexes.end() ? 0 : double((now - seen->second).count());
    }
    add_scans(facts, memory, now);
}

namespace {

/// Whether what was advised before could not be judged now.
bool is_open(const Remembered& advice, const std::vector<Unknown>& unknown) {
    const auto concerns = [&](const std::string& name) {
        return name == advice.table || name == advice.object ||
               std::ranges::any_of(advice.usage, [&](const auto& use) {
                   return name == fmt::format("statement {}", use.first);
               });
    };
    return std::ranges::any_of(unknown, [&](const Unknown& each) {
        return (each.rule.empty() || each.rule == advice.rule) &&
               (each.about.empty() || std::ranges::any_of(each.about, concerns));
    });
}

void remember_indexes(Memory& memory, const Facts& facts, Moment now) {
    // What could not be read is not gone, and is as old as it was.
    if (facts.unread.contains(Group::indexes)) {
        return;
    }
    std::map<std::string, Moment> indexes;
    for (const auto& index : facts.indexes) {
        const auto name = index.schema + "." + index.name;
        const auto known = memory.indexes.find(name);
        indexes[name] = known == memory.indexes.end() ? now : known->second;
    }
    memory.indexes = std::move(indexes);
}

}  // namespace

Memory remember(Memory memory, const Facts& facts, const Judgement& judgement, Moment now) {
    remember_scans(memory, facts, now);
    if (memory.began == Moment{}) {
        memory.began = now;
    }
    remember_indexes(memory, facts, now);
    for (const auto& advice : judgement.advice) {
        auto known = std::ranges::find_if(memory.advice, [&](const Remembered& each) {
            return each.rule == advice.rule && each.object == advice.object && !each.is_gone;
        });
        if (known == memory.advice.end()) {
            memory.advice.push_back({.rule = advice.rule, .object = advice.object, .first = now});
            known = memory.advice.end() - 1;
        }
        known->summary = advice.summary;
        known->last = now;
        known->table = advice.table;
        known->usage = usage_of(advice, facts);
        known->bytes = bytes_of(facts, advice.table);
    }
    for (auto& each : memory.advice) {
        each.is_news = false;
        if (each.last == now || is_open(each, judgement.unknown)) {
            continue;
        }
        each.is_news = !each.is_gone;
        each.is_gone = true;
        if (auto result = result_of(each, facts); !result.empty()) {
            each.is_news = each.is_news || each.result.empty();
            each.result = std::move(result);
        }
    }
    std::erase_if(memory.advice, [&](const Remembered& each) {
        return each.is_gone && now - each.last > remembered_for;
    });
    return memory;
}

std::string to_text(const std::map<std::string, Memory>& memories) {
    boost::json::object databases;
    for (const auto& [name, memory] : memories) {
        boost::json::object indexes;
        for (const auto& [index, seen] : memory.indexes) {
            indexes[index] = timestamp(seen);
        }
        boost::json::array advice;
        for (const auto& each : memory.advice) {
            advice.push_back(json_of(each));
        }
        databases[name] = {{"began", timestamp(memory.began)},
                           {"indexes", std::move(indexes)},
                           {"marks", json_of(memory.marks)},
                           {"advice", std::move(advice)}};
    }
    return boost::json::serialize(databases) + "\n";
}

std::map<std::string, Memory> parse_memories(std::string_view text) {
    std::map<std::string, Memory> memories;
    try {
        const auto document = boost::json::parse(text);
        for (const auto& database : document.as_object()) {
            memories[std::string(database.key())] = memory_in(database.value().as_object());
        }
    } catch (const std::exception&) {
        memories.clear();
    }
    return memories;
}

}  // namespace caisson::advice

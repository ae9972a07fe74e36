// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/guess.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "drivers/sql/scanner.h"

namespace caisson::isolation {
namespace {

/// What is in a table that the function names comes before everything else.
constexpr int named = 16;

/// Types that take one another's values.
std::string family(const std::string& base) {
    static const std::map<std::string, std::string> families = {
        {"int2", "number"},  {"int4", "number"},        {"int8", "number"},
        {"oid", "number"},   {"numeric", "number"},     {"text", "text"},
        {"varchar", "text"}, {"bpchar", "text"},        {"name", "text"},
        {"citext", "text"},  {"timestamptz", "moment"}, {"timestamp", "moment"},
        {"date", "moment"},  {"json", "json"},          {"jsonb", "json"}};
    const auto found = families.find(base);
    return found == families.end() ? base : found->second;
}

/// How well a column's name fits an argument's: `p_hash` and `token_hash`.
int likeness(const std::string& argument, const std::string& column) {
    auto name = lower(argument);
    for (const std::string_view prefix : {"_", "p_", "in_", "a_", "the_"}) {
        if (name.starts_with(prefix)) {
            name.erase(0, prefix.size());
            break;
        }
    }
    return name.empty()                                       ? 0
           : name == column                                   ? 3
           : column.ends_with(name) || name.ends_with(column) ? 2
           : column.find(name) != std::string::npos           ? 1
                                                              : 0;
}

struct Value {
    int score = 0;
    std::string sql;
    bool is_named = false;  ///< It is in a table that the function names.
};

/// The values of one argument.
class Values {
 public:
    Values(const Argument& argument, const Tenant& tenant, const std::set<std::string>& words)
        : argument_(argument), tenant_(tenant), words_(words) {}

    std::vector<Value> list() {
        for (const auto& row : tenant_.rows) {
            if (argument_.category == 'C') {
                add_record(row);
            } else if (family(argument_.base) == "json" && argument_.category != 'A') {
                add_document(row);
            } else {
                add_columns(row);
            }
        }
        std::ranges::stable_sort(values_, std::greater<>(), &Value::score);
        add_common();
        return std::move(values_);
    }

 private:
    bool is_array() const { return argument_.category == 'A'; }
    bool is_named(const Row& row) const { return words_.contains(lower(row.table->bare_name)); }

    void add(const std::string& text, int score = 0, bool is_named = false) {
        auto sql = fmt::format("{}::{}", text, argument_.type);
        score += is_named ? named : 0;
        const auto same = std::ranges::find(values_, sql, &Value::sql);
        if (same == values_.end()) {
            values_.push_back({score, std::move(sql), is_named});
        } else {
            same->score = std::max(same->score, score);
            same->is_named = same->is_named || is_named;
        }
    }

    void add_columns(const Row& row) {
        for (const auto& column : row.table->columns) {
            const auto value = row.values.find(column.name);
            const bool holds_many = column.category == 'A';
            const auto base = holds_many ? column.base.substr(1) : column.base;  // _uuid
            if (value == row.values.end() || !value->second ||
                family(base) != family(argument_.base) || (holds_many && !is_array())) {
                continue;
            }
            const bool is_key = std::ranges::any_of(row.table->keys, [&](const auto& key) {
                return std::ranges::find(key.columns, column.name) != key.columns.end();
            });
            const bool is_tenant = *value->second == tenant_.id;
            const auto text = pg::literal(*value->second);
            add(is_array() && !holds_many ? fmt::format("array[{}]", text) : text,
                2 * likeness(argument_.name, column.bare) + (is_key ? 1 : 0) +
                    (is_tenant ? named + 2 : 0),
                is_named(row));
        }
    }

    /// A whole row, of a table whose rows are of the argument's type.
    void add_record(const Row& row) {
        if (row.table->bare_name != argument_.base) {
            return;
        }
        std::vector<std::string> texts;
        for (const auto& column : row.table->columns) {
            const auto& value = row.value(column.name);
            texts.push_back(value ? pg::literal(*value) : "null");
        }
        add(fmt::format("row({})", join(texts, ", ")), 0, is_named(row));
    }

    /// The row as an object.
    void add_document(const Row& row) {
        std::vector<std::string> members;
        for (const auto& column : row.table->columns) {
            if (const auto& value = row.value(column.name)) {
                members.push_back(
                    fmt::format("{}, {}", pg::literal(column.bare), pg::literal(*value)));
            }
        }
        add(fmt::format("jsonb_build_object({})", join(members, ", ")), 0, is_named(row));
    }

    /// What needs no row.
    void add_common() {
        const auto kind = is_array() ? "" : family(argument_.base);
        if (kind == "text") {
            add("'%'");
            add("''");
        } else if (kind == "number") {
            add("1000");
        } else if (argument_.category == 'B') {
            add("true");
            add("false");
        } else if (is_array()) {
            add("'{}'");
        } else if (argument_.category == 'D') {
            add(argument_.base.starts_with("time") && kind != "moment" ? "'12:00'"
                                                                       : "'2000-01-01'");
        } else if (argument_.category == 'T') {
            add("'100 years'");
        } else if (argument_.category == 'R') {
            add("'(,)'");
        } else if (argument_.category == 'I') {
            add("'0.0.0.0/0'");
        } else if (argument_.category == 'E') {
            add(fmt::format("(enum_range(null::{}))[1]", argument_.type));
        } else if (argument_.base == "bytea") {
            add("'\\x00'");
        }
    }

    const Argument& argument_;
    const Tenant& tenant_;
    const std::set<std::string>& words_;
    std::vector<Value> values_;
};

std::set<std::string> words_of(const std::string& body) {
    std::set<std::string> words;
    sql::Scanner scanner(body);
    while (const auto token = scanner.next()) {
        auto word = body.substr(token->offset, token->length);
        words.insert(token->kind == sql::TokenKind::quoted ? word.substr(1, word.size() - 2)
                                                           : lower(word));
    }
    return words;
}

/// How many of the values there is reason to try: those in tables that the function names, where it
/// names any.
std::size_t likely(const std::vector<Value>& values) {
    const auto count = static_cast<std::size_t>(std::ranges::count_if(values, &Value::is_named));
    return count > 0 ? count : values.size();
}

}  // namespace

Guesses guesses_for(const Function& function, std::size_t arity, const Tenant& tenant,
                    std::size_t most) {
    Guesses guesses;
    const auto words = words_of(function.body);
    std::vector<std::vector<Value>> values;
    std::size_t most_values = 1;
    for (std::size_t place = 0; place < arity; ++place) {
        const auto& argument = function.arguments[place];
        auto list = Values(argument, tenant, words).list();
        if (list.empty()) {
            guesses.missing = fmt::format("{} {}", argument.name, argument.type);
        }
        list.push_back({0, fmt::format("null::{}", argument.type), false});
        most_values = std::max(most_values, list.size());
        values.push_back(std::move(list));
    }
    // The likeliest of all at first, then one of them varied after the other.
    std::set<std::string> known;
    for (std::size_t rank = 0; rank < most_values; ++rank) {
        for (std::size_t place = 0; place < std::max<std::size_t>(1, arity); ++place) {
            std::vector<std::string> list;
            for (std::size_t other = 0; other < arity; ++other) {
                const auto& of = values[other];
                list.push_back(of[other == place ? std::min(rank, of.size() - 1) : 0].sql);
            }
            auto text = join(list, ", ");
            if (known.contains(text)) {
                continue;
            }
            if (guesses.lists.size() >= most) {
                guesses.is_cut = guesses.is_cut || rank < likely(values[place]);
                continue;
            }
            known.insert(text);
            guesses.lists.push_back(std::move(text));
        }
    }
    return guesses;
}

}  // namespace caisson::isolation

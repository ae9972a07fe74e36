// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/columns.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace caisson::pg {
namespace {

std::string listed(const std::vector<std::string_view>& names) {
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string spaced(std::string_view text) {
    return text.empty() ? std::string() : fmt::format(" {}", text);
}

using TextRow = std::vector<std::optional<std::string>>;

/// The values of a row as text, each as its type's input reads it.
TextRow as_text(const Arguments& row) {
    auto text = row;
    text.fit(std::vector<TypeId>(row.size(), type::text));
    TextRow values;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto field = text.field(i);
        values.push_back(field.is_null ? std::nullopt : std::optional<std::string>(field.bytes));
    }
    return values;
}

std::vector<TextRow> as_text(const std::vector<Arguments>& rows) {
    std::vector<TextRow> all;
    all.reserve(rows.size());
    for (const auto& row : rows) {
        all.push_back(as_text(row));
    }
    return all;
}

/// Source: PostgreSQL, "COPY", File Formats.
void write_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            default:
                out += c;
        }
    }
}

std::string lines_of(const std::vector<TextRow>& rows) {
    std::string lines;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            lines += i > 0 ? "\t" : "";
            if (row[i]) {
                write_escaped(lines, *row[i]);
            } else {
                lines += "\\N";
            }
        }
        lines += '\n';
    }
    return lines;
}

/// One array of text for each column.
Arguments arrays_of(const std::vector<TextRow>& rows, std::size_t width) {
    Arguments arrays;
    for (std::size_t i = 0; i < width; ++i) {
        TextRow column;
        column.reserve(rows.size());
        for (const auto& row : rows) {
            column.push_back(row.at(i));
        }
        arrays.add(column);
    }
    return arrays;
}

/// Which columns a copy has, and its rows.
struct Matrix {
    std::vector<std::string_view> names;
    std::vector<std::string_view> types;
    std::vector<TextRow> rows;
};

Matrix matrix_of(const std::vector<Columns>& rows) {
    const auto& all = rows.front().entries();
    std::vector<bool> is_given(all.size(), false);
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < all.size() && i < row.entries().size(); ++i) {
            is_given[i] = is_given[i] || row.entries()[i].is_given;
        }
    }
    Matrix matrix;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (is_given[i]) {
            matrix.names.push_back(all[i].name);
            matrix.types.push_back(all[i].type);
        }
    }
    for (const auto& row : rows) {
        auto values = as_text(row.arguments());
        TextRow whole;
        std::size_t next = 0;
        for (std::size_t i = 0; i < row.entries().size(); ++i) {
            const auto& entry = row.entries()[i];
            if (entry.is_given) {
                whole.push_back(std::move(values[next++]));
            } else if (is_given[i] && entry.absent_is_null) {
                whole.emplace_back();
            } else if (is_given[i]) {
                throw Error(Code::usage,
                            fmt::format("row {} leaves {} to its default, and another gives it",
                                        matrix.rows.size() + 1, entry.name),
                            "of rows that are copied, all give such a column or none does");
            }
        }
        matrix.rows.push_back(std::move(whole));
    }
    return matrix;
}

void refuse_no_columns(const Matrix& matrix) {
    if (matrix.names.empty()) {
        throw Error(Code::usage, "rows without a column cannot be copied",
                    "insert them one by one");
    }
}

}  // namespace

std::vector<std::string_view> Columns::names() const {
    std::vector<std::string_view> given;
    for (const auto& entry : entries_) {
        if (entry.is_given) {
            given.push_back(entry.name);
        }
    }
    return given;
}

Query Columns::insert(std::string_view table, std::string_view overriding,
                      std::string_view rest) const {
    const auto given = names();
    if (given.empty()) {
        return {fmt::format("insert into {} default values{}", table, spaced(rest)), arguments_};
    }
    std::vector<std::string> places;
    for (std::size_t i = 0; i < given.size(); ++i) {
        places.push_back(fmt::format("${}", first_ + i));
    }
    return {fmt::format("insert into {} ({}){} values ({}){}", table, listed(given),
                        spaced(overriding), join(places, ", "), spaced(rest)),
            arguments_};
}

Query Columns::upsert(std::string_view table, std::string_view overriding,
                      const std::vector<std::string_view>& key,
                      const std::vector<std::string_view>& kept, std::string_view always,
                      std::string_view condition, std::string_view rest) const {
    std::vector<std::string> sets;
    bool sets_always = !always.empty();
    for (const auto name : names()) {
        sets_always = sets_always && !always.starts_with(fmt::format("{} = ", name));
        if (std::ranges::find(key, name) == key.end() &&
            std::ranges::find(kept, name) == kept.end()) {
            sets.push_back(fmt::format("{0} = excluded.{0}", name));
        }
    }
    if (sets.empty() && !(sets_always && !kept.empty())) {
        // Nothing to change, and yet the row is to be given back.
        if (overriding.empty()) {
            sets.push_back(fmt::format("{0} = excluded.{0}", key.front()));
        } else if (const auto other = neither_of(key, kept); !other.empty()) {
            // The key is an identity that the server always numbers, and no UPDATE may set.
            sets.push_back(fmt::format("{0} = {1}.{0}", other, table));
        } else {
            return insert_or_select(table, overriding, key, condition, rest);
        }
    } else if (sets_always) {
        sets.emplace_back(always);
    }
    return insert(
        table, overriding,
        fmt::format("on conflict ({}) do update set {}{}{}", listed(key), join(sets, ", "),
                    condition.empty() ? "" : fmt::format(" where {}", condition), spaced(rest)));
}

std::string_view Columns::neither_of(const std::vector<std::string_view>& key,
                                     const std::vector<std::string_view>& kept) const {
    for (const auto& entry : entries_) {
        if (std::ranges::find(key, entry.name) == key.end() &&
            std::ranges::find(kept, entry.name) == kept.end()) {
            return entry.name;
        }
    }
    return {};
}

Query Columns::insert_or_select(std::string_view table, std::string_view overriding,
                                const std::vector<std::string_view>& key,
                                std::string_view condition, std::string_view rest) const {
    constexpr std::string_view returning = "returning ";
    auto stored =
        insert(table, overriding, fmt::format("on conflict ({}) do nothing {}", listed(key), rest));
    if (!rest.starts_with(returning)) {
        return stored;
    }
    std::vector<std::string> same;
    const auto given = names();
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (std::ranges::find(key, given[i]) != key.end()) {
            same.push_back(fmt::format("{} = ${}", given[i], first_ + i));
        }
    }
    // Of the two, the SELECT sees the table as it was before.
    return {fmt::format("with stored as ({}) select * from stored union all select {} from {} "
                        "where {}{}",
                        stored.statement.text(), rest.substr(returning.size()), table,
                        join(same, " and "),
                        condition.empty() ? "" : fmt::format(" and {}", condition)),
            arguments_};
}

Query Columns::update(std::string_view table, std::string_view always, std::string_view condition,
                      std::string_view rest) const {
    std::vector<std::string> sets;
    for (const auto name : names()) {
        sets.push_back(fmt::format("{} = ${}", name, first_ + sets.size()));
    }
    if (!always.empty() && !sets.empty()) {
        sets.emplace_back(always);
    }
    if (sets.empty()) {
        throw Error(Code::usage, fmt::format("an update of {} changes nothing", table),
                    "give at least one column");
    }
    return {fmt::format("update {} set {} where {}{}", table, join(sets, ", "), condition,
                        spaced(rest)),
            arguments_};
}

Copy copy_rows(std::string_view table, std::string_view overriding,
               const std::vector<Columns>& rows) {
    if (rows.empty() || !overriding.empty()) {
        return insert_rows(table, overriding, rows);
    }
    const auto matrix = matrix_of(rows);
    refuse_no_columns(matrix);
    return {fmt::format("copy {} ({}) from stdin", table, listed(matrix.names)),
            lines_of(matrix.rows), std::nullopt};
}

Copy insert_rows(std::string_view table, std::string_view overriding,
                 const std::vector<Columns>& rows) {
    if (rows.empty()) {
        return {};
    }
    const auto matrix = matrix_of(rows);
    refuse_no_columns(matrix);
    std::vector<std::string> arrays;
    std::vector<std::string> columns;
    std::vector<std::string> values;
    for (std::size_t i = 0; i < matrix.names.size(); ++i) {
        arrays.push_back(fmt::format("${}::text[]", i + 1));
        columns.push_back(fmt::format("c{}", i + 1));
        values.push_back(fmt::format("c{}::{}", i + 1, matrix.types[i]));
    }
    const Statement statement(
        fmt::format("insert into {} ({}){} select {} from unnest({}) as given ({})", table,
                    listed(matrix.names), spaced(overriding), join(values, ", "),
                    join(arrays, ", "), join(columns, ", ")));
    return {{}, {}, Query(statement, arrays_of(matrix.rows, matrix.names.size()))};
}

Copy copy_rows(std::string statement, const std::vector<Arguments>& rows) {
    return rows.empty() ? Copy{}
                        : Copy{std::move(statement), lines_of(as_text(rows)), std::nullopt};
}

Copy insert_rows(Statement statement, const std::vector<Arguments>& rows, std::size_t width) {
    return rows.empty()
               ? Copy{}
               : Copy{{}, {}, Query(std::move(statement), arrays_of(as_text(rows), width))};
}

std::string text_of(const Arguments& value) { return as_text(value).at(0).value_or(""); }

}  // namespace caisson::pg

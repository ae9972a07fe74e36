// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/seeds/encode.h"
#include "lifecycle/seeds/plan.h"
#include "lifecycle/seeds/records.h"
#include "lifecycle/seeds/sql_file.h"

namespace caisson::seeds {
namespace {

constexpr std::size_t rows_a_statement = 500;

constexpr const char* header =
    "-- Seeds of {}.\n"
    "-- Written by caisson. Run it with psql, any number of times.\n"
    "\\set ON_ERROR_STOP on\n"
    "BEGIN;\n"
    "SET LOCAL timezone = 'UTC';\n"
    "SET LOCAL datestyle = 'ISO, MDY';\n"
    "SET LOCAL intervalstyle = 'postgres';\n"
    "SET LOCAL client_encoding = 'UTF8';\n"
    "SET LOCAL standard_conforming_strings = on;\n";

bool refers_to_itself(const Target& target, const pg::QualifiedName& table) {
    return std::any_of(target.foreign_keys.begin(), target.foreign_keys.end(),
                       [&](const auto& key) { return key.child == table && key.parent == table; });
}

/// What ends an SQL file whatever it ends in: data of a COPY, a comment, or no semicolon.
std::string closing(std::string_view text) {
    const auto sql = read_sql(text);
    const bool ends_in_data =
        !sql.pieces.empty() && sql.pieces.back().is_copy &&
        text.substr(sql.pieces.back().data_offset).find("\\.") == std::string_view::npos;
    const std::string line = text.ends_with('\n') ? "" : "\n";
    return line + (ends_in_data ? "\\.\n" : ";\n");
}

/// The INSERTs of one CSV or JSON file. Records that give the same columns share a statement: what
/// a record leaves out is left to the table, as it is when seeds are applied. Where rows refer to
/// rows of the same table, all of them are one statement, and what one leaves out is its default.
class Inserts {
 public:
    Inserts(const Step& step, const Table& table, bool at_once,
            const std::function<void(std::string_view)>& take)
        : step_(step), table_(table), at_once_(at_once), take_(take) {
        for (const auto& source : step.file.columns) {
            columns_.push_back(table.column(source.column));
        }
        given_.assign(columns_.size(), true);
        lacking_.resize(columns_.size());
    }

    void write() {
        const Contents contents(step_.file.path);
        const auto records =
            open_records(step_.file.format, contents.text, [](std::size_t, const std::string&) {});
        LineCounter lines(contents.text);
        Record record;
        while (records->next(record)) {
            add(record, std::to_string(lines.line_at(record.offset)));
        }
        flush();
        write_sequences();
    }

 private:
    bool is_key(std::size_t column) const {
        return std::find(step_.key.begin(), step_.key.end(), columns_[column]->name) !=
               step_.key.end();
    }

    void add(const Record& record, const std::string& line) {
        std::vector<bool> given;
        std::string row;
        std::string key;
        std::string scratch;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const auto value = value_of(step_.file, step_.file.columns[i], record, line);
            given.push_back(value.kind != Value::Kind::absent);
            if (!given.back() && !at_once_) {
                continue;
            }
            const auto text = text_for(value, *columns_[i], scratch);
            const std::string written = text           ? pg::literal(*text)
                                        : given.back() ? "NULL"
                                                       : "DEFAULT";
            row += (row.empty() ? "" : ", ") + written;
            if (is_key(i)) {
                key += (key.empty() ? "" : ", ") + written;
            }
        }
        if (!at_once_ && (given != given_ || rows_ == rows_a_statement)) {
            flush();
            given_ = given;
        }
        // The very same row again would be refused by its own statement.
        if (!seen_.insert(row).second) {
            return;
        }
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (at_once_ && !given[i]) {
                lacking_[i].push_back("(" + key + ")");
            }
        }
        take_(rows_++ == 0 ? opening() : std::string(",\n"));
        take_(fmt::format("    ({})", row));
    }

    std::string opening() const {
        std::vector<std::string> names;
        bool has_identity = false;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (given_[i]) {
                names.push_back(columns_[i]->name);
                has_identity = has_identity || columns_[i]->always_identity;
            }
        }
        return fmt::format("INSERT INTO {} AS here ({}){} VALUES\n", table_.name.quoted(),
                           pg::identifiers(names), has_identity ? " OVERRIDING SYSTEM VALUE" : "");
    }

    /// What an existing row gets in a column: a record that leaves it out changes nothing.
    std::string updated_value(std::size_t column) const {
        const auto name = pg::identifier(columns_[column]->name);
        if (lacking_[column].empty()) {
            return "EXCLUDED." + name;
        }
        std::string key;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (is_key(i)) {
                key +=
                    (key.empty() ? "EXCLUDED." : ", EXCLUDED.") + pg::identifier(columns_[i]->name);
            }
        }
        return fmt::format("CASE WHEN ({}) IN ({}) THEN here.{} ELSE EXCLUDED.{} END", key,
                           join(lacking_[column], ", "), name, name);
    }

    void flush() {
        if (rows_ == 0) {
            return;
        }
        rows_ = 0;
        seen_.clear();
        std::string set;
        std::string differs;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (!given_[i] || is_key(i) || columns_[i]->always_identity) {
                continue;
            }
            const auto column = pg::identifier(columns_[i]->name);
            const auto value = updated_value(i);
            set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", column, value);
            differs += fmt::format("{}here.{}::text IS DISTINCT FROM ({})::text",
                                   differs.empty() ? "" : "\n    OR ", column, value);
        }
        const auto conflict = pg::identifiers(step_.key);
        take_(set.empty() ? fmt::format("\nON CONFLICT ({}) DO NOTHING;\n", conflict)
                          : fmt::format("\nON CONFLICT ({}) DO UPDATE SET {}\n WHERE {};\n",
                                        conflict, set, differs));
    }

    void write_sequences() {
        for (const auto* const column : columns_) {
            if (!column->sequence.empty()) {
                take_(fmt::format(
                    "SELECT setval({0}::regclass, m.highest) FROM (SELECT max({1})::bigint AS "
                    "highest FROM {2}) m, {3} q\n WHERE m.highest > q.last_value OR (m.highest = "
                    "q.last_value AND NOT q.is_called);\n",
                    pg::literal(column->sequence), pg::identifier(column->name),
                    table_.name.quoted(), column->sequence));
            }
        }
    }

    const Step& step_;
    const Table& table_;
    bool at_once_;
    const std::function<void(std::string_view)>& take_;
    std::vector<const Column*> columns_;
    std::vector<bool> given_;  ///< By column: whether the present statement has it.
    std::vector<std::vector<std::string>> lacking_;  ///< By column: keys of records without it.
    std::size_t rows_ = 0;
    std::unordered_set<std::string> seen_;
};

}  // namespace

void script(pg::Connection& connection, const Seeds& seeds, const Options& options,
            const std::function<void(std::string_view)>& take) {
    const pg::Transaction transaction(connection,
                                      "begin isolation level repeatable read read only");
    settle_session(connection);
    const auto prepared = prepare(connection, seeds, options);
    take(fmt::format(fmt::runtime(header), connection.settings().database));
    if (!prepared.plan.deferred.empty()) {
        take(fmt::format("SET CONSTRAINTS {} DEFERRED;\n", join(prepared.plan.deferred, ", ")));
    }
    for (const auto& step : prepared.plan.steps) {
        take(fmt::format("\n-- {}\n", step.file.name));
        if (step.file.format == Format::sql) {
            const Contents contents(step.file.path);
            take(contents.text);
            take(closing(contents.text));
            continue;
        }
        if (step.file.rows > 0) {
            const auto& table = *prepared.target.table(step.file.table);
            Inserts(step, table, refers_to_itself(prepared.target, table.name), take).write();
        }
    }
    take("\nCOMMIT;\n");
}

}  // namespace caisson::seeds

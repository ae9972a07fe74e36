// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/sql/split.h"
#include "drivers/sql/tree.h"
#include "lifecycle/lint/progress.h"
#include "lifecycle/lint/rule.h"
#include "lifecycle/lint/state.h"

namespace caisson::lint {

/// An action of an ALTER TABLE.
struct Command {
    sql::Node node;
    std::string_view type;   ///< AT_AddColumn
    std::string_view text;   ///< As written: `add column a int`.
    std::size_t offset = 0;  ///< In the statement.

    std::string name() const { return std::string(node.text("name")); }
};

/// A definition of a column.
struct ColumnPlace {
    sql::Node definition;
    std::string name;
    Type type;
    std::size_t offset = 0;
    enum class How { created, added, altered } how = How::created;
};

/// One statement as a rule sees it. Offsets are bytes in the statement.
class Visit {
 public:
    struct Report {
        const Rule* rule;
        Severity severity;
        std::size_t offset;  ///< In the file.
        std::size_t length;
        std::string message;
        std::string alternative;
        /// Found only if this still holds when all files were read; empty: at once.
        std::function<bool(const State&)> still;
    };

    Visit(std::string_view text, std::size_t offset, sql::Node statement, const State& state,
          const Progress& progress)
        : text_(text), offset_(offset), statement_(statement), state_(state), progress_(progress) {}

    sql::Node statement() const { return statement_; }
    bool is(std::string_view kind) const { return statement_.is(kind); }
    std::string_view text() const { return text_; }
    const State& state() const { return state_; }
    const Progress& progress() const { return progress_; }

    /// The statement's relation as State calls it, and as it is written in SQL.
    std::string table() const { return relation_name(statement_["relation"]); }
    std::string target() const;
    /// Whether the file made this relation itself, so that nobody reads or writes it yet.
    bool is_new(std::string_view relation) const { return state_.is_new(relation, progress_.file); }
    /// ALTER TABLE of a table that others may be using.
    bool alters_used_table() const;
    /// Actions of an ALTER TABLE.
    const std::vector<Command>& commands();
    /// Columns that CREATE TABLE or ALTER TABLE defines.
    const std::vector<ColumnPlace>& columns();

    /// What a rule found at an offset of the statement; by default the whole statement.
    void report(std::string message, std::string alternative = {}, std::size_t offset = 0,
                std::size_t length = 0);
    void report_at(const Command& command, std::string message, std::string alternative = {}) {
        report(std::move(message), std::move(alternative), command.offset, command.text.size());
    }
    /// As above, where a later statement or file may make up for it.
    void report_unless_mended(std::string message, std::string alternative, std::size_t offset,
                              std::function<bool(const State&)> still);

    /// Runs one rule; what it reports is kept.
    void run(const Rule& rule, Severity severity);
    std::vector<Report>& reports() { return reports_; }

 private:
    std::string_view text_;
    std::size_t offset_;
    sql::Node statement_;
    const State& state_;
    const Progress& progress_;
    std::optional<std::vector<Command>> commands_;
    std::optional<std::vector<ColumnPlace>> columns_;
    const Rule* rule_ = nullptr;
    Severity severity_ = Severity::warning;
    std::vector<Report> reports_;
};

/// A name as it has to be written: in quotes where it needs them.
std::string spelled(std::string_view name);
/// The same for `schema.name`, of a node of kind RangeVar.
std::string spelled(sql::Node range_var);
/// `a, b`
std::string spelled(const std::vector<std::string>& names);
/// Whether PostgreSQL reserves the word, so that it cannot name a column or table without quotes.
bool is_reserved(std::string_view word);

/// Whether an option stands in a list of the statement, as in `VACUUM (FULL)`, and is not off.
bool has_option(sql::Node statement, std::string_view list, std::string_view name);

}  // namespace caisson::lint

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/describe.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/describe.h"
#include "drivers/pg/statement.h"
#include "drivers/sql/statement.h"
#include "drivers/sql/tree.h"
#include "lifecycle/queries/copy_plan.h"
#include "lifecycle/queries/nullability.h"

namespace caisson::queries {
namespace {

using platform::Mistake;

constexpr pg::TypeId void_type = 2278;
constexpr std::string_view indeterminate_type = "42P18";

bool gives_rows(Kind kind) {
    return kind == Kind::one || kind == Kind::optional || kind == Kind::many ||
           kind == Kind::stream;
}

/// Whether a statement makes, changes or drops what migrations are for. A temporary table is the
/// session's own, but what a query gives would depend on the session then.
bool changes_schema(std::string_view statement) {
    const auto parsed = sql::parse_tree(statement);
    if (!parsed.tree) {
        return false;  // The server says what is wrong with it.
    }
    const auto root = parsed.tree->root();
    const auto kind = root.kind();
    static const std::set<std::string_view> others = {
        "IndexStmt",     "ViewStmt",     "RuleStmt",          "RenameStmt",
        "CommentStmt",   "DefineStmt",   "CompositeTypeStmt", "GrantStmt",
        "GrantRoleStmt", "SecLabelStmt", "ReassignOwnedStmt", "ImportForeignSchemaStmt"};
    return kind.starts_with("Create") || kind.starts_with("Alter") || kind.starts_with("Drop") ||
           others.contains(kind) || (kind == "SelectStmt" && root["intoClause"]);
}

/// Whether it does more than read, as far as its text tells.
bool changes_rows(std::string_view statement) {
    const auto parsed = sql::parse_tree(statement);
    if (!parsed.tree) {
        return false;
    }
    const auto root = parsed.tree->root();
    return !root.is("SelectStmt") ||
           std::ranges::any_of(root["withClause"].list("ctes"),
                               [](sql::Node cte) { return !cte["ctequery"].is("SelectStmt"); });
}

/// Where a setting is made that may outlast its transaction: a set_config() whose third argument is
/// not the constant true.
std::optional<std::size_t> lasting_setting(std::string_view statement) {
    const auto parsed = sql::parse_tree(statement);
    std::optional<std::size_t> found;
    if (!parsed.tree) {
        return found;
    }
    parsed.tree->root().each([&](sql::Node node) {
        const auto names = node.list("funcname");
        if (found || !node.is("FuncCall") || names.empty() ||
            names.back().text("sval") != "set_config") {
            return;
        }
        const auto arguments = node.list("args");
        const bool is_local = arguments.size() == 3 && arguments[2].is("A_Const") &&
                              arguments[2]["boolval"].flag("boolval");
        if (!is_local) {
            found = node.location();
        }
    });
    return found;
}

/// Describes one query.
class Describer {
 public:
    Describer(pg::Connection& connection, const Query& query, const Types& types,
              const Relations& relations, std::vector<Mistake>& mistakes)
        : connection_(connection), types_(types), relations_(relations), mistakes_(mistakes) {
        described_.query = query;
        described_.variants = variants_of(query);
        described_.parameters.resize(query.parameters.size(), nullptr);
    }

    std::optional<Described> describe() {
        const auto before = mistakes_.size();
        check_cache();
        for (const auto& variant : described_.variants) {
            take(variant);
        }
        tell_refusals();
        if (mistakes_.size() == before) {
            check_rows();
        }
        if (mistakes_.size() == before && described_.query.kind == Kind::copy) {
            described_.copy = plan_copy(connection_, described_, mistakes_);
        }
        return mistakes_.size() == before ? std::optional(std::move(described_)) : std::nullopt;
    }

 private:
    void mistake(const Place& place, std::string message, std::string remedy = {}) {
        // What several variants have in common is said once.
        if (said_.insert(place.text() + message).second) {
            mistakes_.push_back({place, std::move(message), std::move(remedy)});
        }
    }

    void take(const Variant& variant) {
        if (changes_schema(variant.sql)) {
            return mistake(place_in(described_.query, variant, 0),
                           fmt::format("query \"{}\" changes the schema", described_.query.name),
                           "write a migration: what queries are checked against would be another "
                           "schema");
        }
        if (const auto word = pg::Statement(variant.sql).needs_own_lane(); !word.empty()) {
            return mistake(place_in(described_.query, variant, 0),
                           fmt::format("query \"{}\" begins with {}, which leaves something behind "
                                       "in a connection that others use",
                                       described_.query.name, word),
                           "rows go in by :copy; transactions, settings and COPY are for whoever "
                           "holds a connection (transact(), lease())");
        }
        if (sql::classify(variant.sql) == sql::StatementKind::no_transaction) {
            return mistake(
                place_in(described_.query, variant, 0),
                fmt::format("query \"{}\" runs in no transaction, and queries run in one",
                            described_.query.name),
                "leave it to maintenance, or to whoever administers the server");
        }
        if (const auto byte = lasting_setting(variant.sql)) {
            return mistake(place_in(described_.query, variant, *byte),
                           fmt::format("query \"{}\" makes a setting that may stay behind in a "
                                       "connection that others use",
                                       described_.query.name),
                           "make it for the transaction alone: set_config(…, …, true)");
        }
        try {
            const auto found = pg::describe(connection_, variant.sql);
            take_parameters(variant, found.parameters);
            take_columns(variant, found.columns);
        } catch (const pg::DatabaseError& error) {
            refuse(variant, error);
        }
    }

    void refuse(const Variant& variant, const pg::DatabaseError& error) {
        const auto& query = described_.query;
        const auto byte = error.position ? byte_of_character(variant.sql, *error.position) : 0;
        Refusal refusal{
            {error.position ? place_in(query, variant, byte) : query.place, error.message(),
             error.sqlstate == indeterminate_type ? "cast the parameter: @name::text"
                                                  : hint_of(error)},
            name_of(query, variant)};
        const auto known = std::ranges::find_if(refusals_, [&](const Refusal& other) {
            return other.mistake.place.text() == refusal.mistake.place.text() &&
                   other.mistake.message == refusal.mistake.message;
        });
        if (known == refusals_.end()) {
            refusals_.push_back(std::move(refusal));
        } else {
            ++known->variants;
        }
    }

    /// What every variant has is told without naming one.
    void tell_refusals() {
        for (auto& refusal : refusals_) {
            if (refusal.variants < described_.variants.size()) {
                refusal.mistake.message += ", " + refusal.first;
            }
            mistakes_.push_back(std::move(refusal.mistake));
        }
    }

    /// What the server advises; not the table's remedy, which says nothing of queries.
    static std::string hint_of(const pg::DatabaseError& error) {
        auto hint = error.hint();
        if (hint == kind_of(error.code()).remedy) {
            return error.detail;
        }
        if (!hint.empty() && hint.front() >= 'A' && hint.front() <= 'Z') {
            hint.front() = static_cast<char>(hint.front() - 'A' + 'a');
        }
        while (hint.ends_with('.')) {
            hint.pop_back();
        }
        return hint;
    }

    void take_parameters(const Variant& variant, const std::vector<pg::TypeId>& found) {
        for (std::size_t i = 0; i < found.size() && i < variant.parameters.size(); ++i) {
            const auto index = variant.parameters[i];
            const auto& type = types_.of(found[i]);
            auto& known = described_.parameters[index];
            if (known && known->sql != type.sql) {
                const auto& parameter = described_.query.parameters[index];
                mistake(parameter.place,
                        fmt::format("@{} is {} in one variant and {} in another", parameter.name,
                                    known->sql, type.sql),
                        fmt::format("cast it everywhere: @{}::{}", parameter.name, known->sql));
            }
            known = &type;
        }
    }

    void take_columns(const Variant& variant, const std::vector<pg::Description::Column>& found) {
        std::vector<ResultColumn> columns;
        const auto nullness = nullness_of(variant.sql, found.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (found[i].type != void_type) {
                columns.push_back(column_of(found[i], nullness[i]));
            }
        }
        if (is_first_) {
            is_first_ = false;
            described_.columns = std::move(columns);
            return;
        }
        const auto& known = described_.columns;
        const bool is_same =
            std::ranges::equal(known, columns, [](const ResultColumn& a, const ResultColumn& b) {
                return a.name == b.name && a.type == b.type;
            });
        if (!is_same) {
            mistake(described_.query.place,
                    fmt::format("another result {}", name_of(described_.query, variant)),
                    "filters and orders leave the columns as they are");
            return;
        }
        for (std::size_t i = 0; i < columns.size(); ++i) {
            described_.columns[i].nullable = known[i].nullable || columns[i].nullable;
        }
    }

    ResultColumn column_of(const pg::Description::Column& found, Nullness nullness) const {
        ResultColumn column;
        column.name = found.name;
        column.type = &types_.of(found.type);
        column.table = found.table;
        column.table_column = found.table_column;
        column.nullable = !(nullness == Nullness::never ||
                            (nullness == Nullness::as_table &&
                             relations_.not_null.contains({found.table, found.table_column})));
        if (found.name.size() > 1 && found.name != "?column?" &&
            (found.name.ends_with('!') || found.name.ends_with('?'))) {
            column.nullable = found.name.ends_with('?');
            column.name.pop_back();
        }
        return column;
    }

    void check_rows() {
        const auto& query = described_.query;
        const auto& columns = described_.columns;
        if (gives_rows(query.kind) && columns.empty()) {
            return mistake(query.place,
                           fmt::format("query \"{}\" gives no rows, and is :{}", query.name,
                                       to_text(query.kind)),
                           "declare it :exec, or let it return some: RETURNING id");
        }
        if (query.kind == Kind::exec || query.kind == Kind::copy) {
            return;
        }
        check_columns();
        if (query.kind == Kind::stream) {
            check_stream();
        }
        if (query.kind == Kind::batch && query.parameters.empty()) {
            mistake(query.place,
                    fmt::format("query \"{}\" is :batch without a parameter", query.name),
                    "each run of a batch has values of its own");
        }
    }

    void check_columns() {
        const auto& query = described_.query;
        const auto& columns = described_.columns;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const auto& column = columns[i];
            if (columns.size() > 1 && column.name == "?column?") {
                mistake(query.place, fmt::format("column {} has no name", i + 1),
                        "give it one: AS total");
            }
            if (!column.type->is_readable) {
                mistake(query.place,
                        fmt::format("column {} is of the composite type {}", column.name,
                                    column.type->sql),
                        "select its fields one by one, or cast it: ::text");
            }
        }
    }

    /// A hit gives the answer of an earlier run, and runs nothing.
    void check_cache() {
        const auto& query = described_.query;
        if (!query.cache) {
            return;
        }
        const bool is_answer =
            query.kind == Kind::one || query.kind == Kind::optional || query.kind == Kind::many;
        if (!is_answer) {
            mistake(query.cache->place,
                    fmt::format("query \"{}\" is :{}, and a cache keeps answers", query.name,
                                to_text(query.kind)),
                    "keep those of :one, :optional and :many");
        } else if (changes_rows(described_.variants.front().sql)) {
            mistake(query.cache->place,
                    fmt::format("query \"{}\" is no SELECT that changes nothing, and what a cache "
                                "answers is not run",
                                query.name),
                    "take the line out");
        }
    }

    /// A blocking connection reads it through a cursor.
    void check_stream() {
        if (changes_rows(described_.variants.front().sql)) {
            mistake(described_.query.place,
                    fmt::format("query \"{}\" changes rows, and is :stream", described_.query.name),
                    "a stream reads: declare it :many");
        }
    }

    pg::Connection& connection_;
    const Types& types_;
    const Relations& relations_;
    std::vector<Mistake>& mistakes_;
    Described described_;
    std::set<std::string> said_;
    /// What the server said of variants.
    struct Refusal {
        Mistake mistake;
        std::string first;  ///< The first variant of which it was said.
        std::size_t variants = 1;
    };
    std::vector<Refusal> refusals_;
    bool is_first_ = true;
};

bool names_table(sql::Node root, const Relations::Deprecated& what) {
    bool found = false;
    root.each([&](sql::Node node) {
        const auto schema = node.text("schemaname");
        found = found || (node.is("RangeVar") && node.text("relname") == what.table &&
                          (schema.empty() || schema == what.schema));
    });
    // The target of INSERT, UPDATE and DELETE is a field that can be nothing else.
    return found || root["relation"].text("relname") == what.table;
}

bool names_column(sql::Node root, const std::string& column) {
    bool found = false;
    if (root.is("UpdateStmt")) {
        for (const auto target : root.list("targetList")) {
            found = found || target.text("name") == column;
        }
    }
    root.each([&](sql::Node node) {
        if (node.is("ColumnRef")) {
            const auto fields = node.list("fields");
            found = found || (!fields.empty() && fields.back().text("sval") == column);
        } else if (node.is("ResTarget") && !node["val"]) {
            // Of the columns of an INSERT.
            found = found || node.text("name") == column;
        }
    });
    return found;
}

void warn_of_deprecated(const Described& described, const Relations& relations,
                        std::vector<Mistake>& warnings) {
    const auto parsed = sql::parse_tree(described.variants.back().sql);
    if (!parsed.tree) {
        return;
    }
    for (const auto& what : relations.deprecated) {
        const auto root = parsed.tree->root();
        if (names_table(root, what) && (what.column.empty() || names_column(root, what.column))) {
            warnings.push_back(
                {described.query.place,
                 fmt::format("query \"{}\" uses {}{}{}", described.query.name, what.table,
                             what.column.empty() ? "" : ".", what.column),
                 what.remark.substr(0, what.remark.find('\n'))});
        }
    }
}

}  // namespace

Descriptions describe(pg::Connection& connection, const std::vector<Query>& queries,
                      const Types& types, const Relations& relations) {
    Descriptions all;
    for (const auto& query : queries) {
        Describer describer(connection, query, types, relations, all.mistakes);
        if (auto described = describer.describe()) {
            all.statements += described->variants.size();
            warn_of_deprecated(*described, relations, all.warnings);
            all.queries.push_back(std::move(*described));
        }
    }
    return all;
}

}  // namespace caisson::queries

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/copy_plan.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/describe.h"
#include "drivers/pg/quote.h"
#include "drivers/sql/scanner.h"
#include "drivers/sql/tree.h"

namespace caisson::queries {
namespace {

using sql::TokenKind;

/// `insert into t (a, b) values (@a, lower(@b)) on conflict …` in its three parts.
struct Insert {
    std::string_view target;         ///< Up to VALUES.
    std::vector<sql::Token> values;  ///< Between its parentheses.
    std::string_view rest;
};

std::optional<Insert> cut(std::string_view text) {
    sql::Scanner scanner(text);
    Insert insert;
    int depth = 0;
    enum class Part { target, opening, values, rest } part = Part::target;
    while (const auto token = scanner.next()) {
        const auto word = text.substr(token->offset, token->length);
        switch (part) {
            case Part::target:
                if (depth == 0 && token->kind == TokenKind::word &&
                    sql::is_keyword(word, "values")) {
                    insert.target = trim(text.substr(0, token->offset));
                    part = Part::opening;
                }
                break;
            case Part::opening:
                if (word != "(") {
                    return std::nullopt;
                }
                part = Part::values;
                depth = 1;
                continue;
            case Part::values:
                if (token->kind == TokenKind::close && depth == 1) {
                    insert.rest = trim(text.substr(token->offset + token->length));
                    part = Part::rest;
                } else {
                    insert.values.push_back(*token);
                }
                break;
            case Part::rest:
                break;
        }
        depth += token->kind == TokenKind::open ? 1 : token->kind == TokenKind::close ? -1 : 0;
    }
    const bool is_one_row = part == Part::rest && !insert.rest.starts_with(',');
    return is_one_row ? std::optional(insert) : std::nullopt;
}

std::optional<std::size_t> parameter_at(std::string_view word) {
    std::size_t number = 0;
    if (!word.starts_with('$') ||
        std::from_chars(word.data() + 1, word.data() + word.size(), number).ec != std::errc()) {
        return std::nullopt;
    }
    return number - 1;
}

/// Whether every value is a parameter and nothing more, each once.
bool are_bare(const Insert& insert, std::string_view text, std::size_t parameters) {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < insert.values.size(); ++i) {
        const auto word = text.substr(insert.values[i].offset, insert.values[i].length);
        if (i % 2 == 1 ? word != "," : parameter_at(word) != seen++) {
            return false;
        }
    }
    return seen == parameters && insert.values.size() % 2 == 1;
}

/// The values with `given.c1::uuid` in the place of $1.
std::string selected(const Insert& insert, std::string_view text, const Described& described) {
    std::string out;
    auto at = insert.values.front().offset;
    for (const auto& token : insert.values) {
        out += text.substr(at, token.offset - at);
        const auto word = text.substr(token.offset, token.length);
        if (const auto number = parameter_at(word)) {
            const auto index = described.variants.front().parameters[*number];
            out += fmt::format("given.c{}::{}", *number + 1, described.parameters[index]->sql);
        } else {
            out += word;
        }
        at = token.offset + token.length;
    }
    return out;
}

bool takes_copy(pg::Connection& connection, sql::Node relation) {
    const auto schema = relation.text("schemaname");
    const auto name = std::string(relation.text("relname"));
    const auto quoted = schema.empty() ? pg::identifier(name) : pg::identifier(schema, name);
    const auto rows = connection.query(
        "select c.relkind in ('r', 'p') and not c.relrowsecurity as takes from pg_catalog.pg_class "
        "c where c.oid = to_regclass($1)",
        {quoted});
    return !rows.empty() && rows.front().boolean("takes");
}

}  // namespace

std::optional<CopyPlan> plan_copy(pg::Connection& connection, const Described& described,
                                  std::vector<platform::Mistake>& mistakes) {
    const auto& query = described.query;
    const auto refuse = [&](std::string message, std::string remedy) {
        mistakes.push_back({query.place, std::move(message), std::move(remedy)});
        return std::nullopt;
    };
    const std::string_view text = described.variants.front().sql;
    const auto insert = cut(text);
    const auto parsed = sql::parse_tree(text);
    if (!insert || insert->values.empty() || query.parameters.empty() ||
        described.variants.size() > 1 || !parsed.tree || !parsed.tree->root().is("InsertStmt")) {
        return refuse(fmt::format("query \"{}\" is :copy", query.name),
                      "a copy is INSERT INTO table (a, b) VALUES (@a, @b): one row, made of "
                      "parameters");
    }
    if (!described.columns.empty()) {
        return refuse(fmt::format("query \"{}\" is :copy and returns rows", query.name),
                      "leave out RETURNING, or declare it :batch");
    }
    std::vector<std::string> arrays;
    std::vector<std::string> columns;
    for (std::size_t i = 1; i <= query.parameters.size(); ++i) {
        arrays.push_back(fmt::format("${}::text[]", i));
        columns.push_back(fmt::format("c{}", i));
    }
    CopyPlan plan;
    plan.insert =
        fmt::format("{}\nselect {}\nfrom unnest({}) as given ({})", insert->target,
                    selected(*insert, text, described), join(arrays, ", "), join(columns, ", "));
    if (!insert->rest.empty()) {
        plan.insert += fmt::format("\n{}", insert->rest);
    }
    try {
        pg::describe(connection, plan.insert);
    } catch (const pg::DatabaseError& error) {
        return refuse(fmt::format("query \"{}\" cannot be a copy: {}", query.name, error.message()),
                      "what gets its default is left out");
    }
    const auto root = parsed.tree->root();
    if (insert->rest.empty() && insert->target.ends_with(')') && !root["withClause"] &&
        !root["relation"]["alias"] && are_bare(*insert, text, query.parameters.size()) &&
        takes_copy(connection, root["relation"])) {
        // INSERT INTO and COPY name table and columns alike.
        sql::Scanner scanner(insert->target);
        const auto first = scanner.next();
        const auto second = scanner.next();
        if (first && second) {
            plan.copy = fmt::format("copy {} from stdin",
                                    trim(insert->target.substr(second->offset + second->length)));
        }
    }
    return plan;
}

}  // namespace caisson::queries

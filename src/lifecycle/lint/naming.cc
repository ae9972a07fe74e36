// SPDX-License-Identifier: Apache-2.0
// Names: too long, reserved, ambiguous, or not in the house's way.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "drivers/sql/scanner.h"
#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

/// What PostgreSQL keeps of a name, in bytes.
constexpr std::size_t longest = 63;

void too_long(Visit& visit) {
    // The parser has cut names already, so the text is asked.
    if (visit.text().size() <= longest) {
        return;
    }
    sql::Scanner scanner(visit.text());
    while (const auto token = scanner.next()) {
        const bool is_quoted = token->kind == sql::TokenKind::quoted;
        const auto size = token->length - (is_quoted ? 2 : 0);
        if ((is_quoted || token->kind == sql::TokenKind::word) && token->terminated &&
            token->length > 2 && size > longest) {
            const auto name = visit.text().substr(token->offset + (is_quoted ? 1 : 0), size);
            visit.report(fmt::format("PostgreSQL keeps {} of these {} bytes: {}", longest, size,
                                     name.substr(0, longest)),
                         "", token->offset, token->length);
        }
    }
}

/// A name that the statement gives to something, and what that is.
struct Given {
    std::string_view what;
    std::string_view name;
    std::size_t offset;
};

void constraint_names(sql::Node constraint, std::vector<Given>& names) {
    const auto name = constraint.text("conname");
    if (!name.empty()) {
        const auto what = constraint.text("contype") == "CONSTR_FOREIGN" ? "foreign key"
                          : constraint.text("contype") == "CONSTR_CHECK" ? "check"
                                                                         : "constraint";
        names.push_back({what, name, constraint.location()});
    }
}

std::vector<Given> names_given(Visit& visit) {
    std::vector<Given> names;
    const auto statement = visit.statement();
    for (const auto& column : visit.columns()) {
        if (column.how != ColumnPlace::How::altered) {
            names.push_back({"column", column.definition.text("colname"), column.offset});
            for (const auto& constraint : column.definition.list("constraints")) {
                constraint_names(constraint, names);
            }
        }
    }
    for (const auto& command : visit.commands()) {
        if (command.type == "AT_AddConstraint") {
            constraint_names(command.node["def"], names);
        }
    }
    if (visit.is("CreateStmt")) {
        names.push_back(
            {"table", statement["relation"].text("relname"), statement["relation"].location()});
        for (const auto& element : statement.list("tableElts")) {
            if (element.is("Constraint")) {
                constraint_names(element, names);
            }
        }
    } else if (visit.is("CreateSchemaStmt")) {
        names.push_back({"schema", statement.text("schemaname"), 0});
    } else if (visit.is("IndexStmt")) {
        names.push_back({"index", statement.text("idxname"), 0});
    } else if (visit.is("RenameStmt")) {
        const auto type = statement.text("renameType");
        const auto what = type == "OBJECT_TABLE"    ? "table"
                          : type == "OBJECT_COLUMN" ? "column"
                          : type == "OBJECT_INDEX"  ? "index"
                          : type == "OBJECT_SCHEMA" ? "schema"
                                                    : "";
        names.push_back({what, statement.text("newname"), 0});
    }
    return names;
}

void reserved_name(Visit& visit) {
    for (const auto& given : names_given(visit)) {
        if (is_reserved(given.name)) {
            visit.report(
                fmt::format("{} is a reserved word: every statement must write it in quotes",
                            spelled(given.name)),
                "", given.offset, given.name.size() + 2);
        }
    }
}

bool is_snake_case(std::string_view name) {
    return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
               std::string_view::npos &&
           (name.empty() || (name.front() >= 'a' && name.front() <= 'z') || name.front() == '_');
}

void check_naming(Visit& visit, std::string_view what) {
    for (const auto& given : names_given(visit)) {
        if (given.what == what && !is_snake_case(given.name)) {
            visit.report(
                fmt::format("the name of the {} {} is not snake_case", what, spelled(given.name)),
                "", given.offset);
        }
    }
}

void schema_name(Visit& visit) { check_naming(visit, "schema"); }
void table_name(Visit& visit) { check_naming(visit, "table"); }
void column_name(Visit& visit) { check_naming(visit, "column"); }
void index_name(Visit& visit) { check_naming(visit, "index"); }
void foreign_key_name(Visit& visit) { check_naming(visit, "foreign key"); }
void check_name(Visit& visit) { check_naming(visit, "check"); }

void table_schema(Visit& visit) {
    std::set<std::string_view> common;
    visit.statement().each([&](sql::Node node) {
        if (node.is("CommonTableExpr")) {
            common.insert(node.text("ctename"));
        }
    });
    const auto complain = [&](sql::Node relation) {
        const auto name = relation.text("relname");
        if (!name.empty() && relation.text("schemaname").empty() &&
            relation.text("relpersistence") != "t" && !common.contains(name) &&
            !(visit.state().table(name) && visit.state().table(name)->is_temporary)) {
            visit.report(fmt::format("which {} is meant depends on the search_path", spelled(name)),
                         "", relation.location(), name.size());
        }
    };
    std::set<std::size_t> seen;
    visit.statement().each([&](sql::Node node) {
        if (!node.text("relname").empty() && seen.insert(node.location()).second) {
            complain(node);
        }
    });
    if (visit.is("DropStmt") && visit.statement().text("removeType") == "OBJECT_TABLE") {
        for (const auto& object : visit.statement().list("objects")) {
            const auto names = strings_of(object.list("items"));
            if (names.size() == 1) {
                visit.report(
                    fmt::format("which {} is meant depends on the search_path", spelled(names[0])));
            }
        }
    }
}

/// A foreign key whose columns no index begins with: each delete in the other table reads this one.
void key_without_index(Visit& visit) {
    const auto table = visit.table();
    const auto look = [&](std::vector<std::string> columns, sql::Node key, std::size_t offset) {
        const auto other = relation_name(key["pktable"]);
        const auto list = spelled(columns);
        visit.report_unless_mended(
            fmt::format("no index begins with {}: each delete in {} reads all of {}", list,
                        spelled(key["pktable"]), visit.target()),
            fmt::format("create index concurrently on {} ({});", visit.target(), list), offset,
            [table, columns = std::move(columns)](const State& state) {
                return state.table(table) != nullptr && !state.has_index(table, columns);
            });
    };
    for (const auto& column : visit.columns()) {
        for (const auto& constraint : column.definition.list("constraints")) {
            if (constraint.text("contype") == "CONSTR_FOREIGN") {
                look({column.name}, constraint, constraint.location());
            }
        }
    }
    const auto elements =
        visit.is("CreateStmt") ? visit.statement().list("tableElts") : std::vector<sql::Node>();
    for (const auto& element : elements) {
        if (element.text("contype") == "CONSTR_FOREIGN") {
            look(strings_of(element.list("fk_attrs")), element, element.location());
        }
    }
    for (const auto& command : visit.commands()) {
        const auto definition = command.node["def"];
        if (command.type == "AT_AddConstraint" && definition.text("contype") == "CONSTR_FOREIGN") {
            look(strings_of(definition.list("fk_attrs")), definition, command.offset);
        }
    }
}

void table_comment(Visit& visit) {
    if (visit.is("CreateStmt") && visit.statement()["relation"].text("relpersistence") != "t") {
        const auto table = visit.table();
        visit.report_unless_mended(fmt::format("nothing says what {} holds", visit.target()),
                                   fmt::format("comment on table {} is '…';", visit.target()), 0,
                                   [table](const State& state) {
                                       const auto* const found = state.table(table);
                                       return found && !found->has_comment;
                                   });
    }
}

}  // namespace

std::vector<Rule> naming_rules() {
    using enum platform::LintSeverity;
    constexpr auto family = Family::naming;
    return {
        {"identifier-too-long",
         family,
         warning,
         false,
         {},
         "a name of more than 63 bytes",
         "PostgreSQL cuts it without an error, and two long names may become the same.",
         "A shorter name.",
         too_long},
        {"identifier-reserved",
         family,
         warning,
         false,
         {},
         "a reserved word as a name",
         "Every statement must write it in quotes.",
         "Another name.",
         reserved_name},
        {"require-table-schema",
         family,
         warning,
         true,
         {},
         "a table without its schema",
         "Which table is meant depends on the search_path.",
         "schema.table",
         table_schema},
        {"naming-schema",
         family,
         warning,
         true,
         {"", "", "NM101", ""},
         "a schema's name that is not snake_case",
         "Names in quotes must be written exactly everywhere.",
         "snake_case",
         schema_name},
        {"naming-table",
         family,
         warning,
         true,
         {"", "", "NM102", ""},
         "a table's name that is not snake_case",
         "Names in quotes must be written exactly everywhere.",
         "snake_case",
         table_name},
        {"naming-column",
         family,
         warning,
         true,
         {"", "", "NM103", ""},
         "a column's name that is not snake_case",
         "Names in quotes must be written exactly everywhere.",
         "snake_case",
         column_name},
        {"naming-index",
         family,
         warning,
         true,
         {"", "", "NM104", ""},
         "an index's name that is not snake_case",
         "Names in quotes must be written exactly everywhere.",
         "snake_case",
         index_name},
        {"naming-foreign-key",
         family,
         warning,
         true,
         {"", "", "NM105", ""},
         "a foreign key's name that is not snake_case",
         "Names in quotes must be written exactly everywhere.",
         "snake_case",
         foreign_key_name},
        {"naming-check",
         family,
         warning,
         true,
         {"", "", "NM106", ""},
         "a check's name that is not snake_case",
         "Names in quotes must be written exactly everywhere.",
         "snake_case",
         check_name},
        {"foreign-key-without-index",
         family,
         warning,
         false,
         {"", "", "", "requireForeignKeyIndex"},
         "a foreign key whose columns no index begins with",
         "Each delete or change of a key in the other table reads all of this one.",
         "An index over its columns.",
         key_without_index},
        {"require-table-comment",
         family,
         warning,
         true,
         {"", "", "", "requireTableComment"},
         "a table without a comment",
         "Nobody knows what it holds, or who answers for it.",
         "COMMENT ON TABLE",
         table_comment},
    };
}

}  // namespace caisson::lint

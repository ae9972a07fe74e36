// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/visit.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "drivers/sql/scanner.h"

namespace caisson::lint {
namespace {

/// Source: PostgreSQL 18, "SQL Key Words", reserved.
constexpr std::array<std::string_view, 77> reserved = {"all",          "analyse",
                                                       "analyze",      "and",
                                                       "any",          "array",
                                                       "as",           "asc",
                                                       "asymmetric",   "both",
                                                       "case",         "cast",
                                                       "check",        "collate",
                                                       "column",       "constraint",
                                                       "create",       "current_catalog",
                                                       "current_date", "current_role",
                                                       "current_time", "current_timestamp",
                                                       "current_user", "default",
                                                       "deferrable",   "desc",
                                                       "distinct",     "do",
                                                       "else",         "end",
                                                       "except",       "false",
                                                       "fetch",        "for",
                                                       "foreign",      "from",
                                                       "grant",        "group",
                                                       "having",       "in",
                                                       "initially",    "intersect",
                                                       "into",         "lateral",
                                                       "leading",      "limit",
                                                       "localtime",    "localtimestamp",
                                                       "not",          "null",
                                                       "offset",       "on",
                                                       "only",         "or",
                                                       "order",        "placing",
                                                       "primary",      "references",
                                                       "returning",    "select",
                                                       "session_user", "some",
                                                       "symmetric",    "system_user",
                                                       "table",        "then",
                                                       "to",           "trailing",
                                                       "true",         "union",
                                                       "unique",       "user",
                                                       "using",        "variadic",
                                                       "when",         "where",
                                                       "window"};

/// Where the actions of an ALTER TABLE stand: after the table's name, between commas outside
/// parentheses. Offsets and ends.
std::vector<std::pair<std::size_t, std::size_t>> actions_of(std::string_view text,
                                                            std::size_t name_offset) {
    std::vector<std::pair<std::size_t, std::size_t>> actions;
    sql::Scanner scanner(text, name_offset);
    auto token = scanner.next();  // The name, its schema before it, and a `*` behind it.
    token = scanner.next();
    while (token && (text[token->offset] == '.' || text[token->offset] == '*')) {
        if (text[token->offset] == '.') {
            scanner.next();
        }
        token = scanner.next();
    }
    int depth = 0;
    bool begins = true;
    for (; token; token = scanner.next()) {
        if (begins) {
            actions.emplace_back(token->offset, token->offset);
            begins = false;
        }
        depth += token->kind == sql::TokenKind::open    ? 1
                 : token->kind == sql::TokenKind::close ? -1
                                                        : 0;
        if (depth == 0 && text[token->offset] == ',' && token->length == 1) {
            begins = true;
        } else {
            actions.back().second = token->offset + token->length;
        }
    }
    return actions;
}

}  // namespace

std::string Visit::target() const { return spelled(statement_["relation"]); }

bool Visit::alters_used_table() const {
    return is("AlterTableStmt") && statement_.text("objtype") == "OBJECT_TABLE" && !is_new(table());
}

const std::vector<Command>& Visit::commands() {
    if (!commands_) {
        commands_.emplace();
        const auto nodes =
            is("AlterTableStmt") ? statement_.list("cmds") : std::vector<sql::Node>();
        const auto places = nodes.empty() ? std::vector<std::pair<std::size_t, std::size_t>>()
                                          : actions_of(text_, statement_["relation"].location());
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            Command command{nodes[i], nodes[i].text("subtype"), text_, 0};
            if (places.size() == nodes.size()) {
                command.offset = places[i].first;
                command.text = text_.substr(places[i].first, places[i].second - places[i].first);
            }
            commands_->push_back(command);
        }
    }
    return *commands_;
}

const std::vector<ColumnPlace>& Visit::columns() {
    if (!columns_) {
        columns_.emplace();
        if (is("CreateStmt")) {
            for (const auto& element : statement_.list("tableElts")) {
                if (element.is("ColumnDef")) {
                    columns_->push_back({element, std::string(element.text("colname")),
                                         type_of(element["typeName"]), element.location(),
                                         ColumnPlace::How::created});
                }
            }
        }
        for (const auto& command : commands()) {
            const auto definition = command.node["def"];
            if (command.type == "AT_AddColumn") {
                columns_->push_back({definition, std::string(definition.text("colname")),
                                     type_of(definition["typeName"]), definition.location(),
                                     ColumnPlace::How::added});
            } else if (command.type == "AT_AlterColumnType") {
                columns_->push_back({definition, command.name(), type_of(definition["typeName"]),
                                     command.offset, ColumnPlace::How::altered});
            }
        }
    }
    return *columns_;
}

void Visit::report(std::string message, std::string alternative, std::size_t offset,
                   std::size_t length) {
    offset = std::min(offset, text_.size());
    reports_.push_back(
        {rule_,
         severity_,
         offset_ + offset,
         length > 0 ? std::min(length, text_.size() - offset) : text_.size() - offset,
         std::move(message),
         std::move(alternative),
         {}});
}

void Visit::report_unless_mended(std::string message, std::string alternative, std::size_t offset,
                                 std::function<bool(const State&)> still) {
    report(std::move(message), std::move(alternative), offset);
    reports_.back().still = std::move(still);
}

void Visit::run(const Rule& rule, Severity severity) {
    rule_ = &rule;
    severity_ = severity;
    rule.check(*this);
}

bool is_reserved(std::string_view word) {
    return std::find(reserved.begin(), reserved.end(), word) != reserved.end();
}

std::string spelled(std::string_view name) {
    const bool is_plain =
        !name.empty() && (name.front() < '0' || name.front() > '9') &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
    if (is_plain && !is_reserved(name)) {
        return std::string(name);
    }
    // The parser has cut names to what PostgreSQL keeps; an empty one is not there at all.
    return name.empty() || name.size() > 63 ? std::string(name) : pg::identifier(name);
}

std::string spelled(sql::Node range_var) {
    const auto schema = range_var.text("schemaname");
    return (schema.empty() ? "" : spelled(schema) + ".") + spelled(range_var.text("relname"));
}

std::string spelled(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) {
        list += (list.empty() ? "" : ", ") + spelled(name);
    }
    return list;
}

bool has_option(sql::Node statement, std::string_view list, std::string_view name) {
    for (const auto& option : statement.list(list)) {
        if (option.text("defname") == name) {
            const auto argument = option["arg"];
            const auto text = lower(argument.text("sval"));
            return !(argument && (text == "false" || text == "off" ||
                                  (argument.is("Integer") && argument.number("ival") == 0)));
        }
    }
    return false;
}

}  // namespace caisson::lint

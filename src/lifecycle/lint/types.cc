// SPDX-License-Identifier: Apache-2.0
// Types that are regretted later, and what is hard to change about them.
#include <algorithm>

#include <fmt/format.h>

#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

using How = ColumnPlace::How;

std::string list_of(std::string_view better, const ColumnPlace& column) {
    return fmt::format("{} {}{}", spelled(column.name), better, column.type.is_array ? "[]" : "");
}

/// Reports each column of one of these types.
void prefer(Visit& visit, std::initializer_list<std::string_view> types, std::string_view better,
            std::string_view why) {
    for (const auto& column : visit.columns()) {
        if (std::find(types.begin(), types.end(), column.type.name) == types.end()) {
            continue;
        }
        const auto alternative = column.how == How::created ? "-- " + list_of(better, column)
                                 : column.how == How::added
                                     ? fmt::format("alter table {} add column {};", visit.target(),
                                                   list_of(better, column))
                                     : fmt::format("alter table {} alter column {} type {};",
                                                   visit.target(), spelled(column.name), better);
        visit.report(fmt::format("{} is {}: {}", spelled(column.name), column.type.text(), why),
                     alternative, column.offset, std::max<std::size_t>(column.name.size(), 1));
    }
}

void char_field(Visit& visit) {
    prefer(visit, {"bpchar"}, "text", "it pads with blanks and compares without them");
}

void text_field(Visit& visit) {
    for (const auto& column : visit.columns()) {
        if (column.type.name != "varchar" || column.type.modifiers.empty()) {
            continue;
        }
        const auto name = spelled(column.name);
        visit.report(fmt::format("{} is {}: making it shorter later reads every row under a lock",
                                 name, column.type.text()),
                     fmt::format("-- {0} text check (length({0}) <= {1})", name,
                                 column.type.modifiers.front()),
                     column.offset, column.name.size());
    }
}

void big_int(Visit& visit) {
    prefer(visit, {"int4", "serial", "serial4"}, "bigint",
           "it ends at 2,147,483,647, and growing it writes the table anew");
}
void not_small_int(Visit& visit) {
    prefer(visit, {"int2", "smallserial", "serial2"}, "bigint",
           "it ends at 32,767, and growing it writes the table anew");
}
void identity(Visit& visit) {
    prefer(visit, {"serial", "serial4"}, "integer generated always as identity",
           "its sequence has rights and an owner of its own");
    prefer(visit, {"bigserial", "serial8"}, "bigint generated always as identity",
           "its sequence has rights and an owner of its own");
    prefer(visit, {"smallserial", "serial2"}, "smallint generated always as identity",
           "its sequence has rights and an owner of its own");
}
void timestamp_tz(Visit& visit) {
    prefer(visit, {"timestamp"}, "timestamptz", "it does not say in which zone");
}
void jsonb(Visit& visit) {
    prefer(visit, {"json"}, "jsonb",
           "it has no equality, so SELECT DISTINCT and GROUP BY fail on it");
}
void money(Visit& visit) {
    prefer(visit, {"money"}, "numeric(19,4)",
           "its currency and its decimals are a setting of the session");
}

void domain_with_constraint(Visit& visit) {
    if (visit.is("CreateDomainStmt") && !visit.statement().list("constraints").empty()) {
        const auto constraints = visit.statement().list("constraints");
        const bool checks =
            std::any_of(constraints.begin(), constraints.end(), [](const auto& one) {
                return one.text("contype") == "CONSTR_CHECK" ||
                       one.text("contype") == "CONSTR_NOTNULL";
            });
        if (checks) {
            visit.report(
                "changing this check later reads every table that uses the domain, under a lock",
                fmt::format("-- a column of type {} with a CHECK of its own",
                            type_of(visit.statement()["typeName"]).text()));
        }
    }
}

void domain_add_constraint(Visit& visit) {
    if (visit.is("AlterDomainStmt") && visit.statement().text("subtype") == "C" &&
        !visit.statement()["def"].flag("skip_validation")) {
        const auto domain = object_name(visit.statement().list("typeName"));
        const auto name = visit.statement()["def"].text("conname");
        visit.report(
            fmt::format("every row of every table that uses {} is read while writes wait", domain),
            name.empty()
                ? ""
                : fmt::format("{} not valid;\n-- in a later file\nalter domain {} validate "
                              "constraint {};",
                              visit.text(), domain, spelled(name)));
    }
}

void enum_ordering(Visit& visit) {
    const auto statement = visit.statement();
    if (visit.is("AlterEnumStmt") && statement.text("oldVal").empty() &&
        statement.text("newValNeighbor").empty()) {
        visit.report(
            fmt::format("'{}' sorts behind all other values, whether that is meant or not",
                        statement.text("newVal")),
            fmt::format("-- {} before '…';  or  {} after '…';", visit.text(), visit.text()));
    }
}

/// PRIMARY KEY over columns that are known to be nullable: they become NOT NULL, and fail on NULLs.
void nullable_primary_key(Visit& visit) {
    for (const auto& command : visit.commands()) {
        const auto definition = command.node["def"];
        if (command.type != "AT_AddConstraint" || definition.text("contype") != "CONSTR_PRIMARY" ||
            visit.is_new(visit.table())) {
            continue;
        }
        auto keys = strings_of(definition.list("keys"));
        if (const auto index = visit.state().indexes.find(definition.text("indexname"));
            index != visit.state().indexes.end()) {
            keys = index->second.columns;
        }
        for (const auto& key : keys) {
            const auto* const column = visit.state().column(visit.table(), key);
            if (column && !column->is_not_null) {
                visit.report_at(
                    command,
                    fmt::format("{} may be NULL: it becomes NOT NULL, for which every row is "
                                "read under ACCESS EXCLUSIVE",
                                spelled(key)),
                    fmt::format("alter table {0} add constraint {2} check ({1} is not null) not "
                                "valid;\n-- in later files\nalter table {0} validate constraint "
                                "{2};\nalter table {0} alter column {1} set not null;",
                                visit.target(), spelled(key), spelled(key + "_not_null")));
            }
        }
    }
}

/// Bytes to which a value of the type is aligned; 0: not known, or of any length.
int alignment_of(const Type& type) {
    static const std::map<std::string_view, int> known = {
        {"int8", 8},   {"float8", 8}, {"timestamp", 8},   {"timestamptz", 8}, {"bigserial", 8},
        {"time", 8},   {"money", 8},  {"int4", 4},        {"float4", 4},      {"date", 4},
        {"serial", 4}, {"int2", 2},   {"smallserial", 2}, {"bool", 1}};
    const auto found = known.find(type.name);
    return found == known.end() || type.is_array ? 0 : found->second;
}

int padding_of(const std::vector<int>& sizes) {
    int at = 0;
    int padding = 0;
    for (const auto size : sizes) {
        const auto gap = (size - at % size) % size;
        padding += gap;
        at += gap + size;
    }
    return padding;
}

void column_order(Visit& visit) {
    if (!visit.is("CreateStmt")) {
        return;
    }
    std::vector<int> sizes;
    for (const auto& column : visit.columns()) {
        if (const auto size = alignment_of(column.type); size > 0) {
            sizes.push_back(size);
        }
    }
    auto best = sizes;
    std::stable_sort(best.begin(), best.end(), std::greater<>());
    const auto saved = padding_of(sizes) - padding_of(best);
    if (saved >= 8) {
        visit.report(
            fmt::format("in this order, padding takes {} bytes more in every row than it must",
                        saved),
            "-- widest first: bigint and timestamptz, integer, smallint, boolean, then text");
    }
}

}  // namespace

std::vector<Rule> type_rules() {
    using enum platform::LintSeverity;
    constexpr auto family = Family::types;
    return {
        {"ban-char-field",
         family,
         warning,
         false,
         {},
         "a column of type char(n)",
         "It pads with blanks, and every comparison must reckon with them.",
         "text, or varchar.",
         char_field},
        {"prefer-text-field",
         family,
         warning,
         false,
         {},
         "a column of type varchar(n)",
         "Its length can be grown, but not made shorter without reading every row under a lock.",
         "text with a CHECK on its length, which can be NOT VALID at first.",
         text_field},
        {"prefer-bigint-over-int",
         family,
         warning,
         false,
         {"prefer-big-int", "", "", ""},
         "a column of type integer or serial",
         "Numbers run out at 2,147,483,647, and growing it writes the table anew.",
         "bigint.",
         big_int},
        {"prefer-bigint-over-smallint",
         family,
         warning,
         false,
         {"prefer-big-int", "", "", ""},
         "a column of type smallint or smallserial",
         "Numbers run out at 32,767, and growing it writes the table anew.",
         "bigint.",
         not_small_int},
        {"prefer-identity",
         family,
         warning,
         false,
         {},
         "a column of type serial",
         "Its sequence is an object beside the table, with rights and an owner of its own.",
         "GENERATED ALWAYS AS IDENTITY.",
         identity},
        {"prefer-timestamp-tz",
         family,
         warning,
         false,
         {"prefer-timestamptz", "", "", ""},
         "a column of type timestamp",
         "It loses the zone: the same moment reads differently elsewhere.",
         "timestamptz.",
         timestamp_tz},
        {"prefer-jsonb",
         family,
         warning,
         false,
         {"", "add_column_json", "", ""},
         "a column of type json",
         "It has no equality operator, so queries with DISTINCT or GROUP BY fail that worked "
         "before.",
         "jsonb.",
         jsonb},
        {"ban-money-field",
         family,
         warning,
         false,
         {},
         "a column of type money",
         "Its currency and decimals follow the session's lc_monetary.",
         "numeric.",
         money},
        {"ban-create-domain-with-constraint",
         family,
         warning,
         false,
         {},
         "a domain is made with a check",
         "A change of the check reads every table that uses the domain, under a lock.",
         "A CHECK on the columns.",
         domain_with_constraint},
        {"ban-alter-domain-with-add-constraint",
         family,
         warning,
         false,
         {},
         "a domain gets another check",
         "Every table that uses the domain is read while writes wait.",
         "NOT VALID, then VALIDATE CONSTRAINT.",
         domain_add_constraint},
        {"require-enum-value-ordering",
         family,
         warning,
         false,
         {},
         "ADD VALUE without BEFORE or AFTER",
         "The value sorts behind all others, and can never be moved.",
         "BEFORE or AFTER another value.",
         enum_ordering},
        {"primary-key-on-nullable-column",
         family,
         error,
         false,
         {"", "", "PG304", ""},
         "a primary key over columns that may be NULL",
         "They become NOT NULL, which reads every row under ACCESS EXCLUSIVE and fails at the "
         "first NULL.",
         "SET NOT NULL first, with a CHECK for proof.",
         nullable_primary_key},
        {"column-order-padding",
         family,
         warning,
         true,
         {"", "", "PG110", ""},
         "the order of columns wastes eight bytes or more in every row",
         "Columns are aligned to their size.",
         "Widest first.",
         column_order},
    };
}

}  // namespace caisson::lint

// SPDX-License-Identifier: Apache-2.0
/// A table: what it is, its columns, keys and rules, relations both ways, and what else belongs to
/// it.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/markdown.h"
#include "lifecycle/docs/pages.h"
#include "lifecycle/docs/partitions.h"
#include "lifecycle/docs/types.h"

namespace caisson::docs {
namespace {

std::string codes(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) {
        text += (text.empty() ? "" : ", ") + code(name);
    }
    return text;
}

std::string default_of(const schema::Column& column) {
    if (!column.identity.empty()) {
        return fmt::format("identity, {}{}", column.identity,
                           column.options.empty() ? "" : ": " + code(column.options));
    }
    if (!column.generated.empty()) {
        // `generated always as (…) stored`
        const auto from = column.generated.find('(');
        const auto to = column.generated.rfind(')');
        if (from != std::string::npos && to != std::string::npos && to > from) {
            return "computed: " +
                   code(without_brackets(column.generated.substr(from, to - from + 1)));
        }
    }
    return code(column.expression);
}

std::string key_of(const SchemaPage& page, const Table& table, const Column& column) {
    std::vector<std::string> keys;
    if (column.in_primary_key) {
        keys.emplace_back("PK");
    } else if (column.is_unique) {
        keys.emplace_back("unique");
    }
    std::vector<std::string> seen;
    for (const auto i : column.references) {
        const auto& target = table.references[i].table;
        if (std::ranges::count(seen, target) == 0) {
            keys.push_back("→ " + page.links.to(target));
            seen.push_back(target);
        }
    }
    return join(keys, ", ");
}

/// A type of the platform's own leads to its section.
std::string type_of(const SchemaPage& page, const schema::Column& column) {
    std::string array;
    auto name = column.type;
    while (name.ends_with("[]")) {
        name.resize(name.size() - 2);
        array += "\\[\\]";
    }
    const bool is_own = std::ranges::any_of(page.inventory.types,
                                            [&](const Thing& type) { return type.name == name; });
    auto text = is_own ? page.links.to(name) + array : code(short_type(column.type));
    if (!column.collation.empty()) {
        text += " collate " + code(column.collation);
    }
    return text;
}

std::string columns_grid(const SchemaPage& page, const Table& table) {
    Grid grid({"column", "type", "null", "default", "key", "what it is"});
    for (const auto& column : table.columns) {
        auto about = cell_text(column.comment);
        if (column.is_inherited) {
            about += about.empty() ? "(inherited)" : " (inherited)";
        }
        grid.add({code(column.name), type_of(page, column.parts),
                  !column.parts.not_null      ? "yes"
                  : column.parts.is_validated ? ""
                                              : "older rows may be",
                  default_of(column.parts), key_of(page, table, column), about});
    }
    return grid.empty() ? "It has no columns.\n" : grid.whole_text();
}

std::string rules_section(const Table& table) {
    Grid grid({"constraint", "says", "about"});
    for (const auto& constraint : table.constraints) {
        std::string says;
        const auto rest = constraint.rest.empty() ? std::string() : ", " + code(constraint.rest);
        switch (constraint.kind) {
            case Constraint::Kind::primary_key:
                says = "primary key: " + codes(constraint.columns) + rest;
                break;
            case Constraint::Kind::unique:
                says = "unique: " + codes(constraint.columns) + rest;
                break;
            case Constraint::Kind::check: {
                auto sql = constraint.definition.substr(6);
                const bool is_old = sql.ends_with(" NOT VALID");
                if (is_old) {
                    sql.resize(sql.size() - 10);
                }
                says = code(without_brackets(sql)) + (is_old ? ", not checked of older rows" : "");
                break;
            }
            default:
                says = code(constraint.definition);
        }
        grid.add({code(constraint.name), says, cell_text(constraint.comment)});
    }
    return grid.empty() ? "" : "\n**Keys and rules**\n\n" + grid.text();
}

/// What becomes of the rows that refer when the row they refer to goes.
std::string on_delete(const Reference& reference) {
    const auto& action = reference.on_delete;
    const auto text = action.starts_with("cascade")       ? "goes as well"
                      : action.starts_with("set null")    ? "emptied"
                      : action.starts_with("set default") ? "set to the default"
                                                          : "refused";
    return fmt::format("{} ({})", text, code(action.empty() ? "no action" : action));
}

std::string outgoing_section(const SchemaPage& page, const Table& table) {
    Grid grid({"columns", "refer to", "when that row is deleted", "when its key changes",
               "constraint", "about"});
    for (const auto& reference : table.references) {
        auto name = code(reference.name);
        if (!reference.rest.empty()) {
            name += ", " + code(reference.rest);
        }
        grid.add({codes(reference.columns),
                  page.links.to(reference.table) + " " + codes(reference.target_columns),
                  on_delete(reference), code(reference.on_update), name,
                  cell_text(reference.comment)});
    }
    return grid.empty() ? "" : "\n**Refers to**\n\n" + grid.text();
}

std::string incoming_section(const SchemaPage& page, const Table& table) {
    Grid grid({"from", "columns", "rows", "when a row here is deleted"});
    for (const auto& referrer : table.referrers) {
        const auto& other = page.inventory.tables[referrer.table];
        const auto& reference = other.references[referrer.reference];
        grid.add({page.links.to(other.name), codes(reference.columns),
                  reference.is_single ? "at most one" : "any number", on_delete(reference)});
    }
    return grid.empty() ? "" : "\n**Referred to by**\n\n" + grid.text();
}

/// What kind of table it is where it is no ordinary one, in sentences.
std::string nature(const SchemaPage& page, const Table& table) {
    std::vector<std::string> facts;
    if (table.definition != "table") {
        facts.push_back(fmt::format("Made as {}.", code(table.definition)));
    }
    std::vector<std::string> parents;
    for (const auto& parent : table.parents) {
        parents.push_back(page.links.to(parent));
    }
    if (!parents.empty()) {
        facts.push_back(fmt::format("Inherits from {}.", enumeration(parents)));
    }
    std::vector<std::string> children;
    for (const auto& other : page.inventory.tables) {
        if (std::ranges::count(other.parents, table.name) > 0) {
            children.push_back(page.links.to(other.name));
        }
    }
    if (!children.empty()) {
        facts.push_back(fmt::format("Inherited by {}.", enumeration(children)));
    }
    return facts.empty() ? "" : "\n" + join(facts, " ") + "\n";
}

}  // namespace

std::string table_section(const SchemaPage& page, const Table& table) {
    auto text = heading(3, page.links.heading(table.name));
    text += paragraphs(table.comment) + nature(page, table);
    if (!text.ends_with("\n\n")) {
        text += '\n';
    }
    text += columns_grid(page, table) + rules_section(table) + outgoing_section(page, table) +
            incoming_section(page, table) + indexes_section(table.indexes, table.constraints) +
            policies_section(page, table) + triggers_section(table.triggers) +
            partitions_section(table) + details_section(table.details);
    std::string sequences;
    for (const auto& column : table.columns) {
        const auto owned = page.inventory.owned_sequences.find(table.name + "." + column.name);
        if (owned != page.inventory.owned_sequences.end()) {
            sequences += fmt::format("\nThe sequence {} counts for {}.\n",
                                     code(short_name(owned->second)), code(column.name));
        }
    }
    return text + sequences;
}

}  // namespace caisson::docs

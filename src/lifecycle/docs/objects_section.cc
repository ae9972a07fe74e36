// SPDX-License-Identifier: Apache-2.0
/// Views, types, functions, sequences, and what has no section of its own.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/markdown.h"
#include "lifecycle/docs/pages.h"
#include "lifecycle/docs/types.h"
#include "lifecycle/schema/wording.h"

namespace caisson::docs {
namespace {

std::vector<const Thing*> of_schema(const std::vector<Thing>& things, const std::string& schema) {
    std::vector<const Thing*> found;
    for (const auto& thing : things) {
        if (schema_of(thing.name) == schema) {
            found.push_back(&thing);
        }
    }
    return found;
}

/// Columns that have the type, or arrays of it.
std::string users_of(const SchemaPage& page, const std::string& type) {
    std::vector<std::string> users;
    for (const auto& table : page.inventory.tables) {
        std::vector<std::string> columns;
        for (const auto& column : table.columns) {
            auto name = column.parts.type;
            while (name.ends_with("[]")) {
                name.resize(name.size() - 2);
            }
            if (name == type) {
                columns.push_back(code(column.name));
            }
        }
        if (!columns.empty()) {
            users.push_back(page.links.to(table.name) + " " + join(columns, ", "));
        }
    }
    return users.empty() ? "" : fmt::format("\nUsed by {}.\n", enumeration(users));
}

std::string type_section(const SchemaPage& page, const Thing& type) {
    auto text = heading(3, page.links.heading(type.name));
    if (!type.comment.empty()) {
        text += paragraphs(type.comment) + '\n';
    }
    if (type.kind == "enum") {
        std::vector<std::string> values;
        for (const auto& value : parse_literals(type.definition)) {
            values.push_back(value.empty() ? "(empty)" : code(value));
        }
        text += fmt::format("One of, in this order: {}.\n", join(values, ", "));
    } else if (type.kind == "type") {
        Grid grid({"attribute", "type"});
        for (const auto& attribute : schema::list_of(type.definition)) {
            const auto space = schema::find_outside(attribute, " ");
            grid.add({code(attribute.substr(0, space)),
                      code(space == std::string::npos ? "" : attribute.substr(space + 1))});
        }
        text += grid.text();
    } else {
        text += fmt::format("{}: {}\n", type.kind, code(type.definition));
    }
    return text + users_of(page, type.name);
}

}  // namespace

std::string view_section(const SchemaPage& page, const View& view) {
    auto text = heading(3, page.links.heading(view.name));
    if (!view.comment.empty()) {
        text += paragraphs(view.comment) + '\n';
    }
    std::vector<std::string> reads;
    for (const auto& name : view.reads) {
        reads.push_back(page.links.to(name));
    }
    if (!reads.empty()) {
        text += fmt::format("Reads {}.\n\n", enumeration(reads));
    }
    Grid grid({"column", "type", "what it is"});
    for (const auto& [name, type] : view.columns) {
        const auto comment = view.column_comments.find(name);
        grid.add({code(name), code(short_type(type)),
                  comment == view.column_comments.end() ? "" : cell_text(comment->second)});
    }
    if (!grid.empty()) {
        text += grid.text() + '\n';
    }
    text += code_block(
        "sql", fmt::format("create {}view {} {};", view.is_materialized ? "materialized " : "",
                           view.name, view.definition));
    return text + indexes_section(view.indexes, {}) + triggers_section(view.triggers) +
           details_section(view.details);
}

std::string types_section(const SchemaPage& page, const std::string& schema) {
    std::string text;
    for (const auto* type : of_schema(page.inventory.types, schema)) {
        text += type_section(page, *type);
    }
    return text;
}

std::string routines_section(const SchemaPage& page, const std::string& schema) {
    Grid grid({"function", "returns", "language", "properties", "what it does"});
    std::string bodies;
    for (const auto* thing : of_schema(page.inventory.routines, schema)) {
        const auto name = code(short_name(thing->name));
        if (thing->kind == "aggregate") {
            grid.add(
                {name, "", "", "aggregate: " + code(thing->definition), cell_text(thing->comment)});
            continue;
        }
        const auto routine = parse_routine(thing->definition);
        std::vector<std::string> properties;
        if (thing->kind == "procedure") {
            properties.emplace_back("procedure");
        }
        for (const auto& property : routine.properties) {
            properties.push_back(code(property));
        }
        grid.add({name, code(routine.returns), routine.language, join(properties, ", "),
                  cell_text(thing->comment)});
        bodies += code_block("sql", thing->definition + ";") + '\n';
    }
    if (grid.empty()) {
        return {};
    }
    auto text = heading(3, fmt::format("Functions of {}", schema)) + grid.text();
    if (!bodies.empty()) {
        text += "\n<details><summary>As SQL</summary>\n\n" + bodies + "</details>\n";
    }
    return text;
}

std::string sequences_section(const SchemaPage& page, const std::string& schema) {
    Grid grid({"sequence", "counts", "what for"});
    for (const auto* sequence : of_schema(page.inventory.sequences, schema)) {
        grid.add({code(short_name(sequence->name)), code(sequence->definition),
                  cell_text(sequence->comment)});
    }
    return grid.empty() ? "" : heading(3, fmt::format("Sequences of {}", schema)) + grid.text();
}

std::string others_section(const SchemaPage& page) {
    Grid grid({"kind", "name", "definition", "about"});
    for (const auto& thing : page.inventory.others) {
        grid.add({thing.kind, code(thing.name), code(thing.definition), cell_text(thing.comment)});
    }
    return grid.empty() ? "" : heading(2, "Other objects") + grid.text();
}

}  // namespace caisson::docs

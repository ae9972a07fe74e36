// SPDX-License-Identifier: Apache-2.0
/// DATABASE_SCHEMA.md: a table of contents, the diagram, then everything, schema by schema.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/markdown.h"
#include "lifecycle/docs/mermaid.h"
#include "lifecycle/docs/pages.h"
#include "lifecycle/docs/svg.h"

namespace caisson::docs {
namespace {

/// The first sentence or line, for a list.
std::string summary(const std::string& comment) {
    const auto line = std::string(trim(comment)).substr(0, trim(comment).find('\n'));
    for (std::size_t i = 0; i + 1 < line.size(); ++i) {
        if (line[i] == '.' && line[i + 1] == ' ') {
            return line.substr(0, i + 1);
        }
    }
    return line;
}

std::size_t count_columns(const Inventory& inventory) {
    std::size_t count = 0;
    for (const auto& table : inventory.tables) {
        count += table.columns.size();
    }
    return count;
}

std::string holdings(const Inventory& inventory) {
    std::size_t relations = 0;
    std::size_t policies = 0;
    for (const auto& table : inventory.tables) {
        relations += table.references.size();
        policies += table.policies.size();
    }
    std::vector<std::string> parts = {fmt::format("{} with {}",
                                                  counted(inventory.tables.size(), "table"),
                                                  counted(count_columns(inventory), "column"))};
    const auto add = [&](std::size_t count, std::string_view one, std::string_view many = {}) {
        if (count > 0) {
            parts.push_back(counted(count, one, many));
        }
    };
    add(relations, "relation");
    add(inventory.views.size(), "view");
    add(inventory.types.size(), "type");
    add(inventory.routines.size(), "function");
    add(inventory.sequences.size(), "sequence");
    add(policies, "policy", "policies");
    return enumeration(parts);
}

std::string facts_grid(const SchemaPage& page) {
    Grid grid({"", ""});
    const auto& database = page.facts.database;
    grid.add({"database", code(database.name) + ", in caisson.toml " + code(database.key)});
    std::vector<std::string> sources;
    for (const auto& source : database.migrations) {
        sources.push_back(code(source.name));
    }
    grid.add({"made by", enumeration(sources)});
    grid.add({"holds", holdings(page.inventory)});
    std::vector<std::string> extensions;
    for (const auto& extension : page.inventory.extensions) {
        if (extension.name != "plpgsql") {
            extensions.push_back(code(extension.name));
        }
    }
    grid.add({"extensions", extensions.empty() ? "none" : enumeration(extensions)});
    std::vector<std::string> optional;
    for (const auto& extension : database.extensions) {
        if (extension.optional) {
            optional.push_back(code(extension.name));
        }
    }
    if (!optional.empty()) {
        grid.add({"optional extensions",
                  enumeration(optional) + ": described here as on a server without"});
    }
    for (const auto& [migration, feature] : page.facts.waiting) {
        grid.add({"not in it", fmt::format("{}, which waits for the feature {}", code(migration),
                                           code(feature))});
    }
    return grid.text();
}

/// The tables that it refers to, each once.
std::string targets_of(const SchemaPage& page, const Table& table) {
    std::vector<std::string> targets;
    for (const auto& reference : table.references) {
        auto link = page.links.to(reference.table);
        if (std::ranges::count(targets, link) == 0) {
            targets.push_back(std::move(link));
        }
    }
    return join(targets, ", ");
}

std::string contents(const SchemaPage& page) {
    Grid tables({"table", "columns>", "refers to", "row-level security", "what it is"});
    Grid views({"view", "columns>", "what it is"});
    for (const auto& schema : page.inventory.schemas) {
        for (const auto& table : page.inventory.tables) {
            if (table.schema() == schema.name) {
                tables.add({page.links.to(table.name), std::to_string(table.columns.size()),
                            targets_of(page, table), table.has_row_security ? "on" : "",
                            cell_text(summary(table.comment))});
            }
        }
        for (const auto& view : page.inventory.views) {
            if (view.schema() == schema.name) {
                views.add({page.links.to(view.name), std::to_string(view.columns.size()),
                           cell_text(summary(view.comment))});
            }
        }
    }
    auto text = tables.empty() ? "The migrations make no table.\n" : tables.text();
    return views.empty() ? text : text + '\n' + views.text();
}

std::string diagrams(const Inventory& inventory, const std::string& picture) {
    const auto edges = edges_of(inventory);
    const auto groups = groups_of(inventory, edges, mermaid_tables);
    auto text = heading(2, "Diagram");
    // A page shows a picture no wider than itself: of many tables nothing could be read.
    text += inventory.tables.size() < svg_many_tables
                ? fmt::format("[![Tables and their relations]({0})]({0})\n", picture)
                : fmt::format("All of it as a picture: [{0}]({0}).\n", picture);
    for (const auto& group : groups) {
        if (groups.size() > 1) {
            text += heading(3, "Around " + group.title);
        } else {
            text += '\n';
        }
        text += code_block("mermaid", mermaid(inventory, edges, group));
        if (shows_only_keys(inventory, group)) {
            text += "\nColumns that are no keys are left out.\n";
        }
    }
    return text;
}

std::string schema_section(const SchemaPage& page, const Thing& schema) {
    std::string text;
    for (const auto& table : page.inventory.tables) {
        if (table.schema() == schema.name) {
            text += table_section(page, table);
        }
    }
    for (const auto& view : page.inventory.views) {
        if (view.schema() == schema.name) {
            text += view_section(page, view);
        }
    }
    text += types_section(page, schema.name) + routines_section(page, schema.name) +
            sequences_section(page, schema.name);
    auto title = heading(2, "Schema " + schema.name) + paragraphs(schema.comment);
    return text.empty() ? (schema.comment.empty() ? "" : title) : title + text;
}

}  // namespace

Links::Links(const Inventory& inventory) {
    for (const auto& schema : inventory.schemas) {
        for (const auto& table : inventory.tables) {
            if (table.schema() == schema.name) {
                add("Table", table.name);
            }
        }
        for (const auto& view : inventory.views) {
            if (view.schema() == schema.name) {
                add(view.is_materialized ? "Materialized view" : "View", view.name);
            }
        }
        for (const auto& type : inventory.types) {
            if (schema_of(type.name) == schema.name) {
                add("Type", type.name);
            }
        }
    }
}

void Links::add(const std::string& kind, const std::string& name) {
    const auto& heading = headings_[name] = kind + ' ' + short_name(name);
    auto place = anchor(heading);
    const int times = taken_[place]++;
    anchors_[name] = times == 0 ? place : fmt::format("{}-{}", place, times);
}

std::string Links::to(const std::string& name) const {
    const auto found = anchors_.find(name);
    return found == anchors_.end()
               ? code(short_name(name))
               : fmt::format("[{}](#{})", inline_text(short_name(name)), found->second);
}

std::string first_line(std::string_view sources) {
    return fmt::format(
        "{} from {}. Changes belong there: the next run writes this file anew. -->\n", mark,
        sources);
}

std::string short_role(const platform::Database& database, const std::string& role) {
    const auto prefix = database.name + "_";
    return role.starts_with(prefix) ? role.substr(prefix.size()) : role;
}

std::string schema_page(const SchemaPage& page, const std::string& picture) {
    auto text = first_line("caisson.toml and the migrations");
    text += fmt::format(
        "# Database schema: {}\n\n{}. What the migrations make of an empty database.\n\n",
        inline_text(page.facts.database.name),
        inline_text(page.manifest.title.empty() ? page.manifest.name : page.manifest.title));
    text += facts_grid(page) + '\n' + contents(page);
    if (!page.inventory.tables.empty()) {
        text += diagrams(page.inventory, picture);
    }
    for (const auto& schema : page.inventory.schemas) {
        text += schema_section(page, schema);
    }
    return text + others_section(page) + rights_section(page);
}

std::string overview_page(const platform::Manifest& manifest,
                          const std::vector<DatabaseFacts>& databases,
                          const std::vector<Inventory>& inventories) {
    auto text = first_line("caisson.toml and the migrations");
    text += fmt::format("# Database schemas\n\n{}. Each database has a page of its own.\n\n",
                        inline_text(manifest.title.empty() ? manifest.name : manifest.title));
    Grid grid({"database", "in caisson.toml", "holds", "picture"});
    for (std::size_t i = 0; i < databases.size(); ++i) {
        const auto& database = databases[i].database;
        grid.add(
            {fmt::format("[{}](DATABASE_SCHEMA.{}.md)", inline_text(database.name), database.key),
             code(database.key), holdings(inventories[i]),
             inventories[i].tables.empty()
                 ? ""
                 : fmt::format("[diagram](DATABASE_SCHEMA.{}.svg)", database.key)});
    }
    return text + grid.text();
}

}  // namespace caisson::docs

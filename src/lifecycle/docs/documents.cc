// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/documents.h"

#include <fmt/format.h>

#include "lifecycle/docs/markdown.h"
#include "lifecycle/docs/pages.h"
#include "lifecycle/docs/svg.h"

namespace caisson::docs {
namespace {

constexpr std::string_view schema_name = "DATABASE_SCHEMA";

/// The page and the picture of one database, under this name without its ending.
void add_database(std::vector<Document>& documents, const platform::Manifest& manifest,
                  const DatabaseFacts& facts, const Inventory& all, const std::string& name) {
    const auto roles = roles_of(manifest, facts.database);
    const Links links(all);
    const SchemaPage page{manifest, facts, all, roles, links};
    documents.push_back({name + ".md", tidy(schema_page(page, name + ".svg"))});
    if (!all.tables.empty()) {
        const auto title = fmt::format("The tables of {} and their relations", facts.database.name);
        documents.push_back({name + ".svg", first_line("caisson.toml and the migrations") +
                                                svg(all, edges_of(all), title)});
    }
}

}  // namespace

schema::Scope docs_scope() { return {.rights = true, .column_order = true, .view_columns = true}; }

std::vector<Document> documents(const platform::Manifest& manifest,
                                const std::vector<DatabaseFacts>& databases) {
    std::vector<Document> documents;
    std::vector<Inventory> inventories;
    for (const auto& facts : databases) {
        inventories.push_back(inventory(facts.snapshot));
    }
    const bool has_several = manifest.databases.size() > 1;
    const std::string name(schema_name);
    if (has_several && databases.size() == manifest.databases.size()) {
        documents.push_back({name + ".md", tidy(overview_page(manifest, databases, inventories))});
    }
    for (std::size_t i = 0; i < databases.size(); ++i) {
        add_database(documents, manifest, databases[i], inventories[i],
                     has_several ? name + '.' + databases[i].database.key : name);
    }
    documents.push_back({"REDIS_KEY_PATTERNS.md", tidy(redis_page(manifest))});
    documents.push_back({"ENVIRONMENT_VARIABLES.md", tidy(variables_page(manifest))});
    return documents;
}

bool is_marked(std::string_view text) { return text.starts_with(mark); }

bool is_name_of_ours(std::string_view name) {
    return name == "REDIS_KEY_PATTERNS.md" || name == "ENVIRONMENT_VARIABLES.md" ||
           (name.starts_with(schema_name) && (name.ends_with(".md") || name.ends_with(".svg")));
}

}  // namespace caisson::docs

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The pages that documents are made of, and the parts of a page about a schema. Each part begins
/// with its heading; empty where there is nothing to say.

#include <map>
#include <string>
#include <string_view>

#include "lifecycle/docs/documents.h"
#include "lifecycle/docs/inventory.h"
#include "lifecycle/docs/roles.h"

namespace caisson::docs {

/// REDIS_KEY_PATTERNS.md and ENVIRONMENT_VARIABLES.md.
std::string redis_page(const platform::Manifest& manifest);
std::string variables_page(const platform::Manifest& manifest);

/// Headings of tables, views and types, for links to them.
class Links {
 public:
    explicit Links(const Inventory& inventory);
    /// `[users](#table-users)`; a name without a heading as code.
    std::string to(const std::string& name) const;
    /// The heading of a table, view or type: `Table users`.
    const std::string& heading(const std::string& name) const { return headings_.at(name); }

 private:
    void add(const std::string& kind, const std::string& name);

    std::map<std::string, std::string> headings_;
    std::map<std::string, std::string> anchors_;
    std::map<std::string, int> taken_;
};

/// What the parts of a page about one database share.
struct SchemaPage {
    const platform::Manifest& manifest;
    const DatabaseFacts& facts;
    const Inventory& inventory;
    const std::vector<RoleFacts>& roles;
    const Links& links;
};

/// DATABASE_SCHEMA.md of one database. `picture` is the file of the SVG.
std::string schema_page(const SchemaPage& page, const std::string& picture);
/// DATABASE_SCHEMA.md of several.
std::string overview_page(const platform::Manifest& manifest,
                          const std::vector<DatabaseFacts>& databases,
                          const std::vector<Inventory>& inventories);

std::string table_section(const SchemaPage& page, const Table& table);
std::string view_section(const SchemaPage& page, const View& view);
/// Row-level security of a table, in words and in SQL.
std::string policies_section(const SchemaPage& page, const Table& table);
/// Indexes of a table or view; those that constraints have as well.
std::string indexes_section(const std::vector<Index>& indexes,
                            const std::vector<Constraint>& constraints);
std::string triggers_section(const std::vector<Trigger>& triggers);
std::string details_section(const std::vector<Thing>& details);
/// Types, functions and sequences of one schema.
std::string types_section(const SchemaPage& page, const std::string& schema);
std::string routines_section(const SchemaPage& page, const std::string& schema);
std::string sequences_section(const SchemaPage& page, const std::string& schema);
/// What lies in no schema or has no section of its own.
std::string others_section(const SchemaPage& page);
std::string rights_section(const SchemaPage& page);

/// `first_line("REDIS_KEY_PATTERNS.md …")`: the comment that every document begins with.
std::string first_line(std::string_view sources);
/// `compliance_db_app` as `app`.
std::string short_role(const platform::Database& database, const std::string& role);

}  // namespace caisson::docs

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/series.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "lifecycle/schema/catalog_queries.h"
#include "lifecycle/schema/catalog_reader.h"

namespace caisson::schema {
namespace {

/// class and oid, to what tells whether it is as it was.
using Versions = std::map<std::pair<std::string, std::string>, std::string>;
/// oid to name.
using Names = std::map<std::string, std::string>;

bool is_any_of(std::string_view kind, std::initializer_list<std::string_view> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

/// The name of the relation that an object is or lies in; empty for all others.
std::string relation_of(const Object& object) {
    if (is_any_of(object.kind,
                  {"table", "partition", "inheritance", "row security", "replica identity",
                   "clustering", "storage parameters", "column order", "view columns", "view",
                   "materialized view", "population", "sequence", "sequence ownership", "type"})) {
        return object.name;
    }
    return is_any_of(object.kind, {"column", "inherited column", "column setting", "view default",
                                   "constraint", "index", "trigger", "rule", "policy"})
               ? split_name(object.name).first
               : "";
}

std::string text(const pg::Row& row, std::size_t column) { return std::string(row.text(column)); }

Names names_of(const pg::Result& rows) {
    Names names;
    for (const auto row : rows) {
        names.emplace(text(row, 0), text(row, 1));
    }
    return names;
}

Versions versions(pg::Connection& connection) {
    Versions versions;
    for (const auto row : prepared(connection, "caisson_versions", versions_sql())) {
        versions.emplace(std::pair{text(row, 0), text(row, 1)}, text(row, 2));
    }
    return versions;
}

}  // namespace

struct Series::Memory {
    /// What lies in one relation, or in none, with its owners and grants.
    using Part = std::vector<Thing>;

    explicit Memory(Scope of) : scope(std::move(of)) {}

    Scope scope;
    Versions seen;                      ///< Empty: nothing was read yet.
    Names names;                        ///< Of relations, by their oids.
    std::map<std::string, Part> parts;  ///< By the name of the relation.
    std::size_t relations_read = 0;

    std::optional<Names> outdated(pg::Connection& connection, const Versions& now) const;
    void forget_parts(const Names& outdated, const Versions& now);
    void read_parts(const CatalogReader& reader, const std::vector<std::string>* oids);
    Snapshot snapshot(const CatalogReader& reader) const;
};

/// The relations that are to be read; nothing: all of them.
std::optional<Names> Series::Memory::outdated(pg::Connection& connection,
                                              const Versions& now) const {
    if (seen.empty()) {
        return std::nullopt;
    }
    std::vector<std::string> classes;
    std::vector<std::string> oids;
    for (const auto& [thing, version] : now) {
        const auto before = seen.find(thing);
        if (before != seen.end() && before->second == version) {
            continue;
        }
        classes.push_back(thing.first);
        oids.push_back(thing.second);
    }
    // Roles stand in definitions by their names, and schemas in those of all that lies in them.
    const bool is_everywhere = std::any_of(seen.begin(), seen.end(), [&](const auto& one) {
        const auto found = now.find(one.first);
        return (one.first.first == "pg_authid" || one.first.first == "pg_namespace") &&
               (found == now.end() || found->second != one.second);
    });
    if (is_everywhere) {
        return std::nullopt;
    }
    return oids.empty() ? Names() : names_of(connection.query(affected_sql(classes, oids)));
}

/// Under the names that they had, and under those that they have: two may have changed places.
void Series::Memory::forget_parts(const Names& outdated, const Versions& now) {
    parts.erase("");
    std::erase_if(names, [&](const auto& one) {
        const bool is_over = outdated.contains(one.first) || !now.contains({"pg_class", one.first});
        if (is_over) {
            parts.erase(one.second);
        }
        return is_over;
    });
    for (const auto& [oid, name] : outdated) {
        parts.erase(name);
        names.emplace(oid, name);
    }
}

void Series::Memory::read_parts(const CatalogReader& reader, const std::vector<std::string>* oids) {
    auto things = reader.things(oids);
    if (scope.rights) {
        Addresses addresses;
        add_addresses(addresses, things);
        for (auto& right : reader.rights(addresses, oids)) {
            parts[relation_of(addresses.at(right.about)->object)].push_back(std::move(right));
        }
    }
    for (auto& thing : things) {
        parts[relation_of(thing.object)].push_back(std::move(thing));
    }
}

Snapshot Series::Memory::snapshot(const CatalogReader& reader) const {
    Addresses addresses;
    Snapshot snapshot;
    const auto add = [&](const std::vector<Thing>& things) {
        for (const auto& thing : things) {
            if (thing.shown) {
                snapshot.objects.push_back(
                    {thing.object.kind, thing.object.name, thing.object.definition});
            }
        }
    };
    for (const auto& [name, part] : parts) {
        add_addresses(addresses, part);
        add(part);
    }
    add(reader.comments(addresses));
    if (scope.rights) {
        add(reader.default_privileges());
    }
    std::sort(snapshot.objects.begin(), snapshot.objects.end());
    return snapshot;
}

Series::Series(Scope scope) : memory_(std::make_unique<Memory>(std::move(scope))) {}
Series::~Series() = default;
Series::Series(Series&&) noexcept = default;
Series& Series::operator=(Series&&) noexcept = default;

Snapshot Series::next(pg::Connection& connection) {
    auto& memory = *memory_;
    const Reading reading(connection);
    auto now = versions(connection);
    const auto outdated = memory.outdated(connection, now);
    // What is read half is not to be believed the next time.
    memory.seen.clear();
    const CatalogReader reader(connection, memory.scope);
    if (outdated) {
        std::vector<std::string> oids;
        for (const auto& [oid, name] : *outdated) {
            oids.push_back(oid);
        }
        memory.forget_parts(*outdated, now);
        memory.read_parts(reader, &oids);
        memory.relations_read = oids.size();
    } else {
        memory.parts.clear();
        memory.names = names_of(connection.query(relation_names_sql()));
        memory.read_parts(reader, nullptr);
        memory.relations_read = memory.names.size();
    }
    auto snapshot = memory.snapshot(reader);
    memory.seen = std::move(now);
    return snapshot;
}

void Series::forget() { memory_->seen.clear(); }

std::size_t Series::relations_read() const { return memory_->relations_read; }

}  // namespace caisson::schema

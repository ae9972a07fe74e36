// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/schema/canonical.h"
#include "lifecycle/schema/catalog_queries.h"
#include "lifecycle/schema/catalog_reader.h"

namespace caisson::schema {
namespace {

/// What deparsed constants and names depend on. A plan for so many branches is not worth compiling.
constexpr std::string_view settings =
    "set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; "
    "set local intervalstyle = 'postgres'; set local bytea_output = 'hex'; "
    "set local extra_float_digits = 1; set local quote_all_identifiers = off; set local jit = off; "
    "set local plan_cache_mode = force_generic_plan";

/// How pg_depend and its like call an object: class, oid and sub-object of three columns.
std::string address_at(const pg::Row& row, std::size_t column) {
    std::string address(row.text(column));
    address += '/';
    address += row.text(column + 1);
    address += '/';
    address += row.text(column + 2);
    return address;
}

/// A sequence that a column owns needs the column only for that: there is an object for it.
/// A column lies in its table and a table in its schema, as their names say.
bool is_implied(const Object& needing, const Object& needed) {
    if (needing.kind == "sequence" && needed.kind == "column") {
        return true;
    }
    return (needed.kind == "table" || needed.kind == "schema") &&
           split_name(needing.name).first == needed.name;
}

/// Things that others depend on, found by every address that stands for them.
class Index {
 public:
    Index(std::vector<Thing>& things, const pg::Result& aliases) : things_(things) {
        for (std::size_t i = 0; i < things.size(); ++i) {
            by_address_.emplace(things[i].address, i);
        }
        for (const auto row : aliases) {
            aliases_.emplace(address_at(row, 0), address_at(row, 3));
        }
    }

    Object* find(std::string address) {
        for (int steps = 0; steps < 6; ++steps) {
            if (const auto found = by_address_.find(address);
                found != by_address_.end() && things_[found->second].shown) {
                return &things_[found->second].object;
            }
            if (const auto alias = aliases_.find(address); alias != aliases_.end()) {
                address = alias->second;
                continue;
            }
            const auto slash = address.rfind('/');
            if (address.compare(slash, std::string::npos, "/0") == 0) {
                return nullptr;
            }
            address.replace(slash, std::string::npos, "/0");
        }
        return nullptr;
    }

 private:
    std::vector<Thing>& things_;
    std::unordered_map<std::string, std::size_t> by_address_;
    std::unordered_map<std::string, std::string> aliases_;
};

const Thing* thing_at(const Addresses& addresses, const std::string& address) {
    const auto found = addresses.find(address);
    return found == addresses.end() ? nullptr : found->second;
}

std::string quoted(const std::string& role) {
    const bool plain =
        !role.empty() && (role[0] < '0' || role[0] > '9') &&
        role.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    return plain ? role : pg::identifier(role);
}

/// A comment, an owner or a grant.
Thing saying(std::string kind, std::string name, std::string definition, const Thing& about) {
    Thing thing{{std::move(kind), std::move(name), std::move(definition)}};
    thing.object.needs = {about.object.key()};
    thing.about = about.address;
    return thing;
}

}  // namespace

Reading::Reading(pg::Connection& connection)
    : connection_(connection), nested_(connection.in_transaction()) {
    connection_.script((nested_ ? "savepoint caisson_snapshot; "
                                : "begin isolation level repeatable read read only; ") +
                       std::string(settings));
}

Reading::~Reading() {
    try {
        if (!connection_.is_broken()) {
            connection_.script(nested_ ? "rollback to caisson_snapshot; release caisson_snapshot"
                                       : "rollback");
        }
    } catch (const Error&) {
        // The next statement on the connection says what is wrong with it.
    }
}

pg::Result prepared(pg::Connection& connection, const std::string& name, std::string_view sql,
                    const std::vector<std::string>* oids) {
    // A file that ran in this session may have taken it away.
    if (connection.query("select from pg_catalog.pg_prepared_statements where name = $1", {name})
            .empty()) {
        connection.query(fmt::format("prepare {}{} as {}", name, oids ? " (oid[])" : "", sql));
    }
    return connection.query(fmt::format("execute {}{}", name,
                                        oids ? fmt::format(" ('{{{}}}')", join(*oids, ",")) : ""));
}

void add_addresses(Addresses& to, const std::vector<Thing>& things) {
    for (const auto& thing : things) {
        if (!thing.address.empty()) {
            to.emplace(thing.address, &thing);
        }
    }
}

bool CatalogReader::is_left_out(std::string_view kind) const {
    return (kind == "column order" && !scope_.column_order) ||
           (kind == "view columns" && !scope_.view_columns);
}

std::vector<Thing> CatalogReader::things(const std::vector<std::string>* relations) const {
    const auto rows =
        relations ? prepared(connection_, "caisson_things", of_relations(objects_sql()), relations)
                  : connection_.query(objects_sql());
    std::vector<Thing> things;
    things.reserve(rows.size());
    for (const auto row : rows) {
        const auto kind = row.text(std::size_t{0});
        if (is_left_out(kind)) {
            continue;
        }
        auto definition = canonical(std::string(row.text(2)));
        if (kind == "view" || kind == "materialized view") {
            definition = canonical_view(std::move(definition));
        }
        Thing thing{{std::string(kind), std::string(row.text(1)), std::move(definition)},
                    !row.is_null(std::size_t{2}),
                    address_at(row, 3)};
        auto& object = thing.object;
        if (kind == "sequence ownership") {
            object.needs = {"sequence " + object.name, "column " + object.definition.substr(3)};
        } else if (kind == "inheritance" || kind == "partition") {
            object.needs = {"table " + object.name};
        }
        things.push_back(std::move(thing));
    }
    return things;
}

void CatalogReader::add_needs(std::vector<Thing>& things) const {
    Index index(things, connection_.query(aliases_sql()));
    for (const auto row : connection_.query(dependencies_sql())) {
        auto* needing = index.find(address_at(row, 0));
        const auto* needed = needing ? index.find(address_at(row, 3)) : nullptr;
        if (needed && needing != needed && !is_implied(*needing, *needed)) {
            needing->needs.push_back(needed->key());
        }
    }
}

std::vector<Thing> CatalogReader::comments(const Addresses& addresses) const {
    std::vector<Thing> things;
    for (const auto row : connection_.query(comments_sql())) {
        const auto* thing = thing_at(addresses, address_at(row, 0));
        // That of an extension comes with the extension.
        if (thing && thing->object.kind != "extension") {
            things.push_back(
                saying("comment", thing->object.key(), std::string(row.text(3)), *thing));
        }
    }
    return things;
}

std::vector<Thing> CatalogReader::rights(const Addresses& addresses,
                                         const std::vector<std::string>* relations) const {
    std::vector<Thing> things;
    const auto rows =
        relations ? prepared(connection_, "caisson_rights", of_relations(rights_sql()), relations)
                  : connection_.query(rights_sql());
    for (const auto row : rows) {
        const auto* thing = thing_at(addresses, address_at(row, 0));
        if (!thing) {
            continue;
        }
        const auto* const object = &thing->object;
        const std::string owner(row.text(3));
        const bool is_public = object->kind == "schema" && object->name == "public";
        if (row.is_null(std::size_t{4})) {
            const bool is_initial = is_public && owner == "pg_database_owner";
            // A sequence of a column has its table's owner and takes no other.
            const auto ownership = "sequence ownership/" + std::string(row.text(1)) + "/0";
            const bool follows =
                object->kind == "sequence" && (!thing->shown || addresses.contains(ownership));
            if (!is_initial && !follows && !is_provisioned(owner)) {
                things.push_back(saying("owner", object->key(), owner, *thing));
            }
            continue;
        }
        const std::string grantee(row.text(4));
        const std::string privileges(row.text(5));
        // Provisioning takes from PUBLIC what its roles make, and the schema public.
        const bool is_taken = grantee == "public" && privileges == "none";
        if (is_provisioned(grantee) || (is_public && grantee == "public") ||
            (is_taken && is_provisioned(owner))) {
            continue;
        }
        things.push_back(
            saying("grant", object->key() + " to " + quoted(grantee), privileges, *thing));
    }
    return things;
}

std::vector<Thing> CatalogReader::default_privileges() const {
    std::vector<Thing> things;
    for (const auto row : connection_.query(default_privileges_sql())) {
        const std::string owner(row.text(1));
        const std::string grantee(row.text(2));
        if (!is_provisioned(grantee) && !(grantee == "public" && is_provisioned(owner))) {
            things.push_back({{"default privilege", std::string(row.text(std::size_t{0})),
                               std::string(row.text(3))}});
        }
    }
    return things;
}

Snapshot snapshot(pg::Connection& connection, const Scope& scope) {
    const Reading reading(connection);
    const CatalogReader reader(connection, scope);
    auto things = reader.things();
    reader.add_needs(things);
    Addresses addresses;
    add_addresses(addresses, things);
    auto more = reader.comments(addresses);
    if (scope.rights) {
        for (auto& list : {reader.rights(addresses), reader.default_privileges()}) {
            more.insert(more.end(), list.begin(), list.end());
        }
    }
    Snapshot snapshot;
    for (auto* list : {&things, &more}) {
        for (auto& thing : *list) {
            if (thing.shown) {
                auto& needs = thing.object.needs;
                std::sort(needs.begin(), needs.end());
                needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
                snapshot.objects.push_back(std::move(thing.object));
            }
        }
    }
    std::sort(snapshot.objects.begin(), snapshot.objects.end());
    return snapshot;
}

}  // namespace caisson::schema

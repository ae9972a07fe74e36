// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/error.h"
#include "drivers/pg/quote.h"
#include "lifecycle/schema/canonical.h"
#include "lifecycle/schema/catalog_queries.h"
#include "lifecycle/schema/snapshot.h"

namespace caisson::schema {
namespace {

/// What deparsed constants and names depend on. A plan for so many branches is not worth compiling.
constexpr std::string_view settings =
    "set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; "
    "set local intervalstyle = 'postgres'; set local bytea_output = 'hex'; "
    "set local extra_float_digits = 1; set local quote_all_identifiers = off; set local jit = off";

/// Settings for the life of this value. Within a transaction of the caller's a savepoint takes
/// them back again.
class Reading {
 public:
    explicit Reading(pg::Connection& connection)
        : connection_(connection), nested_(connection.in_transaction()) {
        connection_.script((nested_ ? "savepoint caisson_snapshot; "
                                    : "begin isolation level repeatable read read only; ") +
                           std::string(settings));
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() {
        try {
            if (!connection_.is_broken()) {
                connection_.script(nested_
                                       ? "rollback to caisson_snapshot; release caisson_snapshot"
                                       : "rollback");
            }
        } catch (const Error&) {
            // The next statement on the connection says what is wrong with it.
        }
    }

 private:
    pg::Connection& connection_;
    bool nested_;
};

/// How pg_depend and its like call an object: class, oid and sub-object of three columns.
std::string address_at(const pg::Row& row, std::size_t column) {
    std::string address(row.text(column));
    address += '/';
    address += row.text(column + 1);
    address += '/';
    address += row.text(column + 2);
    return address;
}

/// Everything that has an address, whether it is an object of the snapshot or only has a name.
class Reader {
 public:
    Reader(pg::Connection& connection, const Scope& scope)
        : connection_(connection), scope_(scope) {}

    Snapshot read() {
        read_objects();
        read_dependencies();
        read_comments();
        if (scope_.rights) {
            read_rights();
            read_default_privileges();
        }
        Snapshot snapshot;
        for (auto& found : found_) {
            if (found.shown) {
                auto& needs = found.object.needs;
                std::sort(needs.begin(), needs.end());
                needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
                snapshot.objects.push_back(std::move(found.object));
            }
        }
        std::sort(snapshot.objects.begin(), snapshot.objects.end());
        return snapshot;
    }

 private:
    struct Found {
        Object object;
        bool shown = true;
    };

    void read_objects() {
        const auto rows = connection_.query(objects_sql());
        found_.reserve(rows.size());
        for (const auto row : rows) {
            const auto kind = row.text(std::size_t{0});
            if ((kind == "column order" && !scope_.column_order) ||
                (kind == "view columns" && !scope_.view_columns)) {
                continue;
            }
            auto definition = canonical(std::string(row.text(2)));
            if (kind == "view" || kind == "materialized view") {
                definition = canonical_view(std::move(definition));
            }
            Found found{{std::string(kind), std::string(row.text(1)), std::move(definition)},
                        !row.is_null(std::size_t{2})};
            if (kind == "sequence ownership" || (kind == "sequence" && !found.shown)) {
                owned_.insert(found.object.name);
            }
            if (kind == "sequence ownership") {
                found.object.needs = {"sequence " + found.object.name,
                                      "column " + found.object.definition.substr(3)};
            } else if (kind == "inheritance" || kind == "partition") {
                found.object.needs = {"table " + found.object.name};
            }
            by_address_.emplace(address_at(row, 3), found_.size());
            found_.push_back(std::move(found));
        }
    }

    void read_dependencies() {
        for (const auto row : connection_.query(aliases_sql())) {
            aliases_.emplace(address_at(row, 0), address_at(row, 3));
        }
        for (const auto row : connection_.query(dependencies_sql())) {
            auto* needing = resolve(address_at(row, 0));
            const auto* needed = needing ? resolve(address_at(row, 3)) : nullptr;
            if (!needed || needing == needed || is_implied(needing->object, needed->object)) {
                continue;
            }
            needing->object.needs.push_back(needed->object.key());
        }
    }

    /// A sequence that a column owns needs the column only for that: there is an object for it.
    /// A column lies in its table and a table in its schema, as their names say.
    static bool is_implied(const Object& needing, const Object& needed) {
        if (needing.kind == "sequence" && needed.kind == "column") {
            return true;
        }
        return (needed.kind == "table" || needed.kind == "schema") &&
               split_name(needing.name).first == needed.name;
    }

    Found* resolve(std::string address) {
        for (int steps = 0; steps < 6; ++steps) {
            if (const auto found = by_address_.find(address);
                found != by_address_.end() && found_[found->second].shown) {
                return &found_[found->second];
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

    const Object* object_at(const std::string& address) const {
        const auto found = by_address_.find(address);
        return found == by_address_.end() ? nullptr : &found_[found->second].object;
    }

    void read_comments() {
        for (const auto row : connection_.query(comments_sql())) {
            const auto* object = object_at(address_at(row, 0));
            // That of an extension comes with the extension.
            if (object && object->kind != "extension") {
                add("comment", object->key(), std::string(row.text(3)), object->key());
            }
        }
    }

    bool is_provisioned(const std::string& role) const {
        return scope_.provisioned_roles.contains(role);
    }

    void read_rights() {
        for (const auto row : connection_.query(rights_sql())) {
            const auto* object = object_at(address_at(row, 0));
            if (!object) {
                continue;
            }
            const std::string owner(row.text(3));
            const bool is_public = object->kind == "schema" && object->name == "public";
            if (row.is_null(std::size_t{4})) {
                const bool is_initial = is_public && owner == "pg_database_owner";
                // A sequence of a column has its table's owner and takes no other.
                const bool follows = object->kind == "sequence" && owned_.contains(object->name);
                if (!is_initial && !follows && !is_provisioned(owner)) {
                    add("owner", object->key(), owner, object->key());
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
            add("grant", object->key() + " to " + quoted(grantee), privileges, object->key());
        }
    }

    void read_default_privileges() {
        for (const auto row : connection_.query(default_privileges_sql())) {
            const std::string owner(row.text(1));
            const std::string grantee(row.text(2));
            if (!is_provisioned(grantee) && !(grantee == "public" && is_provisioned(owner))) {
                add("default privilege", std::string(row.text(std::size_t{0})),
                    std::string(row.text(3)), {});
            }
        }
    }

    static std::string quoted(const std::string& role) {
        const bool plain =
            !role.empty() && (role[0] < '0' || role[0] > '9') &&
            role.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
        return plain ? role : pg::identifier(role);
    }

    void add(std::string kind, std::string name, std::string definition, const std::string& need) {
        Found found{{std::move(kind), std::move(name), std::move(definition)}, true};
        if (!need.empty()) {
            found.object.needs = {need};
        }
        found_.push_back(std::move(found));
    }

    pg::Connection& connection_;
    const Scope& scope_;
    std::vector<Found> found_;
    std::unordered_map<std::string, std::size_t> by_address_;
    std::unordered_map<std::string, std::string> aliases_;
    std::set<std::string> owned_;  ///< Sequences of columns.
};

}  // namespace

Snapshot snapshot(pg::Connection& connection, const Scope& scope) {
    const Reading reading(connection);
    return Reader(connection, scope).read();
}

}  // namespace caisson::schema

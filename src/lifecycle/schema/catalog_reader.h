// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/schema/snapshot.h"

namespace caisson::schema {

/// The settings on which the wording of definitions depends, for the life of this value. Within a
/// transaction of the caller's a savepoint takes them back again.
class Reading {
 public:
    explicit Reading(pg::Connection& connection);
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading();

 private:
    pg::Connection& connection_;
    bool nested_;
};

/// The answer to one of our statements, which a session plans once: with so many branches that
/// takes longer than the answer. With `oids` it has the parameter $1 (oid[]). The session keeps it
/// under the name.
pg::Result prepared(pg::Connection& connection, const std::string& name, std::string_view sql,
                    const std::vector<std::string>* oids = nullptr);

/// Something of the catalogues: an object of the snapshot, or one that only has a name.
struct Thing {
    Object object;
    bool shown = true;
    std::string address{};  ///< As pg_depend has it; empty for comments and rights.
    std::string about{};    ///< Of these: the address of what they are about.
};

/// Things by their addresses. Points into the things it was made of.
using Addresses = std::unordered_map<std::string_view, const Thing*>;
void add_addresses(Addresses& to, const std::vector<Thing>& things);

/// Reads within a Reading what the scope takes in.
class CatalogReader {
 public:
    CatalogReader(pg::Connection& connection, const Scope& scope)
        : connection_(connection), scope_(scope) {}

    /// All things but comments and rights; with `relations` (oids) what lies in no relation, and
    /// what lies in these.
    std::vector<Thing> things(const std::vector<std::string>* relations = nullptr) const;
    std::vector<Thing> comments(const Addresses& addresses) const;
    /// Owners and grants of the things given, of which `relations` were read as above.
    std::vector<Thing> rights(const Addresses& addresses,
                              const std::vector<std::string>* relations = nullptr) const;
    std::vector<Thing> default_privileges() const;
    /// Fills in what each object needs.
    void add_needs(std::vector<Thing>& things) const;

 private:
    bool is_provisioned(const std::string& role) const {
        return scope_.provisioned_roles.contains(role);
    }
    bool is_left_out(std::string_view kind) const;

    pg::Connection& connection_;
    const Scope& scope_;
};

}  // namespace caisson::schema

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lifecycle/schema/snapshot.h"
#include "lifecycle/schema/wording.h"

namespace caisson::draft {

using schema::find_outside;
using schema::list_of;
using schema::Object;

/// A snapshot by key, with everything that an object needs: what was recorded, and what its name
/// tells (a column its table, a table its schema).
class Catalog {
 public:
    explicit Catalog(const schema::Snapshot& snapshot);

    const Object* find(const std::string& key) const;
    bool has(const std::string& key) const { return objects_.contains(key); }
    const std::map<std::string, const Object*>& objects() const { return objects_; }
    const std::vector<std::string>& needs(const std::string& key) const;
    /// Columns of a table as they stand, those that it inherits left out.
    std::vector<const Object*> columns(const std::string& table) const;
    /// "table", "materialized view", "view", "sequence" or "index": what a name with properties is.
    std::string relation_kind(const std::string& name) const;
    /// The column that an inherited one is the same as unless the snapshot says otherwise.
    const Object* parent_column(const std::string& name) const;

 private:
    std::map<std::string, const Object*> objects_;
    std::map<std::string, std::vector<std::string>> needs_;
    std::map<std::string, std::vector<const Object*>> columns_;
};

/// These keys with what they need first; among what is free, by kind in the order in which a
/// reader expects them, then by name.
std::vector<std::string> in_order(const Catalog& catalog, const std::set<std::string>& keys);

/// "public.users", "email" of a column, constraint, trigger and the like.
std::string parent_of(const Object& object);
std::string own_name(const Object& object);

bool is_any(std::string_view kind, std::initializer_list<std::string_view> kinds);

}  // namespace caisson::draft

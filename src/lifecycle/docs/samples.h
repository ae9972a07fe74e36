// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Snapshots for tests, without a server.

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "lifecycle/schema/snapshot.h"

namespace caisson::docs::test {

inline schema::Snapshot snapshot_of(std::vector<schema::Object> objects) {
    std::sort(objects.begin(), objects.end());
    return {std::move(objects)};
}

/// A table `public.NAME` with these columns, `id bigint not null` as its key, and one column more
/// for each table that it refers to.
inline void add_table(std::vector<schema::Object>& objects, const std::string& name,
                      const std::vector<std::string>& parents = {}, int more_columns = 0) {
    const auto table = "public." + name;
    std::string order = "id";
    objects.push_back({"table", table, "table"});
    objects.push_back({"column", table + ".id", "bigint not null"});
    objects.push_back({"constraint", table + "." + name + "_pkey", "PRIMARY KEY (id)"});
    const auto add_column = [&](const std::string& column, const std::string& type) {
        objects.push_back({"column", table + "." + column, type});
        order += ", " + column;
    };
    for (const auto& parent : parents) {
        add_column(parent + "_id", "bigint not null");
        objects.push_back({"constraint", fmt::format("{}.{}_{}_fkey", table, name, parent),
                           fmt::format("FOREIGN KEY ({0}_id) REFERENCES public.{0}(id)", parent)});
    }
    for (int i = 0; i < more_columns; ++i) {
        add_column(fmt::format("column_{}", i), "text");
    }
    objects.push_back({"column order", table, order});
}

/// `count` tables, each of which refers to some that come before it: a hub that half of them refer
/// to, a neighbour, and here and there a distant one.
inline schema::Snapshot many_tables(int count, int more_columns = 6) {
    std::vector<schema::Object> objects;
    const auto name = [](int i) { return fmt::format("t{:04}", i); };
    for (int i = 0; i < count; ++i) {
        std::vector<std::string> parents;
        if (i > 0 && i % 2 == 0) {
            parents.push_back(name(0));
        }
        if (i % 10 != 0) {
            parents.push_back(name(i - 1 - (i % 3 == 0 && i > 3 ? 2 : 0)));
        }
        if (i % 7 == 0 && i > 20) {
            parents.push_back(name(i / 2));
        }
        std::ranges::sort(parents);
        parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
        add_table(objects, name(i), parents, more_columns);
    }
    return snapshot_of(std::move(objects));
}

}  // namespace caisson::docs::test

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/partitions.h"

#include <algorithm>
#include <map>

namespace caisson::schema {
namespace {

std::set<std::string> tables_of(const Snapshot& snapshot) {
    std::set<std::string> tables;
    for (const auto& object : snapshot.objects) {
        if (object.kind == "table") {
            tables.insert(object.name);
        }
    }
    return tables;
}

/// `public.events` of `of public.events FOR VALUES …`; quoted names may hold blanks.
std::string parent_of(const std::string& definition) {
    std::size_t end = 3;
    for (bool quoted = false; end < definition.size(); ++end) {
        quoted = quoted != (definition[end] == '"');
        if (!quoted && definition[end] == ' ') {
            break;
        }
    }
    return definition.substr(3, end - 3);
}

/// Those in `here`, but not in `there`, whose parents are in both, or come with them.
std::set<std::string> only_in(const Snapshot& here, const Snapshot& there) {
    const auto tables = tables_of(there);
    std::map<std::string, std::string> parents;
    for (const auto& object : here.objects) {
        if (object.kind == "partition" && !tables.contains(object.name)) {
            parents.emplace(object.name, parent_of(object.definition));
        }
    }
    std::set<std::string> names;
    for (const auto& [name, parent] : parents) {
        auto root = parent;
        for (auto next = parents.find(root); next != parents.end(); next = parents.find(root)) {
            root = next->second;
        }
        if (tables.contains(root)) {
            names.insert(name);
        }
    }
    return names;
}

/// `public.a` and what stands below it: `public.a.id`.
bool is_of(const std::string& name, const std::string& table) {
    return name.starts_with(table) && (name.size() == table.size() || name[table.size()] == '.');
}

/// Of a comment, an owner or a grant: what it is about, `column public.a.id`, without its kind.
std::string subject(const Object& object) {
    const auto about =
        object.kind == "grant" ? object.name.substr(0, object.name.rfind(" to ")) : object.name;
    const auto start = about.find_first_of("\".(");
    const auto space = about.rfind(' ', start);
    return space == std::string::npos ? about : about.substr(space + 1);
}

bool is_about_another(std::string_view kind) {
    return kind == "comment" || kind == "owner" || kind == "grant";
}

}  // namespace

Partitions partitions_between(const Snapshot& expected, const Snapshot& found) {
    return {only_in(found, expected), only_in(expected, found)};
}

Snapshot without_tables(Snapshot snapshot, const std::set<std::string>& tables) {
    if (!tables.empty()) {
        std::erase_if(snapshot.objects, [&](const Object& object) {
            const auto name = is_about_another(object.kind) ? subject(object) : object.name;
            return std::any_of(tables.begin(), tables.end(),
                               [&](const auto& table) { return is_of(name, table); });
        });
    }
    return snapshot;
}

}  // namespace caisson::schema

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/draft/draft.h"
#include "lifecycle/draft/graph.h"

namespace caisson::draft {
namespace {

/// Collects names as they are, without the quotes in which a definition has them.
class Roles {
 public:
    void add(std::string name) {
        // PUBLIC is no role, and the server's own are there.
        if (name != "public" && !name.starts_with("pg_")) {
            names_.insert(std::move(name));
        }
    }
    void add_quoted(std::string_view name) {
        name = trim(name);
        if (name.size() > 1 && name.front() == '"' && name.back() == '"') {
            add(replace_all(std::string(name.substr(1, name.size() - 2)), "\"\"", "\""));
        } else {
            add(std::string(name));
        }
    }
    const std::set<std::string>& names() const { return names_; }

 private:
    std::set<std::string> names_;
};

/// What stands behind `before` and before the first of `ends`, outside quotes.
std::string_view between(std::string_view text, std::string_view before,
                         std::initializer_list<std::string_view> ends) {
    const auto found = find_outside(text, before);
    if (found == std::string_view::npos) {
        return {};
    }
    const auto start = found + before.size();
    auto end = text.size();
    for (const auto word : ends) {
        end = std::min(end, find_outside(text, word, start));
    }
    return text.substr(start, end - start);
}

/// What stands behind the last ` to `, outside quotes.
std::string_view grantee(std::string_view name) {
    std::size_t last = std::string_view::npos;
    for (auto at = find_outside(name, " to "); at != std::string_view::npos;
         at = find_outside(name, " to ", at + 1)) {
        last = at;
    }
    return last == std::string_view::npos ? std::string_view() : name.substr(last + 4);
}

void add_roles(const Object& object, Roles& roles) {
    if (object.kind == "policy") {
        for (const auto& role :
             list_of(between(object.definition, " to ", {" using (", " with check ("}))) {
            roles.add_quoted(role);
        }
    } else if (object.kind == "user mapping") {
        roles.add_quoted(between(object.name, "for ", {" server "}));
    } else if (object.kind == "owner") {
        roles.add(object.definition);
    } else if (object.kind == "grant") {
        roles.add_quoted(grantee(object.name));
    } else if (object.kind == "default privilege") {
        roles.add_quoted(between(object.name, "of ", {" in schema ", " on "}));
        roles.add_quoted(grantee(object.name));
    }
}

}  // namespace

std::string missing_roles(const schema::Snapshot& snapshot) {
    Roles roles;
    for (const auto& object : snapshot.objects) {
        add_roles(object, roles);
    }
    std::string made;
    for (const auto& name : roles.names()) {
        made += fmt::format(
            "    if not exists (select from pg_roles where rolname = {}) then create role {}; end "
            "if;\n",
            pg::literal(name), pg::identifier(name));
    }
    return made.empty() ? ""
                        : "-- Roles are the server's: those that it lacks are made, without LOGIN, "
                          "passwords and memberships.\ndo " +
                              pg::literal("begin\n" + made + "end") + ";\n\n";
}

}  // namespace caisson::draft

// SPDX-License-Identifier: Apache-2.0
/// Roles, and what each may do with what.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/markdown.h"
#include "lifecycle/docs/pages.h"
#include "lifecycle/docs/partitions.h"
#include "lifecycle/schema/wording.h"

namespace caisson::docs {
namespace {

constexpr std::string_view everybody = "public";

/// A privilege by its letter; `all` for all that a table has. MAINTAIN, which newer versions of
/// PostgreSQL add to GRANT ALL, is no difference.
std::string letters(const std::string& privileges) {
    struct Letter {
        std::string_view privilege;
        std::string_view letter;
    };
    constexpr std::array table = {Letter{"select", "S"},   Letter{"insert", "I"},
                                  Letter{"update", "U"},   Letter{"delete", "D"},
                                  Letter{"truncate", "T"}, Letter{"references", "R"},
                                  Letter{"trigger", "G"}};
    std::map<std::string_view, std::string> letters;
    std::vector<std::string> others;
    for (auto privilege : schema::list_of(privileges)) {
        std::string option;
        if (constexpr std::string_view end = " with grant option"; privilege.ends_with(end)) {
            privilege.resize(privilege.size() - end.size());
            option = "\\*";
        }
        const auto found = std::ranges::find(table, privilege, &Letter::privilege);
        if (found != table.end()) {
            letters[found->letter] = option;
        } else {
            others.push_back(privilege + option);
        }
    }
    if (letters.size() == table.size()) {
        std::erase_if(others, [](const auto& other) { return other.starts_with("maintain"); });
        const bool is_plain =
            std::ranges::all_of(letters, [](const auto& letter) { return letter.second.empty(); });
        if (is_plain) {
            return others.empty() ? "all" : "all, " + join(others, ", ");
        }
    }
    std::string text;
    for (const auto& letter : table) {
        if (const auto found = letters.find(letter.letter); found != letters.end()) {
            text += std::string(letter.letter) + found->second;
        }
    }
    for (const auto& other : others) {
        text += (text.empty() ? "" : ", ") + (other == "none" ? "–" : other);
    }
    return text;
}

/// As a reader knows the role.
std::string called(const SchemaPage& page, const std::string& role) {
    return role == everybody                  ? "everybody"
           : role == page.facts.administrator ? "administrator"
                                              : code(short_role(page.facts.database, role));
}

/// One row of a matrix: a thing under its key, and what a reader calls it.
struct Row {
    std::string key;
    std::string text;
};

class Matrix {
 public:
    /// `given`: what everybody has of such a thing unless it was taken away.
    explicit Matrix(const SchemaPage& page, std::string given = {})
        : page_(page), given_(std::move(given)) {}

    void add(std::string key, std::string text) {
        rows_.push_back({std::move(key), std::move(text)});
    }

    /// Whether somebody but the owner was given something, or something was taken.
    bool is_empty() const {
        return rows_.empty() || (given_.empty() && std::ranges::none_of(rows_, [&](const Row& row) {
                                     return has_grants(row.key);
                                 }));
    }

    std::string text(const std::string& what) const {
        const auto roles = grantees();
        std::vector<std::string> headings = {what};
        for (const auto& role : roles) {
            headings.push_back(called(page_, role));
        }
        headings.emplace_back("belongs to");
        Grid grid(headings);
        for (const auto& row : rows_) {
            std::vector<std::string> cells = {row.text};
            for (const auto& role : roles) {
                cells.push_back(cell(row.key, role));
            }
            cells.push_back(owner(row.key));
            grid.add(std::move(cells));
        }
        return grid.text();
    }

 private:
    bool has_grants(const std::string& key) const {
        const auto& grants = page_.inventory.grants;
        return grants.contains(key) || !columns_of(key).empty();
    }

    /// Keys of its columns that have rights of their own.
    std::vector<std::string> columns_of(const std::string& key) const {
        const auto space = schema::find_outside(key, " ");
        // `materialized view public.totals`: the name is what stands last.
        auto name = key.substr(space + 1);
        if (key.starts_with("materialized view ")) {
            name = key.substr(18);
        }
        std::vector<std::string> keys;
        const auto prefix = "column " + name + '.';
        for (auto found = page_.inventory.grants.lower_bound(prefix);
             found != page_.inventory.grants.end() && found->first.starts_with(prefix); ++found) {
            // A schema is called as the names of its tables begin.
            if (schema::split_name(found->first.substr(7)).first == name) {
                keys.push_back(found->first);
            }
        }
        return keys;
    }

    /// Roles of provisioning first, then others by name, everybody last.
    std::vector<std::string> grantees() const {
        std::set<std::string> found;
        for (const auto& row : rows_) {
            auto keys = columns_of(row.key);
            keys.push_back(row.key);
            for (const auto& key : keys) {
                if (const auto grants = page_.inventory.grants.find(key);
                    grants != page_.inventory.grants.end()) {
                    for (const auto& [role, privileges] : grants->second) {
                        found.insert(role);
                    }
                }
            }
        }
        std::vector<std::string> roles;
        for (const auto& role : page_.roles) {
            if (found.erase(role.name) > 0) {
                roles.push_back(role.name);
            }
        }
        const bool is_public = found.erase(std::string(everybody)) > 0 || !given_.empty();
        roles.insert(roles.end(), found.begin(), found.end());
        if (is_public) {
            roles.emplace_back(everybody);
        }
        return roles;
    }

    std::string cell(const std::string& key, const std::string& role) const {
        std::string text;
        const auto of = [&](const std::string& each) {
            const auto grants = page_.inventory.grants.find(each);
            if (grants == page_.inventory.grants.end()) {
                return std::string();
            }
            const auto found = grants->second.find(role);
            return found == grants->second.end() ? std::string() : letters(found->second);
        };
        text = of(key);
        if (text.empty() && role == everybody) {
            text = given_;
        }
        std::map<std::string, std::vector<std::string>> by_letters;
        for (const auto& column : columns_of(key)) {
            if (const auto given = of(column); !given.empty()) {
                by_letters[given].push_back(code(schema::split_name(column).second));
            }
        }
        for (const auto& [given, columns] : by_letters) {
            text +=
                fmt::format("{}{} on {}", text.empty() ? "" : "<br>", given, join(columns, ", "));
        }
        return text;
    }

    /// Nothing where it is the database's owner, as it should be.
    std::string owner(const std::string& key) const {
        const auto found = page_.inventory.owners.find(key);
        if (found == page_.inventory.owners.end() || found->second == page_.roles.front().name) {
            return {};
        }
        return called(page_, found->second);
    }

    const SchemaPage& page_;
    std::string given_;
    std::vector<Row> rows_;
};

std::string roles_grid(const SchemaPage& page) {
    Grid grid({"role", "signs in", "row-level security", "member of", "for"});
    for (const auto& role : page.roles) {
        std::vector<std::string> groups;
        for (const auto& group : role.member_of) {
            groups.push_back(code(short_role(page.facts.database, group)));
        }
        grid.add({code(short_role(page.facts.database, role.name)), role.can_login ? "yes" : "no",
                  role.bypasses_rls ? "sees all rows" : "", join(groups, ", "),
                  cell_text(role.purpose)});
    }
    return grid.text();
}

/// Partitions to which others have rights than to their table; of a series the first such one.
void add_partitions(Matrix& matrix, const Inventory& inventory, const Table& table) {
    const auto grants_of = [&](const std::string& name) {
        const auto found = inventory.grants.find("table " + name);
        return found == inventory.grants.end() ? Grants() : found->second;
    };
    const auto own = grants_of(table.name);
    std::set<std::pair<std::string, Grants>> seen;
    for (const auto& partition : table.partitions) {
        const auto grants = grants_of(partition.name);
        const auto series = series_of(partition);
        if (grants != own && seen.emplace(series, grants).second) {
            matrix.add("table " + partition.name, code(short_name(series)));
        }
    }
}

std::string relations_matrix(const SchemaPage& page, const std::string& schema) {
    Matrix matrix(page);
    for (const auto& table : page.inventory.tables) {
        if (table.schema() != schema) {
            continue;
        }
        matrix.add("table " + table.name, page.links.to(table.name));
        add_partitions(matrix, page.inventory, table);
    }
    for (const auto& view : page.inventory.views) {
        if (view.schema() == schema) {
            matrix.add((view.is_materialized ? "materialized view " : "view ") + view.name,
                       page.links.to(view.name));
        }
    }
    for (const auto& sequence : page.inventory.sequences) {
        if (schema_of(sequence.name) == schema) {
            matrix.add("sequence " + sequence.name, code(short_name(sequence.name)));
        }
    }
    return matrix.is_empty() ? "" : "\n" + matrix.text(fmt::format("in {}", code(schema)));
}

std::string routines_matrix(const SchemaPage& page) {
    Matrix matrix(page, "execute");
    for (const auto& routine : page.inventory.routines) {
        matrix.add(routine.kind + " " + routine.name, code(short_name(routine.name)));
    }
    return matrix.is_empty() ? "" : "\n" + matrix.text("function");
}

std::string schemas_matrix(const SchemaPage& page) {
    Matrix matrix(page);
    for (const auto& schema : page.inventory.schemas) {
        matrix.add("schema " + schema.name, code(schema.name));
    }
    return matrix.is_empty() ? "" : "\n" + matrix.text("schema");
}

std::string types_matrix(const SchemaPage& page) {
    Matrix matrix(page, "usage");
    for (const auto& type : page.inventory.types) {
        if (page.inventory.grants.contains(type.kind + " " + type.name)) {
            matrix.add(type.kind + " " + type.name, page.links.to(type.name));
        }
    }
    return matrix.is_empty() ? "" : "\n" + matrix.text("type");
}

/// Roles of provisioning in their order, others behind them.
std::size_t place_of(const SchemaPage& page, const std::string& role) {
    const auto found = std::ranges::find(page.roles, role, &RoleFacts::name);
    return static_cast<std::size_t>(found - page.roles.begin());
}

std::string named(const SchemaPage& page, const std::vector<std::string>& roles) {
    std::vector<std::string> names;
    for (const auto& role : roles) {
        names.push_back(called(page, role));
    }
    return join(names, ", ");
}

/// What is made later: of whom, where, and what whom is given of it.
std::string defaults_grid(const SchemaPage& page) {
    // `of OWNER in SCHEMA on tables to GRANTEE`; roles that get the same stand together.
    std::map<std::tuple<std::string, std::string, std::string, std::string>,
             std::vector<std::string>>
        groups;
    for (const auto& each : page.inventory.default_privileges) {
        std::string_view rest = each.name;
        const auto on = schema::find_outside(rest, " on ");
        const auto to = schema::find_outside(rest, " to ");
        if (on == std::string_view::npos || to == std::string_view::npos) {
            continue;
        }
        auto of = std::string(rest.substr(3, on - 3));
        std::string in;
        if (const auto at = schema::find_outside(of, " in schema "); at != std::string::npos) {
            in = of.substr(at + 11);
            of.resize(at);
        }
        const auto role = unquoted(rest.substr(to + 4));
        groups[{unquoted(of), in, std::string(rest.substr(on + 4, to - on - 4)),
                letters(each.definition)}]
            .push_back(role);
    }
    Grid grid({"what is made later", "by", "in schema", "gives", "to"});
    for (auto& [key, roles] : groups) {
        const auto& [of, in, kind, given] = key;
        std::ranges::stable_sort(roles, {}, [&](const auto& role) { return place_of(page, role); });
        grid.add({kind, called(page, of), in.empty() ? "" : code(in), given, named(page, roles)});
    }
    return grid.empty() ? "" : "\n" + grid.text();
}

}  // namespace

std::string rights_section(const SchemaPage& page) {
    auto text = heading(2, "Roles and rights");
    text += fmt::format(
        "In PostgreSQL the names of these roles begin with {}. A role may do what it was given, "
        "what its groups may, and\nwhat everybody may; the owner may do everything with what is "
        "its "
        "own, "
        "a superuser everything at all.\n\n",
        code(page.facts.database.name + "_"));
    text += roles_grid(page);
    text +=
        "\nS select, I insert, U update, D delete, T truncate, R references, G trigger; all: all "
        "of "
        "these. \\*: may pass it\non. –: nothing, where PostgreSQL would give something.\n";
    text += schemas_matrix(page);
    for (const auto& schema : page.inventory.schemas) {
        text += relations_matrix(page, schema.name);
    }
    return text + routines_matrix(page) + types_matrix(page) + defaults_grid(page);
}

}  // namespace caisson::docs

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/mermaid.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/types.h"

namespace caisson::docs {
namespace {

constexpr std::size_t most_columns = 150;

/// Code points from U+00C0 to U+FFFF are letters to mermaid; others and what quotes are not.
std::string only(std::string_view text, std::string_view allowed, bool allows_blank) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0xc3 && c < 0xf0) {
            const std::size_t length = c < 0xe0 ? 2 : 3;
            result += text.substr(i, length);
            i += length - 1;
        } else if (c >= 0x80) {
            result += '_';
            while (i + 1 < text.size() &&
                   (static_cast<unsigned char>(text[i + 1]) & 0xc0) == 0x80) {
                ++i;
            }
        } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || (c == ' ' && allows_blank) ||
                   allowed.find(static_cast<char>(c)) != std::string_view::npos) {
            result += static_cast<char>(c);
        } else {
            result += '_';
        }
    }
    return result;
}

/// A name inside quotes, which any name may stand in but for a few characters.
std::string quoted(std::string_view name) {
    return '"' + only(name, ".,:()-+/$&'#!?=@", true) + '"';
}

/// A type or a name of a column: one word that is neither a key's nor begins with a figure.
std::string word(std::string_view text) {
    auto result = only(text, "()[]-", false);
    const auto small = lower(result);
    if (result.empty() || small == "pk" || small == "fk" || small == "uk" ||
        (result[0] >= '0' && result[0] <= '9') ||
        std::string_view("()[]-").find(result[0]) != std::string_view::npos) {
        result.insert(0, "_");
    }
    return result;
}

/// Each table its own name in the diagram, even where two differ only in what mermaid cannot say.
class Names {
 public:
    const std::string& of(const Inventory& inventory, std::size_t table) {
        auto& name = names_[table];
        if (name.empty()) {
            const auto& sql = inventory.tables[table].name;
            const auto [schema, own] = schema::split_name(sql);
            const auto plain =
                schema == "public" ? unquoted(own) : unquoted(schema) + '.' + unquoted(own);
            name = quoted(plain);
            for (int i = 2; !taken_.insert(name).second; ++i) {
                name = quoted(fmt::format("{} {}", plain, i));
            }
        }
        return name;
    }

 private:
    std::map<std::size_t, std::string> names_;
    std::set<std::string> taken_;
};

bool is_key(const Column& column) {
    return column.in_primary_key || column.is_unique || !column.references.empty();
}

/// Older versions of mermaid know no comma in a type.
std::string type_of(const Column& column) {
    auto type = short_type(column.parts.type);
    const auto bracket = type.find('(');
    if (bracket != std::string::npos && type.find(',', bracket) != std::string::npos) {
        const auto end = std::min(type.find(')', bracket), type.size() - 1);
        type.erase(bracket, end - bracket + 1);
    }
    return type;
}

std::string column_line(const Column& column) {
    std::vector<std::string> keys;
    if (column.in_primary_key) {
        keys.emplace_back("PK");
    }
    if (!column.references.empty()) {
        keys.emplace_back("FK");
    }
    if (column.is_unique && !column.in_primary_key) {
        keys.emplace_back("UK");
    }
    return fmt::format("        {} {}{}{}\n", word(type_of(column)), word(unquoted(column.name)),
                       keys.empty() ? "" : " ", join(keys, ", "));
}

std::string entity(const Table& table, const std::string& name, bool only_keys) {
    std::string lines;
    for (const auto& column : table.columns) {
        if (!only_keys || is_key(column)) {
            lines += column_line(column);
        }
    }
    return lines.empty() ? fmt::format("    {}\n", name)
                         : fmt::format("    {} {{\n{}    }}\n", name, lines);
}

std::string line_of(const Inventory& inventory, const Edge& edge, Names& names) {
    const auto& parent = names.of(inventory, edge.to);
    const auto& child = names.of(inventory, edge.from);
    if (edge.inherits()) {
        return fmt::format("    {} ||--|| {} : \"inherits\"\n", parent, child);
    }
    const auto& reference = inventory.tables[edge.from].references[edge.reference];
    std::vector<std::string> columns;
    for (const auto& column : reference.columns) {
        columns.push_back(unquoted(column));
    }
    return fmt::format("    {} {}--{} {} : {}\n", parent, reference.is_optional ? "|o" : "||",
                       reference.is_single ? "o|" : "o{", child, quoted(join(columns, ", ")));
}

}  // namespace

bool shows_only_keys(const Inventory& inventory, const Group& group) {
    std::size_t columns = 0;
    for (const auto table : group.tables) {
        columns += inventory.tables[table].columns.size();
    }
    return columns > most_columns;
}

std::string mermaid(const Inventory& inventory, const std::vector<Edge>& edges,
                    const Group& group) {
    const bool only_keys = shows_only_keys(inventory, group);
    const std::set<std::size_t> inside(group.tables.begin(), group.tables.end());
    Names names;
    std::string text = "erDiagram\n";
    for (const auto table : group.tables) {
        text += entity(inventory.tables[table], names.of(inventory, table), only_keys);
    }
    for (const auto& edge : edges) {
        // A line between two groups is told where it begins, which is what one reads for it.
        if (inside.contains(edge.from)) {
            text += line_of(inventory, edge, names);
        }
    }
    return text;
}

}  // namespace caisson::docs

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/projects/needs.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "drivers/sql/sql.h"

namespace caisson::projects {
namespace {

/// The elements of one statement, as a place to walk along.
class Walk {
 public:
    explicit Walk(std::string_view statement) : text_(statement) {
        sql::Scanner scanner(statement);
        while (const auto token = scanner.next()) {
            tokens_.push_back(*token);
        }
    }

    std::size_t size() const { return tokens_.size(); }
    std::string_view at(std::size_t index) const {
        return index < tokens_.size() ? text_.substr(tokens_[index].offset, tokens_[index].length)
                                      : std::string_view();
    }
    bool is(std::size_t index, std::string_view keyword) const {
        return index < tokens_.size() && tokens_[index].kind == sql::TokenKind::word &&
               sql::is_keyword(at(index), keyword);
    }
    bool is_string(std::size_t index) const {
        return index < tokens_.size() && tokens_[index].kind == sql::TokenKind::string;
    }
    /// A name as PostgreSQL keeps it; empty where none stands.
    std::string name(std::size_t index) const {
        if (index >= tokens_.size()) {
            return "";
        }
        if (tokens_[index].kind == sql::TokenKind::quoted) {
            const auto quoted = at(index);
            return replace_all(std::string(quoted.substr(1, quoted.size() - 2)), "\"\"", "\"");
        }
        return tokens_[index].kind == sql::TokenKind::word ? lower(at(index)) : "";
    }

 private:
    std::string_view text_;
    std::vector<sql::Token> tokens_;
};

bool is_no_role(const std::string& name) {
    constexpr std::array<std::string_view, 6> words = {
        "", "public", "current_user", "session_user", "current_role", "none"};
    return std::find(words.begin(), words.end(), name) != words.end() || name == "group" ||
           name == "postgres" || name.starts_with("pg_") || name == "default";
}

void take_role(const Walk& walk, std::size_t index, Needs& needs) {
    const auto name = walk.name(walk.is(index, "group") ? index + 1 : index);
    if (!is_no_role(name)) {
        needs.roles_named.insert(name);
    }
}

/// a, b, c from `index` on.
void take_roles(const Walk& walk, std::size_t index, Needs& needs) {
    take_role(walk, index, needs);
    while (walk.at(index + 1) == ",") {
        index += 2;
        take_role(walk, index, needs);
    }
}

void read_extension(const Walk& walk, Needs& needs) {
    const bool careful = walk.is(2, "if");
    const auto name = walk.name(careful ? 5 : 2);
    if (name.empty()) {
        return;
    }
    if (std::find(needs.extensions.begin(), needs.extensions.end(), name) ==
        needs.extensions.end()) {
        needs.extensions.push_back(name);
    }
    if (!careful && needs.admin.empty()) {
        needs.admin = "creates extensions";
    }
}

void read_create(const Walk& walk, Needs& needs) {
    if (walk.is(1, "extension")) {
        read_extension(walk, needs);
    } else if (walk.is(1, "role") || walk.is(1, "user") || walk.is(1, "group")) {
        if (!walk.is(2, "mapping")) {
            needs.roles_made.insert(walk.name(2));
            needs.admin = "creates roles";
        }
    } else if (walk.is(1, "event") || walk.is(1, "language") || walk.is(1, "publication") ||
               walk.is(1, "subscription") || walk.is(1, "database")) {
        needs.admin = "creates what only an administrator may: " + lower(walk.at(1));
    }
}

/// Roles that are named anywhere in the statement.
void read_roles(const Walk& walk, Needs& needs) {
    const bool grants = walk.is(0, "grant") || walk.is(0, "revoke") || walk.is(1, "policy") ||
                        (walk.is(0, "alter") && walk.is(1, "default"));
    for (std::size_t i = 0; i < walk.size(); ++i) {
        if (walk.is(i, "owner") && walk.is(i + 1, "to")) {
            take_role(walk, i + 2, needs);
            needs.admin = needs.admin.empty() ? "gives objects to other roles" : needs.admin;
        } else if (walk.is(i, "authorization") && i > 0 && !walk.is(i - 1, "session")) {
            take_role(walk, i + 1, needs);
        } else if (grants && i > 1 && (walk.is(i, "to") || walk.is(i, "from"))) {
            take_roles(walk, i + 1, needs);
        } else if (grants && walk.is(i, "for") &&
                   (walk.is(i + 1, "role") || walk.is(i + 1, "user"))) {
            take_roles(walk, i + 2, needs);
            needs.admin = needs.admin.empty() ? "sets what other roles give away" : needs.admin;
        }
    }
    if (walk.is(0, "set") && (walk.is(1, "role") || (walk.is(1, "local") && walk.is(2, "role")))) {
        take_role(walk, walk.is(1, "role") ? 2 : 3, needs);
        needs.admin = needs.admin.empty() ? "takes other roles" : needs.admin;
    }
}

/// The body of a DO block: what it makes stands behind conditions.
void read_block(const Walk& walk, Needs& needs) {
    for (std::size_t i = 0; i + 2 < walk.size(); ++i) {
        if (walk.is(i, "create") && (walk.is(i + 1, "role") || walk.is(i + 1, "user"))) {
            needs.roles_made.insert(walk.name(i + 2));
            needs.admin = "creates roles";
        }
    }
    read_roles(walk, needs);
}

/// What stands in a dollar-quoted or plain string.
std::string_view inside(std::string_view quoted) {
    if (quoted.size() < 2) {
        return {};
    }
    const auto mark = quoted[0] == '$' ? quoted.find('$', 1) + 1 : 1;
    return quoted.size() < 2 * mark ? std::string_view()
                                    : quoted.substr(mark, quoted.size() - 2 * mark);
}

void read_alter(const Walk& walk, Needs& needs) {
    if (walk.is(1, "system") || walk.is(1, "role") || walk.is(1, "user") ||
        walk.is(1, "database")) {
        needs.admin = "alters the server, its databases or its roles";
    }
}

}  // namespace

void read_needs(std::string_view sql, Needs& needs) {
    for (const auto& statement : sql::split(sql)) {
        const auto text = statement.text(sql);
        // Most statements say none of it: their words need no walk.
        constexpr std::size_t longest_looked_at = 64 * 1024;
        if (statement.kind == sql::StatementKind::psql_command || text.size() > longest_looked_at) {
            continue;
        }
        const Walk walk(text);
        if (walk.is(0, "create")) {
            read_create(walk, needs);
        } else if (walk.is(0, "alter")) {
            read_alter(walk, needs);
        } else if (walk.is(0, "do")) {
            for (std::size_t i = 1; i < walk.size(); ++i) {
                if (walk.is_string(i)) {
                    read_block(Walk(inside(walk.at(i))), needs);
                }
            }
        }
        read_roles(walk, needs);
    }
}

}  // namespace caisson::projects

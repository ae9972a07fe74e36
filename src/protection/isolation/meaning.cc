// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/meaning.h"

#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/scanner.h"
#include "drivers/sql/split.h"
#include "drivers/sql/tree.h"

namespace caisson::isolation {
namespace {

using sql::Node;

std::vector<std::string> strings_of(const std::vector<Node>& nodes) {
    std::vector<std::string> names;
    for (const auto& node : nodes) {
        names.emplace_back(node.text("sval"));
    }
    return names;
}

/// `(x)::uuid` is x.
Node bare(Node node) {
    while (node.is("TypeCast")) {
        node = node["arg"];
    }
    return node;
}

class Reading {
 public:
    Reading(const std::string& setting, const Helpers& helpers, bool is_body)
        : setting_(setting), helpers_(helpers), is_body_(is_body) {}

    void read(const Node& root) {
        root.each([&](const Node& node) {
            if (node.is("RangeVar")) {
                name(node);
            }
        });
        meaning.reads_tables = meaning.reads_tables || !tables_.empty();
        root.each([&](const Node& node) {
            meaning.asks_setting = meaning.asks_setting || is_setting(node);
            meaning.names_columns = meaning.names_columns || node.is("ColumnRef");
            meaning.calls = meaning.calls || node.is("FuncCall") || node.is("SQLValueFunction");
            if (const auto mention = column(node)) {
                meaning.asked.insert(*mention);
            }
            if (node.is("A_Expr")) {
                compare(node);
            } else if (is_asker(node) || is_setting(node)) {
                // Who is given a column asks about the row.
                meaning.asks_setting = true;
                for (const auto& argument : node.list("args")) {
                    if (const auto mention = column(argument)) {
                        meaning.belonging.insert(*mention);
                    }
                }
            } else if (node.is("SubLink") && node.text("subLinkType") == "ANY_SUBLINK") {
                note(node["testexpr"], node["subselect"]);
            }
        });
    }

    Meaning meaning;

 private:
    void name(const Node& range) {
        const auto alias = range["alias"].text("aliasname");
        const std::string table(range.text("relname"));
        tables_[alias.empty() ? table : std::string(alias)] = table;
    }

    /// A call that gives the setting.
    bool is_setting(const Node& node) const {
        if (!node.is("FuncCall")) {
            return false;
        }
        const auto names = strings_of(node.list("funcname"));
        if (names.empty()) {
            return false;
        }
        if (helpers_.readers.contains(names.back())) {
            return true;
        }
        const auto arguments = node.list("args");
        return names.back() == "current_setting" && !arguments.empty() &&
               lower(bare(arguments.front())["sval"].text("sval")) == lower(setting_);
    }

    bool has_setting(const Node& node) const {
        bool found = false;
        node.each([&](const Node& each) { found = found || is_setting(each); });
        return found;
    }

    static bool has_tables(const Node& node) {
        bool found = false;
        node.each([&](const Node& each) { found = found || each.is("RangeVar"); });
        return found;
    }

    bool is_asker(const Node& node) const {
        const auto names = strings_of(node.list("funcname"));
        return node.is("FuncCall") && !names.empty() && helpers_.askers.contains(names.back());
    }

    /// Comes out of a query, or of a function that asks who acts.
    bool is_worked_out(const Node& node) const {
        bool found = has_tables(node);
        node.each([&](const Node& each) { found = found || is_asker(each); });
        return found;
    }

    std::optional<Mention> column(const Node& side) const {
        const auto node = bare(side);
        if (!node.is("ColumnRef")) {
            return std::nullopt;
        }
        const auto fields = strings_of(node.list("fields"));
        if (fields.empty() || fields.back().empty()) {
            return std::nullopt;
        }
        if (fields.size() == 1) {
            return Mention{is_body_ && tables_.size() == 1 ? tables_.begin()->second : "",
                           fields.back()};
        }
        const auto& qualifier = fields[fields.size() - 2];
        const auto found = tables_.find(qualifier);
        return Mention{found == tables_.end() ? "" : found->second, fields.back()};
    }

    void compare(const Node& expression) {
        const auto kind = expression.text("kind");
        const auto names = strings_of(expression.list("name"));
        // The server words IS NOT DISTINCT FROM as NOT (… IS DISTINCT FROM …).
        const bool is_equality =
            (kind == "AEXPR_OP" || kind == "AEXPR_OP_ANY" || kind == "AEXPR_IN" ||
             kind == "AEXPR_DISTINCT" || kind == "AEXPR_NOT_DISTINCT") &&
            !names.empty() && names.back() == "=";
        if (is_equality) {
            note(expression["lexpr"], expression["rexpr"]);
            note(expression["rexpr"], expression["lexpr"]);
        }
    }

    /// What it means that one side equals the other.
    void note(const Node& side, const Node& other) {
        const auto mention = column(side);
        if (!mention) {
            return;
        }
        if (has_setting(other) && !has_tables(other)) {
            meaning.identity.insert(*mention);
        } else if (is_worked_out(other)) {
            meaning.belonging.insert(*mention);
        } else if (const auto joined = column(other);
                   joined && mention->first.empty() && !joined->first.empty()) {
            // A column of the table at hand that is joined with one of a sub-select.
            meaning.belonging.insert(*mention);
        }
    }

    const std::string& setting_;
    const Helpers& helpers_;
    const bool is_body_;
    std::map<std::string, std::string> tables_;  ///< Alias to name.
};

std::string without_word(std::string_view text, std::string_view word) {
    text = trim(text);
    const bool is_there = lower(text.substr(0, word.size())) == word;
    return std::string(trim(text.substr(is_there ? word.size() : 0)));
}

/// `BEGIN ATOMIC …; END`, `RETURN …` and plain statements, as plain statements.
std::vector<std::string> statements_of(std::string_view body) {
    std::vector<std::string> statements;
    const auto text = without_word(without_word(body, "begin"), "atomic");
    for (const auto& statement : sql::split(text)) {
        const auto words = statement.text(text);
        const auto returned = without_word(words, "return");
        statements.push_back(returned.size() < trim(words).size() ? "select " + returned
                                                                  : std::string(words));
    }
    return statements;
}

/// A token of a program, and how many brackets are open around it.
struct Part {
    sql::Token token;
    std::string word;  ///< In small letters.
    int depth = 0;
};

std::vector<Part> parts_of(std::string_view body) {
    std::vector<Part> parts;
    int depth = 0;
    sql::Scanner scanner(body);
    while (const auto token = scanner.next()) {
        depth -= token->kind == sql::TokenKind::close ? 1 : 0;
        parts.push_back({*token, lower(body.substr(token->offset, token->length)), depth});
        depth += token->kind == sql::TokenKind::open ? 1 : 0;
    }
    return parts;
}

/// The query or value that begins at a part, without the variables that it is put into.
std::string query_at(std::string_view body, const std::vector<Part>& parts, std::size_t at) {
    const auto depth = parts[at].depth;
    const bool is_query = parts[at].word == "select";
    std::string query = "select";
    bool is_left_out = false;
    for (auto place = at + 1; place < parts.size(); ++place) {
        const auto& [token, word, deep] = parts[place];
        const bool is_end =
            deep < depth || (deep == depth && (token.kind == sql::TokenKind::semicolon ||
                                               word == "then" || word == "loop"));
        if (is_end) {
            break;
        }
        if (is_query && deep == depth && (word == "into" || word == "from")) {
            is_left_out = word == "into";
        }
        if (!is_left_out) {
            query += " " + std::string(body.substr(token.offset, token.length));
        }
    }
    return query;
}

/// Queries, and what is returned, assigned or asked, as queries: `SELECT …`, `RETURN …`, `:= …`.
std::vector<std::string> queries_in(std::string_view body) {
    static const std::set<std::string> beginnings = {"select", "return", "perform", "if", "elsif"};
    const auto parts = parts_of(body);
    std::vector<std::string> queries;
    for (std::size_t at = 0; at < parts.size(); ++at) {
        const bool is_assignment = at > 0 && parts[at].word == "=" && parts[at - 1].word == ":";
        if (beginnings.contains(parts[at].word) || is_assignment) {
            queries.push_back(query_at(body, parts, at));
        }
    }
    return queries;
}

Meaning meaning_of_all(const std::vector<std::string>& statements, const std::string& setting,
                       const Helpers& helpers) {
    Meaning all;
    for (const auto& statement : statements) {
        Reading reading(setting, helpers, true);
        const auto parsed = sql::parse_tree(statement);
        if (!parsed.tree) {
            continue;
        }
        reading.read(parsed.tree->root());
        all.identity.merge(reading.meaning.identity);
        all.belonging.merge(reading.meaning.belonging);
        all.asked.merge(reading.meaning.asked);
        all.asks_setting = all.asks_setting || reading.meaning.asks_setting;
        all.reads_tables = all.reads_tables || reading.meaning.reads_tables;
    }
    return all;
}

}  // namespace

Meaning meaning_of_expression(std::string_view text, const std::string& setting,
                              const Helpers& helpers) {
    Reading reading(setting, helpers, false);
    if (const auto parsed = sql::parse_tree(fmt::format("select ({})", text)); parsed.tree) {
        reading.read(parsed.tree->root());
    }
    return reading.meaning;
}

Meaning meaning_of_body(std::string_view text, const std::string& setting, const Helpers& helpers) {
    return meaning_of_all(statements_of(text), setting, helpers);
}

Meaning meaning_of_program(std::string_view text, const std::string& setting,
                           const Helpers& helpers) {
    return meaning_of_all(queries_in(text), setting, helpers);
}

}  // namespace caisson::isolation

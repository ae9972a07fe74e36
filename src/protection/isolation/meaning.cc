// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/meaning.h"

#include <algorithm>
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

/// Variables of a program, in small letters, by what they hold whatever way the program takes.
struct Variables {
    std::set<std::string> readers;  ///< The setting.
    std::set<std::string> askers;   ///< What a query or a function that asks the setting gives.
};

class Reading {
 public:
    Reading(const std::string& setting, const Helpers& helpers, bool is_body,
            const Variables& variables = {})
        : setting_(setting), helpers_(helpers), is_body_(is_body), variables_(variables) {}

    void read(const Node& root) {
        root.each([&](const Node& node) {
            if (node.is("RangeVar")) {
                name(node);
            }
        });
        meaning.reads_tables = meaning.reads_tables || !tables_.empty();
        root.each([&](const Node& node) {
            // What an asking function or a variable gives was read from tables.
            const bool is_read = is_asker(node) || is_variable(node, variables_.askers);
            meaning.asks_setting = meaning.asks_setting || is_setting(node) || is_read;
            meaning.reads_tables = meaning.reads_tables || is_read;
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

    /// Whether a name alone is one of these variables. One that a column has as well, PL/pgSQL
    /// refuses.
    static bool is_variable(const Node& node, const std::set<std::string>& names) {
        if (!node.is("ColumnRef")) {
            return false;
        }
        const auto fields = strings_of(node.list("fields"));
        return fields.size() == 1 && names.contains(fields.front());
    }

    /// What gives the setting: a call, or a variable that holds it.
    bool is_setting(const Node& node) const {
        if (is_variable(node, variables_.readers)) {
            return true;
        }
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
        node.each([&](const Node& each) {
            found = found || is_asker(each) || is_variable(each, variables_.askers);
        });
        return found;
    }

    std::optional<Mention> column(const Node& side) const {
        const auto node = bare(side);
        if (!node.is("ColumnRef") || is_variable(node, variables_.readers) ||
            is_variable(node, variables_.askers)) {
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
    const Variables variables_;
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
            // What is written together is one operator: `::`, `<>`.
            const auto& before = parts[place - 1].token;
            const bool is_apart = query == "select" || before.offset + before.length < token.offset;
            query += (is_apart ? " " : "") + std::string(body.substr(token.offset, token.length));
        }
    }
    return query;
}

/// A piece of a program, as a query, and the variable that takes what it gives; empty: none, or
/// none that is understood.
struct Piece {
    std::string query;
    std::string variable;
};

/// The one variable after INTO, of a SELECT that begins at a part; nothing where there are several.
std::string target_of(const std::vector<Part>& parts, std::size_t at) {
    const auto depth = parts[at].depth;
    for (auto place = at + 1; place + 1 < parts.size(); ++place) {
        const auto& part = parts[place];
        if (part.depth < depth || part.token.kind == sql::TokenKind::semicolon) {
            break;
        }
        if (part.depth == depth && part.word == "into") {
            const auto name = place + (parts[place + 1].word == "strict" ? 2U : 1U);
            const auto after = name + 1;
            const bool is_alone = after < parts.size() && parts[after].word != "," &&
                                  parts[after].word != "." && parts[after].word != "[" &&
                                  parts[name].token.kind == sql::TokenKind::word;
            return is_alone ? parts[name].word : "";
        }
    }
    return {};
}

/// Where the statement or declaration begins that a part stands in.
std::size_t first_of(const std::vector<Part>& parts, std::size_t at) {
    static const std::set<std::string> openings = {"declare", "begin", "then", "else", "loop"};
    auto first = at;
    while (first > 0 && parts[first - 1].token.kind != sql::TokenKind::semicolon &&
           !openings.contains(parts[first - 1].word)) {
        --first;
    }
    return first;
}

/// What a value is put into.
struct Assignment {
    std::string variable;  ///< Empty: a part of something, or a named argument.
};

/// Whether the value behind a part is assigned: `v := …`, `v = …`, and in a declaration
/// `v type := …`, `v type = …`, `v type DEFAULT …`.
std::optional<Assignment> assignment_at(const std::vector<Part>& parts, std::size_t at,
                                        bool declares) {
    const auto& [token, word, depth] = parts[at];
    const bool has_colon = word == "=" && at > 0 && parts[at - 1].word == ":";
    const bool is_sign = word == "=" || (declares && word == "default");
    if (!is_sign || (depth > 0 && !has_colon)) {
        return std::nullopt;
    }
    const auto first = first_of(parts, at);
    const auto sign = has_colon ? at - 1 : at;
    const auto earlier = [&](const Part& part) {
        return part.depth == 0 && (part.word == "=" || (declares && part.word == "default"));
    };
    const bool is_later = std::any_of(parts.begin() + static_cast<std::ptrdiff_t>(first),
                                      parts.begin() + static_cast<std::ptrdiff_t>(sign), earlier);
    const bool is_whole = depth == 0 && !is_later && sign > first &&
                          parts[first].token.kind == sql::TokenKind::word &&
                          (declares || sign == first + 1);
    if (!is_whole && !has_colon) {
        return std::nullopt;
    }
    return Assignment{is_whole ? parts[first].word : ""};
}

/// Queries, and what is returned, assigned or asked: `SELECT …`, `RETURN …`, `:= …`.
std::vector<Piece> pieces_of(std::string_view body) {
    static const std::set<std::string> beginnings = {"select", "return", "perform", "if", "elsif"};
    const auto parts = parts_of(body);
    std::vector<Piece> pieces;
    bool declares = false;
    for (std::size_t at = 0; at < parts.size(); ++at) {
        const auto& word = parts[at].word;
        declares = word == "declare" || (declares && word != "begin");
        if (const auto assignment = assignment_at(parts, at, declares)) {
            pieces.push_back({query_at(body, parts, at), assignment->variable});
        } else if (beginnings.contains(word)) {
            pieces.push_back(
                {query_at(body, parts, at), word == "select" ? target_of(parts, at) : ""});
        }
    }
    return pieces;
}

Meaning meaning_of_query(const std::string& query, const std::string& setting,
                         const Helpers& helpers, const Variables& variables) {
    Reading reading(setting, helpers, true, variables);
    if (const auto parsed = sql::parse_tree(query); parsed.tree) {
        reading.read(parsed.tree->root());
    }
    return reading.meaning;
}

void add(Meaning& all, Meaning one) {
    all.identity.merge(one.identity);
    all.belonging.merge(one.belonging);
    all.asked.merge(one.asked);
    all.asks_setting = all.asks_setting || one.asks_setting;
    all.reads_tables = all.reads_tables || one.reads_tables;
}

/// What all that is put into a variable has in common. One variable may be made from another: as
/// long as one more is found.
Variables variables_of(const std::vector<Piece>& pieces, const std::string& setting,
                       const Helpers& helpers) {
    Variables variables;
    for (bool grows = true; grows;) {
        std::set<std::string> readers;
        std::set<std::string> askers;
        std::set<std::string> others;
        for (const auto& [query, variable] : pieces) {
            if (!variable.empty()) {
                const auto meaning = meaning_of_query(query, setting, helpers, variables);
                auto& kind = !meaning.asks_setting  ? others
                             : meaning.reads_tables ? askers
                                                    : readers;
                kind.insert(variable);
            }
        }
        const auto before = variables.readers.size() + variables.askers.size();
        for (const auto& name : readers) {
            if (!others.contains(name) && !askers.contains(name)) {
                variables.readers.insert(name);
            }
        }
        for (const auto& name : askers) {
            if (!others.contains(name) && !readers.contains(name)) {
                variables.askers.insert(name);
            }
        }
        grows = variables.readers.size() + variables.askers.size() > before;
    }
    return variables;
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
    Meaning all;
    for (const auto& statement : statements_of(text)) {
        add(all, meaning_of_query(statement, setting, helpers, {}));
    }
    return all;
}

Meaning meaning_of_program(std::string_view text, const std::string& setting,
                           const Helpers& helpers) {
    const auto pieces = pieces_of(text);
    const auto variables = variables_of(pieces, setting, helpers);
    Meaning all;
    for (const auto& piece : pieces) {
        add(all, meaning_of_query(piece.query, setting, helpers, variables));
    }
    return all;
}

}  // namespace caisson::isolation

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/clauses.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "lifecycle/schema/wording.h"

namespace caisson::docs {
namespace {

using schema::find_outside;
using schema::list_of;

constexpr auto nowhere = std::string_view::npos;

/// The offset behind the bracket that closes the one at the beginning of the text.
std::size_t behind_bracket(std::string_view text) {
    // Outside of brackets and quotes for the first time behind the closing one.
    int depth = 0;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0) {
            quote = c == quote ? '\0' : quote;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '(') {
            ++depth;
        } else if (c == ')' && --depth == 0) {
            return i + 1;
        }
    }
    return text.size();
}

/// Takes `(…)` off the beginning; what was in it. Empty where there is none.
std::string take_brackets(std::string_view& text) {
    if (text.empty() || text.front() != '(') {
        return {};
    }
    const auto end = behind_bracket(text);
    const std::string inside(text.substr(1, end < 2 ? 0 : end - 2));
    text.remove_prefix(end);
    return inside;
}

/// Takes everything before a word, and the word.
std::string_view take_until(std::string_view& text, std::string_view word) {
    const auto at = find_outside(text, word);
    const auto before = text.substr(0, at);
    text.remove_prefix(at == nowhere ? text.size() : at + word.size());
    return before;
}

/// Takes a clause such as ` ON DELETE SET NULL (a)` out of the text; what it says, in lower case
/// but for names.
std::string take_action(std::string& text, std::string_view clause) {
    const auto at = text.find(clause);
    if (at == std::string::npos) {
        return {};
    }
    for (const std::string_view action :
         {"CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"}) {
        const auto from = at + clause.size();
        if (text.compare(from, action.size(), action) != 0) {
            continue;
        }
        auto end = from + action.size();
        std::string columns;
        if (text.compare(end, 2, " (") == 0) {
            std::string_view rest = text;
            rest.remove_prefix(end + 1);
            const auto length = behind_bracket(rest);
            columns = ' ' + std::string(rest.substr(0, length));
            end += 1 + length;
        }
        text.erase(at, end - at);
        return lower(action) + columns;
    }
    return {};
}

}  // namespace

Reference parse_reference(std::string name, const std::string& definition) {
    Reference reference{};
    reference.name = std::move(name);
    reference.definition = definition;
    std::string_view rest = definition;
    take_until(rest, "FOREIGN KEY ");
    reference.columns = list_of(take_brackets(rest));
    take_until(rest, " REFERENCES ");
    const auto bracket = find_outside(rest, "(");
    reference.table = trim(rest.substr(0, bracket));
    rest.remove_prefix(std::min(rest.size(), bracket));
    reference.target_columns = list_of(take_brackets(rest));
    std::string options(rest);
    reference.on_update = take_action(options, " ON UPDATE ");
    reference.on_delete = take_action(options, " ON DELETE ");
    reference.rest = trim(options);
    return reference;
}

Constraint parse_constraint(std::string name, const std::string& definition) {
    Constraint constraint{};
    constraint.name = std::move(name);
    constraint.definition = definition;
    struct Word {
        std::string_view text;
        Constraint::Kind kind;
    };
    constexpr std::array words = {Word{"PRIMARY KEY ", Constraint::Kind::primary_key},
                                  Word{"UNIQUE ", Constraint::Kind::unique},
                                  Word{"CHECK ", Constraint::Kind::check},
                                  Word{"EXCLUDE ", Constraint::Kind::exclusion}};
    for (const auto& word : words) {
        if (!definition.starts_with(word.text)) {
            continue;
        }
        constraint.kind = word.kind;
        std::string_view rest = definition;
        rest.remove_prefix(word.text.size());
        if (word.kind == Constraint::Kind::unique || word.kind == Constraint::Kind::primary_key) {
            const auto before = rest.substr(0, std::min(rest.find('('), rest.size()));
            rest.remove_prefix(before.size());
            constraint.columns = list_of(take_brackets(rest));
            constraint.rest = trim(std::string(trim(before)) + std::string(rest));
        }
    }
    return constraint;
}

Index parse_index(std::string name, const std::string& definition) {
    Index index{};
    index.name = std::move(name);
    index.definition = definition;
    index.is_unique = definition.starts_with("CREATE UNIQUE ");
    std::string_view rest = definition;
    take_until(rest, " USING ");
    index.method = rest.substr(0, std::min(rest.find(' '), rest.size()));
    rest.remove_prefix(std::min(rest.size(), index.method.size() + 1));
    index.keys = list_of(take_brackets(rest));
    const auto where = find_outside(rest, " WHERE ");
    index.rest = trim(rest.substr(0, where));
    if (where != nowhere) {
        auto condition = rest.substr(where + 7);
        if (constexpr std::string_view invalid = " (invalid)"; condition.ends_with(invalid)) {
            condition.remove_suffix(invalid.size());
            index.rest += index.rest.empty() ? "(invalid)" : " (invalid)";
        }
        index.condition = without_brackets(condition);
    }
    return index;
}

Policy parse_policy(std::string name, const std::string& definition) {
    Policy policy{};
    policy.name = std::move(name);
    policy.definition = definition;
    std::string_view rest = definition;
    policy.is_permissive = take_until(rest, " for ") == "permissive";
    policy.command = take_until(rest, " to ");
    const auto check = find_outside(rest, " with check (");
    if (check != nowhere) {
        policy.allowed = without_brackets(rest.substr(check + 12));
        rest = rest.substr(0, check);
    }
    const auto visible = find_outside(rest, " using (");
    if (visible != nowhere) {
        policy.visible = without_brackets(rest.substr(visible + 7));
        rest = rest.substr(0, visible);
    }
    policy.roles = list_of(rest);
    return policy;
}

Trigger parse_trigger(std::string name, const std::string& definition) {
    Trigger trigger{};
    auto [sql, state] = schema::without_state(definition);
    trigger.definition = sql;
    trigger.state = state;
    std::string_view rest = sql;
    take_until(rest, " TRIGGER ");
    take_until(rest, name + " ");
    trigger.moment = take_until(rest, " ON ");
    trigger.function = rest;
    const auto call = find_outside(rest, "EXECUTE FUNCTION ");
    if (call != nowhere) {
        trigger.function = rest.substr(call + 17);
        const auto scope = find_outside(rest, " ");
        trigger.scope = trim(rest.substr(scope, call - scope));
    }
    trigger.name = std::move(name);
    return trigger;
}

Routine parse_routine(const std::string& definition) {
    Routine routine;
    bool is_first = true;
    for (const auto& line : split(definition, '\n')) {
        const auto text = trim(line);
        if (is_first) {
            is_first = false;
        } else if (text.starts_with("AS ") || text.starts_with("BEGIN ATOMIC") ||
                   text.starts_with("RETURN ") || text == "RETURN") {
            break;
        } else if (text.starts_with("RETURNS ")) {
            routine.returns = text.substr(8);
        } else if (text.starts_with("LANGUAGE ")) {
            routine.language = text.substr(9);
        } else if (text.starts_with("SET ")) {
            routine.properties.emplace_back(text);
        } else if (!text.empty()) {
            // Several words on one line, in an order of the server's.
            std::string rest(text);
            for (const std::string_view word :
                 {"IMMUTABLE", "STABLE", "WINDOW", "LEAKPROOF", "STRICT", "PARALLEL SAFE",
                  "PARALLEL RESTRICTED", "SECURITY DEFINER"}) {
                if (const auto at = rest.find(word); at != std::string::npos) {
                    routine.properties.emplace_back(word);
                    rest.erase(at, word.size());
                }
            }
            if (const auto left = trim(rest); !left.empty()) {
                routine.properties.emplace_back(left);
            }
        }
    }
    return routine;
}

std::vector<std::string> parse_literals(const std::string& list) {
    std::vector<std::string> values;
    for (const auto& literal : list_of(list)) {
        values.push_back(literal.size() < 2
                             ? literal
                             : replace_all(literal.substr(1, literal.size() - 2), "''", "'"));
    }
    return values;
}

std::string without_brackets(std::string_view text) {
    text = trim(text);
    while (text.size() > 1 && text.front() == '(' && behind_bracket(text) == text.size()) {
        text = trim(text.substr(1, text.size() - 2));
    }
    return std::string(text);
}

std::string unquoted(std::string_view name) {
    if (name.size() < 2 || name.front() != '"') {
        return std::string(name);
    }
    return replace_all(std::string(name.substr(1, name.size() - 2)), "\"\"", "\"");
}

}  // namespace caisson::docs

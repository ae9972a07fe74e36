// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/wording.h"

#include <algorithm>

#include <fmt/format.h>

namespace caisson::schema {
namespace {

std::string after(std::string_view& rest, std::string_view word) {
    if (rest.rfind(word, 0) != 0) {
        return {};
    }
    rest.remove_prefix(word.size());
    return std::string(word);
}

/// Up to the next clause.
std::string up_to_clause(std::string_view& rest) {
    auto end = rest.size();
    for (const std::string_view clause : {" collate ", " not null", " generated ", " default "}) {
        end = std::min(end, find_outside(rest, clause));
    }
    const std::string part(rest.substr(0, end));
    rest.remove_prefix(end);
    return part;
}

}  // namespace

std::size_t find_outside(std::string_view text, std::string_view word, std::size_t from) {
    char quote = 0;
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0) {
            quote = c == quote ? '\0' : quote;
            continue;
        }
        if (depth == 0 && i >= from && text.substr(i, word.size()) == word) {
            return i;
        }
        if (c == '\'' || c == '"') {
            quote = c;
        }
        depth += (c == '(' || c == '[') ? 1 : (c == ')' || c == ']') ? -1 : 0;
    }
    return std::string_view::npos;
}

std::vector<std::string> list_of(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto comma = find_outside(text, ", ");
        parts.emplace_back(text.substr(0, comma));
        if (comma == std::string_view::npos) {
            break;
        }
        text.remove_prefix(comma + 2);
    }
    return parts;
}

Column parse_column(std::string_view rest) {
    Column column;
    column.type = up_to_clause(rest);
    if (!after(rest, " collate ").empty()) {
        column.collation = up_to_clause(rest);
    }
    if (!after(rest, " not null").empty()) {
        column.not_null = true;
        column.is_validated = after(rest, " not valid").empty();
    }
    for (const std::string_view kind : {"always", "by default"}) {
        if (!after(rest, fmt::format(" generated {} as identity", kind)).empty()) {
            column.identity = kind;
            if (rest.rfind(" (", 0) == 0) {
                const auto end = rest.find(')');
                column.options = rest.substr(2, end - 2);
                rest.remove_prefix(end + 1);
            }
        }
    }
    if (!after(rest, " default ").empty()) {
        column.expression = rest;
    } else if (!rest.empty()) {
        column.generated = rest.substr(1);
    }
    return column;
}

std::pair<std::string, std::string> without_state(const std::string& definition) {
    for (const std::string_view state : {"disabled", "always", "replica"}) {
        if (definition.ends_with(' ' + std::string(state))) {
            return {definition.substr(0, definition.size() - state.size() - 1), std::string(state)};
        }
    }
    return {definition, ""};
}

}  // namespace caisson::schema

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/canonical.h"

#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::schema {
namespace {

/// The offset behind the quoted text that begins at `at` with ' or ".
std::size_t behind_quotes(std::string_view text, std::size_t at) {
    const char quote = text[at];
    const bool escapes = quote == '\'' && at > 0 && text[at - 1] == 'E';
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (escapes && text[i] == '\\') {
            ++i;
        } else if (text[i] == quote) {
            if (i + 1 < text.size() && text[i + 1] == quote) {
                ++i;
            } else {
                return i + 1;
            }
        }
    }
    return text.size();
}

struct Elements {
    std::vector<std::string> parts;
    std::size_t end = 0;  ///< Behind the closing bracket.
};

/// The elements of an array constructor whose contents begin at `at`.
std::optional<Elements> elements_at(std::string_view text, std::size_t at) {
    Elements elements;
    int depth = 0;
    std::size_t start = at;
    for (std::size_t i = at; i < text.size();) {
        const char c = text[i];
        if (c == '\'' || c == '"') {
            i = behind_quotes(text, i);
            continue;
        }
        if (depth == 0 && (c == ',' || c == ']')) {
            elements.parts.emplace_back(trim(text.substr(start, i - start)));
            start = i + 1;
            if (c == ']') {
                elements.end = i + 1;
                return elements;
            }
        }
        depth += (c == '(' || c == '[') ? 1 : (c == ')' || c == ']') ? -1 : 0;
        ++i;
    }
    return std::nullopt;
}

/// The type name at `at` when it is one of an array: `text` for `text[]…`; and the offset behind.
std::optional<std::pair<std::string, std::size_t>> array_type_at(std::string_view text,
                                                                 std::size_t at) {
    std::size_t i = at;
    while (i < text.size()) {
        if (text[i] == '"') {
            i = behind_quotes(text, i);
        } else if (text.substr(i, 2) == "[]") {
            return std::pair{std::string(text.substr(at, i - at)), i + 2};
        } else if (text[i] == ' ' || text[i] == '.' || text[i] == '_' ||
                   (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9')) {
            ++i;
        } else {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

struct Cast {
    std::string text;
    std::size_t end = 0;
};

/// The array with a cast of each element, if one with a cast of the whole begins at `at`.
std::optional<Cast> pushed_down(std::string_view text, std::size_t at) {
    constexpr std::string_view opening = "(ARRAY[";
    constexpr std::string_view closing = ")::";
    if (text.substr(at, opening.size()) != opening) {
        return std::nullopt;
    }
    const auto elements = elements_at(text, at + opening.size());
    if (!elements || text.substr(elements->end, closing.size()) != closing) {
        return std::nullopt;
    }
    const auto type = array_type_at(text, elements->end + closing.size());
    if (!type) {
        return std::nullopt;
    }
    Cast cast;
    cast.end = type->second;
    for (const auto& part : elements->parts) {
        cast.text += fmt::format("{}({})::{}", cast.text.empty() ? "" : ", ", part, type->first);
    }
    cast.text = "ARRAY[" + cast.text + "]";
    return cast;
}

}  // namespace

std::string canonical(std::string definition) {
    if (definition.find("(ARRAY[") == std::string::npos) {
        return definition;
    }
    std::string result;
    for (std::size_t i = 0; i < definition.size();) {
        if (definition[i] == '\'' || definition[i] == '"') {
            const auto end = behind_quotes(definition, i);
            result.append(definition, i, end - i);
            i = end;
        } else if (const auto cast = pushed_down(definition, i)) {
            result += cast->text;
            i = cast->end;
        } else {
            result += definition[i++];
        }
    }
    return result;
}

}  // namespace caisson::schema

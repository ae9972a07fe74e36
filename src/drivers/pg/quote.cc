// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/quote.h"

#include <fmt/format.h>

#include "base/error.h"

namespace caisson::pg {

std::string identifier(std::string_view name) {
    if (name.empty() || name.size() > 63 || name.find('\0') != std::string_view::npos) {
        throw Error(Code::usage, fmt::format("\"{}\" cannot name anything in PostgreSQL", name),
                    "names have 1 to 63 bytes");
    }
    std::string quoted = "\"";
    for (const char c : name) {
        quoted += c;
        if (c == '"') {
            quoted += c;
        }
    }
    return quoted + '"';
}

std::string identifier(std::string_view schema, std::string_view name) {
    return identifier(schema) + "." + identifier(name);
}

std::string identifiers(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) {
        list += (list.empty() ? "" : ", ") + identifier(name);
    }
    return list;
}

std::string literal(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) {
        throw Error(Code::usage, "a text with a zero byte cannot be stored in PostgreSQL");
    }
    // The E'' form means the same whatever standard_conforming_strings says.
    std::string quoted = text.find('\\') == std::string_view::npos ? "'" : "E'";
    for (const char c : text) {
        quoted += c;
        if (c == '\'' || c == '\\') {
            quoted += c;
        }
    }
    return quoted + "'";
}

QualifiedName qualified_name(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) {
        return {"public", std::string(text)};
    }
    return {std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

}  // namespace caisson::pg

// SPDX-License-Identifier: Apache-2.0
#include "platform/variables.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

struct Type {
    VariableType type;
    std::string_view name;
    std::string_view expected;
    bool (*fits)(std::string_view value);
};

bool is_path(std::string_view value) {
    return !value.empty() && value.size() < 4096 && value.find('\0') == std::string_view::npos &&
           value.find('\n') == std::string_view::npos;
}

constexpr std::array types = {
    Type{VariableType::text, "text", "text", [](std::string_view) { return true; }},
    Type{VariableType::host, "host", "a host name, an address or the directory of a Unix socket",
         is_host},
    Type{VariableType::port, "port", "a port from 1 to 65535",
         [](std::string_view v) { return parse_port(v).has_value(); }},
    Type{VariableType::integer, "integer", "an integer",
         [](std::string_view v) { return parse_integer(v).has_value(); }},
    Type{VariableType::number, "number", "a number",
         [](std::string_view v) { return parse_number(v).has_value(); }},
    Type{VariableType::boolean, "boolean", "true or false",
         [](std::string_view v) { return parse_boolean(v).has_value(); }},
    Type{VariableType::duration, "duration", "a duration such as 500ms, 1h30m or 7d",
         [](std::string_view v) { return parse_duration(v).has_value(); }},
    Type{VariableType::bytes, "bytes", "a size such as 64kB or 256MB",
         [](std::string_view v) { return parse_bytes(v).has_value(); }},
    Type{VariableType::url, "url", "a URL such as https://host/path", is_url},
    Type{VariableType::path, "path", "a path", is_path},
    Type{VariableType::choice, "choice", "one of its choices",
         [](std::string_view) { return true; }},
};

const Type& type_of(VariableType type) {
    return *std::find_if(types.begin(), types.end(),
                         [&](const Type& each) { return each.type == type; });
}

}  // namespace

std::string_view type_name(VariableType type) { return type_of(type).name; }

std::optional<VariableType> type_named(std::string_view name) {
    const auto* const found =
        std::find_if(types.begin(), types.end(), [&](const Type& t) { return t.name == name; });
    return found == types.end() ? std::nullopt : std::optional(found->type);
}

std::string expected_value(const Variable& variable) {
    return variable.type == VariableType::choice
               ? fmt::format("one of {}", join(variable.choices, ", "))
               : std::string(type_of(variable.type).expected);
}

bool fits_variable(const Variable& variable, std::string_view value) {
    if (variable.type == VariableType::choice) {
        return std::find(variable.choices.begin(), variable.choices.end(), value) !=
               variable.choices.end();
    }
    return type_of(variable.type).fits(value);
}

}  // namespace caisson::platform

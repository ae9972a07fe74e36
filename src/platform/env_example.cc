// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/environment.h"
#include "platform/variables.h"

namespace caisson::platform {
namespace {

/// The value as `.env` takes it: bare where that is safe, else in quotes.
std::string quoted_where_needed(const std::string& value) {
    const bool is_bare = std::all_of(value.begin(), value.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_-./:,@%+=?&").find(c) != std::string_view::npos;
    });
    if (is_bare) {
        return value;
    }
    std::string text = "\"";
    for (const char c : value) {
        if (c == '\n') {
            text += "\\n";
        } else {
            if (c == '"' || c == '\\' || c == '$') {
                text += '\\';
            }
            text += c;
        }
    }
    return text + "\"";
}

std::string needs_text(const Variable& variable) {
    if (variable.required_in.empty()) {
        return "optional";
    }
    if (std::find(variable.required_in.begin(), variable.required_in.end(), "*") !=
        variable.required_in.end()) {
        return "required";
    }
    return "required in " + join(variable.required_in, ", ");
}

std::string entry(const Variable& variable) {
    std::string text;
    for (const auto& line : split(variable.description, '\n')) {
        text += fmt::format("# {}\n", trim(line));
    }
    text += fmt::format("# {}; {}", needs_text(variable), expected_value(variable));
    if (variable.secret) {
        text += "; secret";
    }
    if (variable.default_value && !variable.secret) {
        text += fmt::format("; default: {}", quoted_where_needed(*variable.default_value));
    }
    if (!variable.aliases.empty()) {
        text += fmt::format("; old names: {}", join(variable.aliases, ", "));
    }
    if (!variable.file.empty()) {
        text += fmt::format("; else read from the file {}", variable.file);
    }
    if (!variable.command.empty()) {
        text += fmt::format("; else asked of {}", variable.command.front());
    }
    text += '\n';
    std::string value;
    if (!variable.secret) {
        value = variable.example.empty() ? variable.default_value.value_or("") : variable.example;
    }
    // What need not be set stays a comment, so that copying the file changes nothing.
    const bool is_needed = !variable.required_in.empty() && !variable.default_value;
    return text + fmt::format("{}{}={}\n", is_needed ? "" : "# ", variable.name,
                              quoted_where_needed(value));
}

}  // namespace

std::string env_example(const Manifest& manifest) {
    std::string text = fmt::format(
        "# The variables of {}, made from caisson.toml by: caisson env example\n"
        "# Copy this file to .env and fill it in. A variable set in the environment wins over the "
        "file.\n",
        manifest.title);
    std::vector<std::string> groups;
    for (const auto& variable : manifest.variables) {
        if (std::find(groups.begin(), groups.end(), variable.group) == groups.end()) {
            groups.push_back(variable.group);
        }
    }
    for (const auto& group : groups) {
        text += group.empty() ? "" : fmt::format("\n# === {} ===\n", group);
        for (const auto& variable : manifest.variables) {
            if (variable.group == group) {
                text += "\n" + entry(variable);
            }
        }
    }
    return text;
}

}  // namespace caisson::platform

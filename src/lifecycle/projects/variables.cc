// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/projects/variables.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/environment.h"
#include "platform/values.h"

namespace caisson::projects {
namespace {

constexpr std::array<std::string_view, 12> env_files = {
    ".env",      ".env.example",    ".env.sample", ".env.template",
    ".env.dist", ".env.local",      ".env.docker", ".env.development",
    ".env.test", ".env.production", "env.example", "example.env"};

bool is_example(std::string_view file) {
    return file.find("example") != std::string_view::npos || file.ends_with(".sample") ||
           file.ends_with(".template") || file.ends_with(".dist");
}

bool has_word(std::string_view name, std::string_view word) {
    const auto padded = "_" + lower(name) + "_";
    return padded.find("_" + std::string(word) + "_") != std::string::npos;
}

bool is_database_url(std::string_view value) {
    return value.starts_with("postgres://") || value.starts_with("postgresql://") ||
           value.starts_with("postgresql+") || value.starts_with("jdbc:postgresql://");
}

bool names_a_secret(std::string_view name) {
    constexpr std::array<std::string_view, 12> words = {
        "password", "passwd", "pass", "secret", "token",      "key",
        "salt",     "dsn",    "pwd",  "pepper", "credential", "credentials"};
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return has_word(name, word); }) ||
           lower(name).find("apikey") != std::string::npos;
}

std::string type_of(std::string_view name, const std::string& value) {
    if (value.find("://") != std::string::npos) {
        return "url";
    }
    if (has_word(name, "port")) {
        return value.empty() || platform::parse_integer(value) ? "port" : "text";
    }
    if (value == "true" || value == "false") {
        return "boolean";
    }
    return !value.empty() && platform::parse_integer(value) ? "integer" : "text";
}

/// The database's name in a URL; empty when it cannot be read as one.
std::string database_of(const std::string& url) {
    try {
        return platform::parse_url(url, {}).database;
    } catch (const Error&) {
        return "";
    }
}

void take(Survey& found, const std::string& file, const std::string& name,
          const std::string& value) {
    if (is_database_url(value)) {
        if (found.url_variable.empty() || name == "DATABASE_URL") {
            found.url_variable = name;
            found.database = database_of(value);
        }
    }
    found.uses_redis = found.uses_redis || value.starts_with("redis://") ||
                       value.starts_with("rediss://") || has_word(name, "redis");
    const auto known = std::find_if(found.variables.begin(), found.variables.end(),
                                    [&](const auto& one) { return one.name == name; });
    if (known != found.variables.end()) {
        return;
    }
    FoundVariable variable;
    variable.name = name;
    variable.file = file;
    variable.type = type_of(name, value);
    // A URL may hold a password.
    variable.is_secret = names_a_secret(name) || is_database_url(value) ||
                         (variable.type == "url" && value.find('@') != std::string::npos);
    if (!variable.is_secret && is_example(file) && value.find('\n') == std::string::npos) {
        variable.example = value;
    }
    found.variables.push_back(std::move(variable));
}

}  // namespace

void find_variables(const fs::path& directory, Survey& found) {
    for (const auto file : env_files) {
        std::error_code failure;
        if (!fs::is_regular_file(directory / file, failure)) {
            continue;
        }
        try {
            const auto text = read_file(directory / file);
            for (const auto& [name, value] : platform::parse_env_file(text, std::string(file))) {
                take(found, std::string(file), name, value);
            }
        } catch (const Error& error) {
            found.notes.push_back(fmt::format("{} was left out: {}", file, error.message()));
        }
    }
}

}  // namespace caisson::projects

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/projects/survey.h"

namespace caisson::projects {
namespace {

constexpr std::string_view roles_folder = "caisson-roles";

/// A basic string of TOML.
std::string toml_text(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            result += c;
        }
    }
    return result + '"';
}

/// What a manifest accepts as the name of a database; the project's own otherwise.
std::string database_name(const Survey& found) {
    constexpr std::array<std::string_view, 3> taken = {"postgres", "template0", "template1"};
    constexpr std::size_t longest = 50;
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    const auto& name = found.database;
    const bool is_usable = !name.empty() && name.size() <= longest &&
                           (name[0] < '0' || name[0] > '9') && name[0] != '-' &&
                           std::all_of(name.begin(), name.end(), fits) &&
                           std::find(taken.begin(), taken.end(), name) == taken.end();
    return is_usable ? name : replace_all(found.name, "-", "_") + "_db";
}

std::string source_line(const FoundSource& source) {
    return fmt::format("  {{ path = {}, format = {}{} }},  # {}{}\n", toml_text(source.path),
                       toml_text(source.format),
                       source.needs_admin.empty() ? "" : ", migrate_as = \"admin\"",
                       counted(source.migrations, "migration"),
                       source.needs_admin.empty() ? "" : "; admin: " + source.needs_admin);
}

std::string databases_section(const Survey& found) {
    std::string text = fmt::format(
        "[databases.main]\nname = {}\n# In the order in which they are applied: put them into "
        "yours."
        "\nmigrations = [\n",
        toml_text(database_name(found)));
    if (!found.roles.empty()) {
        text += fmt::format(
            "  {{ path = \"{}\", format = \"plain\", migrate_as = \"admin\" }},  # roles that the "
            "files name\n",
            roles_folder);
    }
    for (const auto& source : found.sources) {
        text += source_line(source);
    }
    text += "]\n";
    if (!found.extensions.empty()) {
        std::vector<std::string> names;
        for (const auto& name : found.extensions) {
            names.push_back(toml_text(name));
        }
        text += fmt::format("extensions = [{}]\n", join(names, ", "));
    }
    return text;
}

std::string variable_section(const FoundVariable& variable) {
    auto text = fmt::format("\n[variables.{}]  # {}\n", variable.name, variable.file);
    if (variable.type != "text") {
        text += fmt::format("type = \"{}\"\n", variable.type);
    }
    if (variable.is_secret) {
        text += "secret = true\n";
    } else if (!variable.example.empty()) {
        text += fmt::format("example = {}\n", toml_text(variable.example));
    }
    return text;
}

std::string manifest_of(const Survey& found) {
    auto text = fmt::format(
        "# Written by `caisson init --from` for a project that was there already. Its migrations "
        "stay where they are.\n[platform]\nname = {}\n\n{}",
        toml_text(found.name), databases_section(found));
    if (!found.uses_redis) {
        text += "\n[server]\nredis = false\n";
    }
    if (!found.url_variable.empty()) {
        text += fmt::format(
            "\n# The database that the project has: caisson -e existing migrate adopt\n"
            "[environments.existing]\nurl = \"${{{}}}\"\nprotected = true\n",
            found.url_variable);
    }
    for (const auto& variable : found.variables) {
        text += variable_section(variable);
    }
    return text;
}

std::string roles_migration(const Survey& found) {
    std::string text =
        "-- Roles that the migrations name and that nobody makes. They cannot log in; a server "
        "that has them keeps its own.\n";
    for (const auto& role : found.roles) {
        text += fmt::format(
            "do $caisson$ begin\n    if not exists (select from pg_roles where rolname = {}) then\n"
            "        create role {} nologin;\n    end if;\nend $caisson$;\n",
            pg::literal(role), pg::identifier(role));
    }
    return text;
}

}  // namespace

std::vector<NewFile> files_for(const Survey& found) {
    std::vector<NewFile> files = {{"caisson.toml", manifest_of(found)}};
    if (!found.roles.empty()) {
        files.push_back({fmt::format("{}/001_roles.sql", roles_folder), roles_migration(found)});
    }
    return files;
}

}  // namespace caisson::projects

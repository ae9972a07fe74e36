// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/commands.h"

#include <algorithm>
#include <array>

namespace caisson::scripts {
namespace {

struct Named {
    std::string_view name;
    CommandRule rule;
};

constexpr auto carried_out = Treatment::carried_out;
constexpr auto ignored = Treatment::ignored;
constexpr auto refused = Treatment::refused;

constexpr std::string_view one_database =
    "a source belongs to one database: give the other one a source of its own in caisson.toml";
constexpr std::string_view nobody_there =
    "nobody answers while migrations run: declare a variable, or take the value from a query with "
    "\\gset";
constexpr std::string_view no_results =
    "results of queries are not written anywhere: run generated SQL with \\gexec, keep values with "
    "\\gset, and write tables with \\copy … to";
constexpr std::string_view no_editor = "take it out: it is for people at a terminal";
constexpr std::string_view no_pipeline = "take it out: statements are sent one after the other";
constexpr std::string_view no_large_objects =
    "put the bytes into a bytea column, or import them with an application";

constexpr std::array table = {
    Named{"!", {Treatment::program, {}}},
    Named{"?", {ignored, {}}},
    Named{"C", {ignored, {}}},
    Named{"H", {ignored, {}}},
    Named{"T", {ignored, {}}},
    Named{"a", {ignored, {}}},
    Named{"bind", {carried_out, {}}},
    Named{"c", {refused, one_database}},
    Named{"cd", {carried_out, {}}},
    Named{"conninfo", {ignored, {}}},
    Named{"connect", {refused, one_database}},
    Named{"copy", {carried_out, {}}},
    Named{"copyright", {ignored, {}}},
    Named{"crosstabview", {carried_out, {}}},
    Named{"e", {refused, no_editor}},
    Named{"echo", {carried_out, {}}},
    Named{"edit", {refused, no_editor}},
    Named{"ef", {refused, no_editor}},
    Named{"elif", {carried_out, {}}},
    Named{"else", {carried_out, {}}},
    Named{"encoding", {carried_out, {}}},
    Named{"endif", {carried_out, {}}},
    Named{"endpipeline", {refused, no_pipeline}},
    Named{"errverbose", {ignored, {}}},
    Named{"ev", {refused, no_editor}},
    Named{"f", {ignored, {}}},
    Named{"flush", {refused, no_pipeline}},
    Named{"flushrequest", {refused, no_pipeline}},
    Named{"g", {carried_out, {}}},
    Named{"gdesc", {carried_out, {}}},
    Named{"getenv", {carried_out, {}}},
    Named{"gexec", {carried_out, {}}},
    Named{"getresults", {refused, no_pipeline}},
    Named{"gset", {carried_out, {}}},
    Named{"gx", {carried_out, {}}},
    Named{"h", {ignored, {}}},
    Named{"help", {ignored, {}}},
    Named{"html", {ignored, {}}},
    Named{"i", {carried_out, {}}},
    Named{"if", {carried_out, {}}},
    Named{"include", {carried_out, {}}},
    Named{"include_relative", {carried_out, {}}},
    Named{"ir", {carried_out, {}}},
    Named{"lo_export", {refused, no_large_objects}},
    Named{"lo_import", {refused, no_large_objects}},
    Named{"lo_list", {ignored, {}}},
    Named{"lo_unlink", {refused, "select lo_unlink(OID) does the same"}},
    Named{"o", {carried_out, {}}},
    Named{"out", {carried_out, {}}},
    Named{"p", {ignored, {}}},
    Named{"password", {refused, "passwords are secrets of roles: see `caisson roles`"}},
    Named{"print", {ignored, {}}},
    Named{"prompt", {refused, nobody_there}},
    Named{"pset", {ignored, {}}},
    Named{"q", {carried_out, {}}},
    Named{"qecho", {carried_out, {}}},
    Named{"quit", {carried_out, {}}},
    Named{"r", {carried_out, {}}},
    Named{"reset", {carried_out, {}}},
    Named{"restrict", {carried_out, {}}},
    Named{"s", {ignored, {}}},
    Named{"sendpipeline", {refused, no_pipeline}},
    Named{"set", {carried_out, {}}},
    Named{"setenv", {Treatment::program, {}}},
    Named{"startpipeline", {refused, no_pipeline}},
    Named{"syncpipeline", {refused, no_pipeline}},
    Named{"t", {ignored, {}}},
    Named{"timing", {ignored, {}}},
    Named{"unrestrict", {carried_out, {}}},
    Named{"unset", {carried_out, {}}},
    Named{"w", {refused, no_results}},
    Named{"warn", {carried_out, {}}},
    Named{"watch", {refused, "a migration ends: put the query there once, with a semicolon"}},
    Named{"write", {refused, no_results}},
    Named{"x", {ignored, {}}},
};

/// \d, \dt+, \l, \z, \sf: they describe what is there, with letters behind them.
bool describes(std::string_view name) {
    const auto rest = [&](std::string_view start) {
        return name.substr(0, start.size()) == start &&
               std::all_of(name.begin() + static_cast<std::ptrdiff_t>(start.size()), name.end(),
                           [](char c) { return c == 'S' || c == '+' || c == 'x'; });
    };
    if (!name.empty() && name.front() == 'd') {
        return std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+';
        });
    }
    return rest("l") || rest("list") || rest("z") || rest("sf") || rest("sv");
}

}  // namespace

CommandRule rule_of(std::string_view name) {
    for (const auto& named : table) {
        if (named.name == name) {
            return named.rule;
        }
    }
    return describes(name) ? CommandRule{ignored, {}} : CommandRule{};
}

}  // namespace caisson::scripts

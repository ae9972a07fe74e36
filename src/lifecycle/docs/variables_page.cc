// SPDX-License-Identifier: Apache-2.0
/// ENVIRONMENT_VARIABLES.md: what [variables] says, and what of caisson.toml needs them.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/markdown.h"
#include "lifecycle/docs/pages.h"
#include "platform/variables.h"

namespace caisson::docs {
namespace {

using platform::Manifest;
using platform::Variable;

/// Settings of the manifest that hold `${NAME}`, by name.
class Uses {
 public:
    explicit Uses(const Manifest& manifest) {
        for (const auto& environment : manifest.environments) {
            add(environment.name, "", environment.postgres);
            add(environment.name, "redis.", environment.redis);
            add(environment.name, "shadow.", environment.shadow);
            for (const auto& [name, address] : environment.databases) {
                add(environment.name, fmt::format("databases.{}.", name), address);
            }
            for (const auto& [name, address] : environment.roles) {
                add(environment.name, fmt::format("roles.{}.", name), address);
            }
        }
        for (const auto& database : manifest.databases) {
            for (const auto& source : database.migrations) {
                for (const auto& [name, value] : source.placeholders) {
                    add("", fmt::format("placeholder {} of {}", name, source.name), value);
                }
            }
        }
    }

    /// "It is `host` in `staging` and `production`."; empty when nothing needs it.
    std::string of(const std::string& variable) const {
        const auto found = settings_.find(variable);
        if (found == settings_.end()) {
            return {};
        }
        std::vector<std::string> uses;
        for (const auto& use : found->second) {
            std::vector<std::string> environments;
            for (const auto& name : use.environments) {
                environments.push_back(code(name));
            }
            uses.push_back(code(use.setting) +
                           (environments.empty() ? "" : " in " + enumeration(environments)));
        }
        return fmt::format("It is {}.", enumeration(uses));
    }

 private:
    struct Use {
        std::string setting;
        std::vector<std::string> environments;
    };

    void add(const std::string& environment, const std::string& prefix,
             const platform::Address& address) {
        add(environment, prefix + "url", address.url);
        add(environment, prefix + "host", address.host);
        add(environment, prefix + "port", address.port);
        add(environment, prefix + "user", address.user);
        add(environment, prefix + "password", address.password);
        add(environment, prefix + "database", address.database);
        add(environment, prefix + "tls", address.tls);
        add(environment, prefix + "tls_root", address.tls_root);
    }

    void add(const std::string& environment, const std::string& setting, const std::string& value) {
        for (auto at = value.find("${"); at != std::string::npos; at = value.find("${", at + 2)) {
            const auto end = value.find('}', at);
            if (end == std::string::npos) {
                return;
            }
            auto& uses = settings_[value.substr(at + 2, end - at - 2)];
            auto use = std::ranges::find(uses, setting, &Use::setting);
            if (use == uses.end()) {
                use = uses.insert(use, {setting, {}});
            }
            if (!environment.empty() && std::ranges::count(use->environments, environment) == 0) {
                use->environments.push_back(environment);
            }
        }
    }

    std::map<std::string, std::vector<Use>> settings_;
};

bool is_required(const Variable& variable, const std::string& environment) {
    return std::ranges::any_of(
        variable.required_in, [&](const auto& each) { return each == "*" || each == environment; });
}

std::string required_text(const Variable& variable) {
    if (std::ranges::count(variable.required_in, "*") > 0) {
        return "everywhere";
    }
    std::vector<std::string> names;
    for (const auto& name : variable.required_in) {
        names.push_back(code(name));
    }
    return join(names, ", ");
}

/// What it is for, and where else its value may come from.
std::string about(const Variable& variable, const Uses& uses) {
    std::vector<std::string> parts;
    if (!variable.description.empty()) {
        parts.push_back(cell_text(variable.description));
    }
    if (!variable.aliases.empty()) {
        std::vector<std::string> names;
        for (const auto& alias : variable.aliases) {
            names.push_back(code(alias));
        }
        parts.push_back(fmt::format("Old {}, still read: {}.", names.size() == 1 ? "name" : "names",
                                    enumeration(names)));
    }
    if (!variable.file.empty()) {
        parts.push_back(fmt::format("Else the first line of {}.", code(variable.file)));
    }
    if (!variable.command.empty()) {
        // Its arguments may name what nobody else needs to know.
        parts.push_back(fmt::format("Else asked of {}.", code(variable.command.front())));
    }
    if (const auto settings = uses.of(variable.name); !settings.empty()) {
        parts.push_back(settings);
    }
    return join(parts, "<br>");
}

std::string shown(const Variable& variable, const std::string& value) {
    return value.empty() ? "" : variable.secret ? "not shown" : code(value);
}

std::vector<std::string> groups_of(const Manifest& manifest) {
    std::vector<std::string> groups;
    for (const auto& variable : manifest.variables) {
        if (std::ranges::count(groups, variable.group) == 0) {
            groups.push_back(variable.group);
        }
    }
    return groups;
}

std::string group_section(const Manifest& manifest, const std::string& group, const Uses& uses) {
    Grid grid({"variable", "value", "required in", "default", "example", "secret", "what for"});
    for (const auto& variable : manifest.variables) {
        if (variable.group != group) {
            continue;
        }
        auto value = cell_text(platform::expected_value(variable));
        if (variable.type == platform::VariableType::choice) {
            std::vector<std::string> choices;
            for (const auto& choice : variable.choices) {
                choices.push_back(code(choice));
            }
            value = "one of " + join(choices, ", ");
        }
        grid.add({code(variable.name), value, required_text(variable),
                  shown(variable, variable.default_value.value_or("")),
                  variable.secret ? "" : shown(variable, variable.example),
                  variable.secret ? "yes" : "", about(variable, uses)});
    }
    return heading(2, group.empty() ? "Without a group" : group) + grid.text();
}

std::string environments_section(const Manifest& manifest) {
    Grid grid({"environment", "server", "must be set", "destructive verbs"});
    for (const auto& environment : manifest.environments) {
        std::vector<std::string> names;
        for (const auto& variable : manifest.variables) {
            if (is_required(variable, environment.name) && !variable.default_value) {
                names.push_back(code(variable.name));
            }
        }
        grid.add({code(environment.name), environment.is_private ? "private" : "its own",
                  names.empty() ? "nothing" : join(names, ", "),
                  environment.is_protected ? "need `--yes` and `--confirm` with the database's name"
                                           : "need `--yes`"});
    }
    return heading(2, "Environments") + grid.text();
}

constexpr std::string_view sources = R"(
A value comes from the first of these that has one; an empty one counts as none:

1. the environment of the process, under the variable's own name, then under an old one;
2. the file `.env` beside `caisson.toml`;
3. the file that the declaration names, then the program;
4. the default.

`caisson env example > .env.example` writes a file to copy to `.env` and fill in. `.env` belongs into no repository.
)";

constexpr std::string_view checking = R"(
```sh
caisson env                 # every variable against its declaration; exit status 7 when one does not fit
caisson -e production env   # for another environment
```

| found | means | what to do |
|---|---|---|
| missing | it is required in this environment, and nothing gives it a value | set it, or let a file or a program give it |
| invalid | its value is not what the declaration says | the message says what was expected; of a secret the value is not shown |
| deprecated | it is set under an old name | rename it; both are read |
| unknown_reference | caisson.toml refers to a variable that it does not declare | declare it, or correct the name |
)";

}  // namespace

std::string variables_page(const Manifest& manifest) {
    auto text = first_line("caisson.toml");
    const auto groups = groups_of(manifest);
    text += fmt::format("# Environment variables\n\n{}. {}{}.\n",
                        inline_text(manifest.title.empty() ? manifest.name : manifest.title),
                        counted(manifest.variables.size(), "variable"),
                        groups.size() < 2 ? "" : fmt::format(" in {} groups", groups.size()));
    if (manifest.variables.empty()) {
        return text;
    }
    text += sources;
    const Uses uses(manifest);
    for (const auto& group : groups) {
        text += group_section(manifest, group, uses);
    }
    text += environments_section(manifest);
    return text + heading(2, "Checking") + std::string(checking.substr(1));
}

}  // namespace caisson::docs

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/environment.h"
#include "platform/references.h"
#include "platform/sources.h"
#include "platform/variables.h"

namespace caisson::platform {
namespace {

/// The variables that the environment's addresses and the databases' pools are made of.
std::set<std::string> used_in(const Manifest& manifest, const Environment& environment) {
    std::set<std::string> names;
    const auto take_text = [&](const std::string& text) {
        bool is_broken = false;
        for (auto& name : references_in(text, is_broken)) {
            names.insert(std::move(name));
        }
    };
    const auto take = [&](const Address& address) {
        for (const auto* text : {&address.url, &address.host, &address.port, &address.user,
                                 &address.password, &address.database, &address.tls,
                                 &address.tls_root, &address.tls_min, &address.channel_binding}) {
            take_text(*text);
        }
    };
    for (const auto& database : manifest.databases) {
        const auto& pool = database.pool;
        for (const auto* text : {&pool.min, &pool.max, &pool.acquire, &pool.idle, &pool.lifetime,
                                 &pool.reap, &pool.retry, &pool.fail_at_once}) {
            take_text(*text);
        }
    }
    const auto& monitor = manifest.monitor;
    for (const auto* text :
         {&monitor.interval, &monitor.expensive, &monitor.timeout, &monitor.slow_query,
          &monitor.stored, &monitor.minutes, &monitor.hours, &monitor.history_size, &monitor.tables,
          &monitor.indexes, &monitor.queries}) {
        take_text(*text);
    }
    take(environment.postgres);
    take(environment.redis);
    take(environment.shadow);
    for (const auto& [key, address] : environment.databases) {
        take(address);
    }
    for (const auto& [role, address] : environment.roles) {
        take(address);
    }
    return names;
}

bool is_required(const Variable& variable, const Environment& environment) {
    return std::any_of(variable.required_in.begin(), variable.required_in.end(),
                       [&](const auto& name) { return name == "*" || name == environment.name; });
}

/// A variable that is set, is not declared, and is called almost like this one.
std::string misspelt(const Manifest& manifest, const Variable& variable,
                     const Variables& variables) {
    if (variable.name.size() < 6) {
        return {};
    }
    std::set<std::string> declared;
    for (const auto& each : manifest.variables) {
        declared.insert(each.name);
        declared.insert(each.aliases.begin(), each.aliases.end());
    }
    std::vector<std::string> candidates;
    for (const auto& [name, value] : variables) {
        // DATABASE_USER is near to DATABASE_PORT for a machine only: letters may differ in two
        // places at most.
        const auto difference = name.size() > variable.name.size()
                                    ? name.size() - variable.name.size()
                                    : variable.name.size() - name.size();
        if (!declared.contains(name) && difference <= 1 && name[0] == variable.name[0] &&
            name.back() == variable.name.back()) {
            candidates.push_back(name);
        }
    }
    return nearest(variable.name, candidates);
}

std::string missing_text(const Manifest& manifest, const Variable& variable,
                         const Environment& environment, const Variables& variables) {
    auto text = fmt::format("is not set, and {} needs it; expected {}", environment.name,
                            expected_value(variable));
    if (!variable.description.empty()) {
        text += fmt::format(" ({})", variable.description);
    }
    if (const auto other = misspelt(manifest, variable, variables); !other.empty()) {
        text += fmt::format("; {} is set: is it meant?", other);
    }
    return text;
}

VariableState state_of_variable(const Manifest& manifest, const Variable& variable,
                                const Environment& environment, const Variables& variables,
                                bool is_used) {
    VariableState state;
    state.name = variable.name;
    std::optional<Found> found;
    try {
        found = find_value(manifest, variable, variables);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        state.finding = Finding::invalid;
        state.message = error.message();
        return state;
    }
    if (!found) {
        if (is_used || is_required(variable, environment)) {
            state.finding = Finding::missing;
            state.message = missing_text(manifest, variable, environment, variables);
        }
        return state;
    }
    state.source = found->source;
    state.is_set = found->source != "default";
    if (!fits_variable(variable, found->value.reveal())) {
        state.finding = Finding::invalid;
        state.message =
            fmt::format("{}; expected {}",
                        variable.secret ? std::string("does not fit its type")
                                        : fmt::format("is \"{}\"", found->value.reveal()),
                        expected_value(variable));
    } else if (!found->name.empty() && found->name != variable.name) {
        state.finding = Finding::deprecated;
        state.message =
            fmt::format("comes from its old name {}; set {} instead", found->name, variable.name);
    }
    return state;
}

}  // namespace

std::vector<VariableState> check_variables(const Manifest& manifest, const Environment& environment,
                                           const Variables& variables) {
    const auto used = used_in(manifest, environment);
    std::vector<VariableState> states;
    for (const auto& variable : manifest.variables) {
        states.push_back(state_of_variable(manifest, variable, environment, variables,
                                           used.contains(variable.name)));
    }
    for (const auto& name : used) {
        if (!find_variable(manifest, name)) {
            VariableState state;
            state.name = name;
            state.finding = Finding::unknown_reference;
            state.message = fmt::format("is not declared, and {} refers to it", environment.name);
            states.push_back(std::move(state));
        }
    }
    return states;
}

}  // namespace caisson::platform

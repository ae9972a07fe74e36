// SPDX-License-Identifier: Apache-2.0
#include "trust/session.h"

#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/values.h"

namespace caisson::trust {
namespace {

constexpr std::array suffixes = {
    std::pair{Role::owner, "owner"},     std::pair{Role::migrator, "migrator"},
    std::pair{Role::app, "app"},         std::pair{Role::service, "service"},
    std::pair{Role::backup, "backup"},   std::pair{Role::readonly, "readonly"},
    std::pair{Role::auditor, "auditor"}, std::pair{Role::monitor, "monitor"},
    std::pair{Role::advisor, "advisor"},
};

pg::Settings from_endpoint(const Run& run, const platform::Endpoint& endpoint,
                           const std::string& database) {
    pg::Settings settings;
    settings.host = endpoint.host;
    settings.port = endpoint.port == 0 ? std::uint16_t{5432} : endpoint.port;
    settings.database = database;
    settings.user = endpoint.user;
    settings.password = endpoint.password;
    settings.passfile = run.state.passfile();
    settings.tls = endpoint.tls;
    settings.tls_root = endpoint.tls_root;
    settings.tls_min = endpoint.tls_min;
    settings.channel_binding = endpoint.channel_binding;
    return settings;
}

pg::Settings private_settings(const Run& run, const std::string& user,
                              const std::string& database) {
    pg::Settings settings;
    settings.host = run.state.sockets;
    settings.port = run.postgres_port();
    settings.database = database;
    settings.user = user;
    settings.passfile = run.state.passfile();
    return settings;
}

unsigned redis_database(const Run& run, const std::string& text) {
    const auto number = text.empty() ? 0 : platform::parse_integer(text);
    if (!number || *number < 0 || *number > std::numeric_limits<int>::max()) {
        throw Error(Code::variable_invalid,
                    fmt::format("the Redis database is \"{}\"; expected its number", text))
            .at(run.environment.redis.place);
    }
    return static_cast<unsigned>(*number);
}

}  // namespace

std::vector<Role> built_in_roles() {
    std::vector<Role> roles;
    for (const auto& [role, name] : suffixes) {
        roles.push_back(role);
    }
    return roles;
}

std::string suffix(Role role) { return suffixes[static_cast<std::size_t>(role)].second; }

std::string role_name(const platform::Database& database, Role role) {
    return database.name + "_" + suffix(role);
}

std::uint16_t Run::postgres_port() const { return manifest.server.postgres_port.value_or(5432); }

Run make_run(const fs::path& directory, const std::string& environment) {
    Run run;
    run.manifest = platform::load(platform::find(directory));
    run.environment = run.manifest.environment(environment);
    run.variables = platform::process_variables(run.manifest);
    pg::ignore_environment();  // From here on the manifest says where a connection leads.
    run.state = platform::state_of(run.manifest, run.environment, run.variables, ::geteuid() == 0);
    // Elsewhere the account is only whom the daemon becomes: its absence is no reason to fail.
    if (run.is_private()) {
        run.account = platform::server_account();
    } else if (::geteuid() == 0) {
        run.account = find_account("caisson");
    }
    return run;
}

std::string database_name(const Run& run, const platform::Database& database) {
    if (run.is_private()) {
        return database.name;
    }
    const auto name =
        platform::admin_endpoint(run.manifest, run.environment, database, run.variables).database;
    return name.empty() ? database.name : name;
}

pg::Settings server_settings(const Run& run, const platform::Database& database) {
    if (run.is_private()) {
        return private_settings(run, "postgres", "postgres");
    }
    const auto endpoint =
        platform::admin_endpoint(run.manifest, run.environment, database, run.variables);
    return from_endpoint(run, endpoint, endpoint.maintenance_database);
}

pg::Settings admin_settings(const Run& run, const platform::Database& database) {
    if (run.is_private()) {
        return private_settings(run, "postgres", database.name);
    }
    return from_endpoint(
        run, platform::admin_endpoint(run.manifest, run.environment, database, run.variables),
        database_name(run, database));
}

pg::Settings role_settings(const Run& run, const platform::Database& database,
                           const std::string& role) {
    if (run.is_private()) {
        return private_settings(run, database.name + "_" + role, database.name);
    }
    const auto endpoint =
        platform::role_endpoint(run.manifest, run.environment, database, role, run.variables);
    return from_endpoint(run, endpoint,
                         endpoint.database.empty() ? database.name : endpoint.database);
}

pg::Settings role_settings(const Run& run, const platform::Database& database, Role role) {
    return role_settings(run, database, suffix(role));
}

std::optional<RedisSettings> redis_settings(const Run& run) {
    if (run.is_private()) {
        if (!run.manifest.server.has_redis) {
            return std::nullopt;
        }
        RedisSettings settings;
        settings.socket = run.state.redis_socket();
        settings.password =
            Secret(std::string(trim(read_own(run.state.redis_password()).value_or(""))));
        return settings;
    }
    const auto endpoint = platform::redis_endpoint(run.manifest, run.environment, run.variables);
    if (!endpoint) {
        return std::nullopt;
    }
    RedisSettings settings;
    settings.host = endpoint->host;
    settings.port = endpoint->port == 0 ? std::uint16_t{6379} : endpoint->port;
    settings.user = endpoint->user;
    settings.password = endpoint->password;
    settings.database = redis_database(run, endpoint->database);
    settings.tls = !endpoint->tls.empty() && endpoint->tls != "disable";
    // As libpq: who names authorities wants them asked.
    settings.verifies = endpoint->tls.starts_with("verify") || !endpoint->tls_root.empty();
    settings.tls_root = endpoint->tls_root;
    return settings;
}

}  // namespace caisson::trust

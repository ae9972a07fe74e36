// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/environment.h"
#include "platform/references.h"
#include "platform/resolver.h"
#include "platform/sources.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

/// What one address says; what it does not say stays empty.
Endpoint endpoint_of(const Address& address, const Manifest& manifest,
                     const Environment& environment, const Variables& variables) {
    Resolver resolver(manifest, environment, variables);
    const auto url = resolver.text(address.url);
    const auto host = resolver.text(address.host);
    const auto port = resolver.text(address.port);
    const auto user = resolver.text(address.user);
    const auto password = resolver.text(address.password);
    const auto database = resolver.text(address.database);
    const auto tls = resolver.text(address.tls);
    const auto tls_root = resolver.text(address.tls_root);
    const auto tls_min = resolver.text(address.tls_min);
    const auto channel_binding = resolver.text(address.channel_binding);
    resolver.finish(address.place);

    Endpoint endpoint = url.empty() ? Endpoint{} : parse_url(url, address.place);
    const auto refuse = [&](std::string_view field, std::string_view expected) {
        throw Error(Code::variable_invalid,
                    fmt::format("the {} of the environment {} is none; expected {}", field,
                                environment.name, expected))
            .at(address.place)
            .with("environment", environment.name);
    };
    if (!host.empty() && !is_host(host)) {
        refuse("host", "a host name, an address or the directory of a Unix socket");
    }
    if (!port.empty() && !parse_port(port)) {
        refuse("port", "1 to 65535");
    }
    if (!tls.empty() && !is_tls_mode(tls)) {
        refuse("TLS mode", "disable, allow, prefer, require, verify-ca or verify-full");
    }
    endpoint.host = host.empty() ? endpoint.host : host;
    endpoint.port = port.empty() ? endpoint.port : *parse_port(port);
    endpoint.user = user.empty() ? endpoint.user : user;
    endpoint.password = password.empty() ? endpoint.password : Secret(password);
    endpoint.database = database.empty() ? endpoint.database : database;
    endpoint.tls = tls.empty() ? endpoint.tls : tls;
    endpoint.tls_root = tls_root.empty() ? endpoint.tls_root : tls_root;
    endpoint.tls_min = tls_min.empty() ? endpoint.tls_min : tls_min;
    endpoint.channel_binding = channel_binding.empty() ? endpoint.channel_binding : channel_binding;
    if (const auto& version = endpoint.tls_min;
        !version.empty() && version != "1.2" && version != "1.3") {
        refuse("tls_min", "1.2 or 1.3");
    }
    if (const auto& binding = endpoint.channel_binding;
        !binding.empty() && binding != "disable" && binding != "prefer" && binding != "require") {
        refuse("channel_binding", "disable, prefer or require");
    }
    return endpoint;
}

/// `base` with everything that `over` says.
Endpoint overlaid(Endpoint base, const Endpoint& over) {
    if (!over.host.empty()) {
        // Another server: the port of the first means nothing there.
        base.host = over.host;
        base.port = over.port;
    }
    base.port = over.port != 0 ? over.port : base.port;
    if (!over.user.empty()) {
        // Another user: the password of the first is not theirs.
        base.user = over.user;
        base.password = over.password;
    }
    base.password = over.password.empty() ? base.password : over.password;
    base.database = over.database.empty() ? base.database : over.database;
    base.tls = over.tls.empty() ? base.tls : over.tls;
    base.tls_root = over.tls_root.empty() ? base.tls_root : over.tls_root;
    base.tls_min = over.tls_min.empty() ? base.tls_min : over.tls_min;
    base.channel_binding =
        over.channel_binding.empty() ? base.channel_binding : over.channel_binding;
    base.ignored.insert(base.ignored.end(), over.ignored.begin(), over.ignored.end());
    return base;
}

/// LUM-16. Digits and signs at the end make a known password no better.
bool is_known_to_everybody(std::string_view password, const std::vector<std::string>& names) {
    constexpr std::array<std::string_view, 30> known = {
        "postgres",  "postgresql",    "password", "passwort", "passw0rd", "p@ssw0rd",
        "admin",     "administrator", "root",     "secret",   "changeme", "change_me",
        "change-me", "default",       "test",     "testing",  "guest",    "user",
        "welcome",   "letmein",       "qwerty",   "redis",    "database", "example",
        "dev",       "demo",          "abc",      "iloveyou", "pass",     "foobared"};
    const auto lowered = lower(password);
    std::string_view stem = lowered;
    while (!stem.empty() && !((stem.back() >= 'a' && stem.back() <= 'z') ||
                              static_cast<unsigned char>(stem.back()) >= 0x80)) {
        stem.remove_suffix(1);
    }
    // Nothing but a few digits and signs.
    if (stem.empty()) {
        return lowered.size() < 12;
    }
    const bool has_short_tail = lowered.size() - stem.size() <= 6;
    const auto is_known = [&](std::string_view word) {
        return std::find(known.begin(), known.end(), word) != known.end() ||
               std::any_of(names.begin(), names.end(),
                           [&](const auto& name) { return !name.empty() && lower(name) == word; });
    };
    return is_known(lowered) || (has_short_tail && is_known(stem));
}

void refuse_weak_password(const Endpoint& endpoint, const Manifest& manifest,
                          const Environment& environment, const Address& address) {
    const auto& password = endpoint.password.reveal();
    if (environment.is_private || password.empty() ||
        !is_known_to_everybody(password,
                               {endpoint.user, endpoint.database, endpoint.host, manifest.name})) {
        return;
    }
    bool is_broken = false;
    const auto names =
        references_in(address.password.empty() ? address.url : address.password, is_broken);
    throw Error(
        Code::weak_password,
        fmt::format(
            "the password of {} in the environment {} is one that everybody knows; expected one of "
            "your own",
            endpoint.user.empty() ? "the server" : endpoint.user, environment.name),
        fmt::format("set another one with ALTER ROLE or the provider's console, and put it into {}",
                    names.empty() ? "a variable that the manifest refers to" : join(names, ", ")))
        .at(address.place)
        .with("environment", environment.name);
}

const Address* find_address(const std::map<std::string, Address>& addresses,
                            const std::string& key) {
    const auto found = addresses.find(key);
    return found == addresses.end() ? nullptr : &found->second;
}

void require_remote(const Environment& environment) {
    if (environment.is_private) {
        throw Error(
            Code::internal,
            fmt::format("the environment {} is private: its addresses are computed from its state",
                        environment.name));
    }
}

void require_host(const Endpoint& endpoint, const Environment& environment,
                  const Address& address) {
    if (endpoint.host.empty()) {
        throw Error(Code::variable_invalid,
                    fmt::format("the address in the environment {} names no host; expected one, so "
                                "that nobody has to "
                                "guess which server is meant",
                                environment.name))
            .at(address.place)
            .with("environment", environment.name);
    }
}

/// Where the database is, and as whom the administrator comes. Without `with_user` the variables of
/// the administrator's name and password are not looked at: whoever connects as another role need
/// not have them.
Endpoint database_address(const Manifest& manifest, const Environment& environment,
                          const Database& database, const Variables& variables, bool with_user) {
    require_remote(environment);
    const auto said_by = [&](Address address) {
        if (!with_user) {
            address.user.clear();
            address.password.clear();
        }
        return endpoint_of(address, manifest, environment, variables);
    };
    Endpoint base = said_by(environment.postgres);
    base.maintenance_database =
        base.database.empty() ? "postgres" : std::exchange(base.database, {});
    if (const Address* own = find_address(environment.databases, database.key)) {
        base = overlaid(base, said_by(*own));
    }
    require_host(base, environment, environment.postgres);
    base.port = base.port == 0 ? std::uint16_t{5432} : base.port;
    base.database = base.database.empty() ? database.name : base.database;
    return base;
}

}  // namespace

Endpoint admin_endpoint(const Manifest& manifest, const Environment& environment,
                        const Database& database, const Variables& variables) {
    Endpoint endpoint = database_address(manifest, environment, database, variables, true);
    endpoint.user = endpoint.user.empty() ? "postgres" : endpoint.user;
    const Address* own = find_address(environment.databases, database.key);
    refuse_weak_password(endpoint, manifest, environment,
                         own && !own->password.empty() ? *own : environment.postgres);
    return endpoint;
}

Endpoint role_endpoint(const Manifest& manifest, const Environment& environment,
                       const Database& database, const std::string& role,
                       const Variables& variables) {
    Endpoint endpoint = database_address(manifest, environment, database, variables, false);
    endpoint.user = database.name + "_" + role;
    endpoint.password = Secret();
    if (const Address* own = find_address(environment.roles, role)) {
        const auto said = endpoint_of(*own, manifest, environment, variables);
        endpoint = overlaid(endpoint, said);
        endpoint.port = endpoint.port == 0 ? std::uint16_t{5432} : endpoint.port;
        refuse_weak_password(endpoint, manifest, environment, *own);
    }
    return endpoint;
}

std::optional<Endpoint> shadow_endpoint(const Manifest& manifest, const Environment& environment,
                                        const Variables& variables) {
    Address address = environment.shadow;
    if (address.url.empty() && address.host.empty()) {
        constexpr const char* usual = "SHADOW_DATABASE_URL";
        // Also where it is the old name of another one (GRC-7).
        const auto variable = std::find_if(
            manifest.variables.begin(), manifest.variables.end(), [&](const Variable& one) {
                return one.name == usual || std::find(one.aliases.begin(), one.aliases.end(),
                                                      usual) != one.aliases.end();
            });
        if (variable == manifest.variables.end() || !find_value(manifest, *variable, variables)) {
            return std::nullopt;
        }
        address.url = fmt::format("${{{}}}", variable->name);
        address.place = variable->place;
    }
    Endpoint endpoint = endpoint_of(address, manifest, environment, variables);
    require_host(endpoint, environment, address);
    endpoint.port = endpoint.port == 0 ? std::uint16_t{5432} : endpoint.port;
    if (endpoint.database.empty()) {
        throw Error(Code::variable_invalid,
                    fmt::format("the shadow of the environment {} names no database; expected an "
                                "empty one",
                                environment.name))
            .at(address.place)
            .with("environment", environment.name);
    }
    return endpoint;
}

std::optional<Endpoint> redis_endpoint(const Manifest& manifest, const Environment& environment,
                                       const Variables& variables) {
    require_remote(environment);
    const Address& address = environment.redis;
    if (!manifest.server.has_redis || (address.url.empty() && address.host.empty())) {
        return std::nullopt;
    }
    Endpoint endpoint = endpoint_of(address, manifest, environment, variables);
    require_host(endpoint, environment, address);
    endpoint.port = endpoint.port == 0 ? std::uint16_t{6379} : endpoint.port;
    refuse_weak_password(endpoint, manifest, environment, address);
    return endpoint;
}

Secret resolved(const Manifest& manifest, const Environment& environment, const std::string& text,
                const Place& place, const Variables& variables) {
    Resolver resolver(manifest, environment, variables);
    Secret value(resolver.text(text));
    resolver.finish(place);
    return value;
}

}  // namespace caisson::platform

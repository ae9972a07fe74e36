// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "platform/kinds.h"
#include "platform/reading.h"
#include "platform/shape.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

/// Computed from the state directory or made as secrets: a manifest that set them would part the
/// server from those who look for it.
constexpr std::array<std::string_view, 9> postgres_own = {
    "data_directory",   "config_file",       "hba_file",
    "ident_file",       "external_pid_file", "unix_socket_directories",
    "listen_addresses", "ssl_key_file",      "ssl_cert_file"};
constexpr std::array<std::string_view, 12> redis_own = {
    "dir",  "unixsocket", "requirepass", "daemonize",  "pidfile", "logfile",
    "bind", "supervised", "include",     "masterauth", "user",    "unixsocketperm"};

bool is_setting_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && is_letter(name[0]) &&
           std::all_of(name.begin(), name.end(), [&](char c) {
               return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '$';
           });
}

struct Flavour {
    std::string section;
    std::string server;
    std::span<const std::string_view> own;
    std::string_view on;
    std::string_view off;
};

void add_setting(Reading& reading, const Flavour& flavour,
                 std::map<std::string, std::string>& settings, const std::string& name,
                 const Member& member) {
    const Node& value = member.value;
    if (!is_setting_name(name)) {
        reading.mistake(member.place,
                        fmt::format("{} is no name of a setting; expected one of {}'s",
                                    path_text(flavour.section, name), flavour.server));
    } else if (std::find(flavour.own.begin(), flavour.own.end(), name) != flavour.own.end()) {
        reading.mistake(
            member.place,
            fmt::format("{}.{} is set by Caisson itself; expected it not to be in the manifest",
                        flavour.section, name),
            "leave it out");
    } else if (has_reference(value.text)) {
        reading.mistake(
            value.place,
            fmt::format("{}.{} holds \"${{\"; expected a plain value, because variables are "
                        "replaced in [environments] only",
                        flavour.section, name));
    }
    if (settings.contains(name)) {
        reading.mistake(member.place,
                        fmt::format("{}.{} is set twice; expected it once", flavour.section, name));
    }
    settings[name] = value.is(NodeType::boolean)
                         ? std::string(value.boolean ? flavour.on : flavour.off)
                         : value.text;
}

std::optional<std::uint16_t> read_settings(Reading& reading, const Flavour& flavour,
                                           const Node& section,
                                           std::map<std::string, std::string>& settings) {
    std::optional<std::uint16_t> port;
    for (const auto& member : section.members) {
        if (member.key == "port") {
            port = static_cast<std::uint16_t>(member.value.integer);
        } else if (member.value.is(NodeType::section)) {
            // `pg_stat_statements.max = 1000` is a section within a section to TOML.
            for (const auto& below : member.value.members) {
                add_setting(reading, flavour, settings, member.key + "." + below.key, below);
            }
        } else {
            add_setting(reading, flavour, settings, member.key, member);
        }
    }
    return port;
}

void read_features(Reading& reading) {
    for (const auto& member : members_of(reading.document, "features")) {
        if (!is_name(member.key)) {
            reading.mistake(
                member.place,
                fmt::format("the feature is called \"{}\"; expected lower-case letters, "
                            "digits, - and _",
                            member.key));
        }
        reading.manifest.features[member.key] = member.value.boolean;
    }
}

}  // namespace

void read_server(Reading& reading) {
    const Node* section = reading.document.find("server");
    if (!section) {
        return;
    }
    Server& server = reading.manifest.server;
    server.locale = text_of(*section, "locale", server.locale);
    if (const Node* postgres = section->find("postgres")) {
        server.postgres_port =
            read_settings(reading, {"server.postgres", "PostgreSQL", postgres_own, "on", "off"},
                          *postgres, server.postgres);
    }
    if (const Node* redis = section->find("redis")) {
        server.has_redis = redis->is(NodeType::section) || redis->boolean;
        server.redis_port = read_settings(
            reading, {"server.redis", "Redis", redis_own, "yes", "no"}, *redis, server.redis);
    }
    if (server.postgres_port && server.postgres_port == server.redis_port) {
        reading.mistake(
            section->find("redis")->find("port")->place,
            fmt::format(
                "server.redis.port is {}, as server.postgres.port is; expected a port for each",
                *server.redis_port));
    }
}

void read_features_and_api(Reading& reading) {
    read_features(reading);
    const Node* section = reading.document.find("api");
    if (!section) {
        return;
    }
    Api& api = reading.manifest.api;
    api.listen = text_of(*section, "listen", api.listen);
    if (api.listen.starts_with('[')) {
        api.listen = api.listen.substr(1, api.listen.size() - 2);
    }
    if (const Node* port = section->find("port")) {
        api.port = static_cast<std::uint16_t>(port->integer);
    }
    api.health = texts_of(*section, "health");
}

}  // namespace caisson::platform

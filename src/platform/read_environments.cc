// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/environment.h"
#include "platform/kinds.h"
#include "platform/reading.h"
#include "platform/shape.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

Address read_address(Reading& reading, const Node& section, const Place& place) {
    Address address;
    address.url = referring_text(reading, section, "url");
    address.host = referring_text(reading, section, "host");
    address.port = referring_text(reading, section, "port");
    address.user = referring_text(reading, section, "user");
    address.password = referring_text(reading, section, "password");
    address.database = referring_text(reading, section, "database");
    address.tls = referring_text(reading, section, "tls");
    address.tls_root = referring_text(reading, section, "tls_root");
    address.tls_min = referring_text(reading, section, "tls_min");
    address.channel_binding = referring_text(reading, section, "channel_binding");
    address.place = place;
    for (const std::string_view key : {"host", "port"}) {
        if (const Node* node = section.find(key); node && !address.url.empty()) {
            reading.mistake(
                node->place,
                fmt::format("both url and {} say where the server is; expected one of them", key));
        }
    }
    return address;
}

/// A URL, or the fields of an address in a section.
Address read_url_or_section(Reading& reading, const Node& environment, std::string_view key) {
    const Node* node = environment.find(key);
    if (!node) {
        return {};
    }
    if (node->is(NodeType::section)) {
        return read_address(reading, *node, node->place);
    }
    Address address;
    address.url = referring_text(reading, environment, key);
    address.place = node->place;
    return address;
}

/// The overrides below `databases` or `roles`, whose keys must be known.
std::map<std::string, Address> read_overrides(Reading& reading, const Node& environment,
                                              std::string_view section,
                                              const std::vector<std::string>& known) {
    std::map<std::string, Address> overrides;
    for (const auto& member : members_of(environment, section)) {
        if (std::find(known.begin(), known.end(), member.key) == known.end()) {
            reading.mistake(
                member.place,
                fmt::format("{} names \"{}\", which is not declared; expected one of [{}]", section,
                            member.key, section),
                suggestion(member.key, known));
        }
        overrides[member.key] = read_address(reading, member.value, member.place);
    }
    return overrides;
}

/// Where our own servers are is not the manifest's to say.
void check_private(Reading& reading, const Environment& environment, const Node& section) {
    for (const std::string_view key :
         {"url", "host", "port", "user", "password", "database", "tls", "tls_root", "tls_min",
          "channel_binding", "redis", "databases", "roles"}) {
        const auto found = std::find_if(section.members.begin(), section.members.end(),
                                        [&](const Member& member) { return member.key == key; });
        if (found != section.members.end()) {
            reading.mistake(
                found->place,
                fmt::format(
                    "the environment \"{}\" has both server = \"private\"{} and {}; expected one "
                    "of them, because the addresses of private servers are computed",
                    environment.name,
                    section.find("server") ? ""
                                           : " (which local is when "
                                             "nothing is said)",
                    key));
        }
    }
}

bool says_where(const Address& address) { return !address.url.empty() || !address.host.empty(); }

void check_remote(Reading& reading, const Environment& environment, const Member& member,
                  const Node& written) {
    const bool all_databases_have_one =
        !reading.manifest.databases.empty() &&
        std::all_of(reading.manifest.databases.begin(), reading.manifest.databases.end(),
                    [&](const Database& each) {
                        const auto found = environment.databases.find(each.key);
                        return found != environment.databases.end() && says_where(found->second);
                    });
    // A host that was written wrongly is a mistake already.
    if (!says_where(environment.postgres) && !all_databases_have_one && !written.find("host") &&
        !written.find("url") && !written.find("server")) {
        reading.mistake(
            member.place,
            fmt::format("the environment \"{}\" does not say where its server is; expected "
                        "host, url or server = \"private\"",
                        environment.name));
    }
}

void read_environment(Reading& reading, const Member& member, const Node& written,
                      const std::vector<std::string>& roles) {
    const Node& section = member.value;
    Environment environment;
    environment.name = member.key;
    environment.place = member.place;
    if (!is_name(member.key)) {
        reading.mistake(
            member.place,
            fmt::format("the environment is called \"{}\"; expected lower-case letters, "
                        "digits, - and _",
                        member.key));
    }
    environment.is_protected = boolean_of(section, "protected", false);
    environment.postgres = read_address(reading, section, member.place);
    environment.redis = read_url_or_section(reading, section, "redis");
    environment.shadow = read_url_or_section(reading, section, "shadow");
    environment.databases =
        read_overrides(reading, section, "databases", keys_of(reading.written, "databases"));
    environment.roles = read_overrides(reading, section, "roles", roles);
    const bool says_nothing = !says_where(environment.postgres) && environment.databases.empty();
    environment.is_private = section.find("server") || (member.key == "local" && says_nothing);
    if (environment.is_private) {
        check_private(reading, environment, section);
    } else {
        check_remote(reading, environment, member, written);
    }
    reading.manifest.environments.push_back(std::move(environment));
}

}  // namespace

void read_environments(Reading& reading) {
    auto roles = built_in_roles();
    for (const auto& role : keys_of(reading.written, "roles")) {
        roles.push_back(role);
    }
    const Node* written = reading.written.find("environments");
    for (const auto& member : members_of(reading.document, "environments")) {
        read_environment(reading, member, *written->find(member.key), roles);
    }
    auto& environments = reading.manifest.environments;
    const bool has_local =
        std::any_of(environments.begin(), environments.end(),
                    [](const Environment& each) { return each.name == "local"; });
    if (!has_local) {
        Environment local;
        local.name = "local";
        local.is_private = true;
        environments.insert(environments.begin(), std::move(local));
    }
}

}  // namespace caisson::platform

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/grants.h"
#include "platform/reading.h"
#include "platform/shape.h"

namespace caisson::platform {
namespace {

/// Part of an identifier of PostgreSQL, after the database's name.
bool is_role_name(std::string_view name) {
    return !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

void check_role_name(Reading& reading, const Member& member) {
    const auto& roles = built_in_roles();
    if (!is_role_name(member.key)) {
        reading.mistake(
            member.place,
            fmt::format("the role is called \"{}\"; expected lower-case letters, digits and "
                        "_, starting with a letter",
                        member.key));
    } else if (std::find(roles.begin(), roles.end(), member.key) != roles.end() ||
               member.key == "admin") {
        reading.mistake(
            member.place,
            fmt::format("the role \"{}\" is built in; expected another name", member.key),
            fmt::format("built in are: admin, {}", join(roles, ", ")));
    }
    for (const auto& database : reading.manifest.databases) {
        if (database.name.size() + 1 + member.key.size() > 63) {
            reading.mistake(
                member.place,
                fmt::format("the role's name in PostgreSQL, \"{}_{}\", has more than 63 "
                            "bytes; expected a shorter one",
                            database.name, member.key));
        }
    }
}

}  // namespace

void read_roles(Reading& reading) {
    const auto databases = keys_of(reading.written, "databases");
    for (const auto& member : members_of(reading.document, "roles")) {
        check_role_name(reading, member);
        Role role{member.key, texts_of(member.value, "grants"), texts_of(member.value, "databases"),
                  member.place};
        if (const Node* grants = member.value.find("grants")) {
            for (const auto& grant : grants->items) {
                std::string why;
                if (!parse_grant(grant.text, why)) {
                    reading.mistake(
                        grant.place,
                        fmt::format(
                            "the grant \"{}\" cannot be read ({}); expected one such as \"select "
                            "on businesses\"",
                            grant.text, why));
                }
            }
        }
        if (const Node* keys = member.value.find("databases")) {
            for (const auto& key : keys->items) {
                if (std::find(databases.begin(), databases.end(), key.text) == databases.end()) {
                    reading.mistake(
                        key.place,
                        fmt::format("the role \"{}\" names the database \"{}\", which is not "
                                    "declared; expected the key of one of [databases]",
                                    member.key, key.text),
                        suggestion(key.text, databases));
                }
            }
        }
        reading.manifest.roles.push_back(std::move(role));
    }
}

}  // namespace caisson::platform

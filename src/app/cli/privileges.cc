// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "app/cli/migrate.h"
#include "app/cli/replay.h"
#include "app/cli/users.h"
#include "base/text.h"
#include "lifecycle/migrations/migrations.h"
#include "lifecycle/proof/build.h"
#include "lifecycle/provision/plan.h"
#include "protection/privileges/matrix.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

struct Expectation {
    privileges::Privileges privileges;
    std::string basis;  ///< For people.
    std::vector<std::string> notes;
};

/// What roles should be able to do: what provisioning gives, as the migrations that are applied
/// have changed it, and the grants of the manifest.
Expectation expected(Context& context, pg::Connection& live, const platform::Database& database,
                     const std::vector<std::string>& roles) {
    const auto& run = context.run();
    const auto replay = replay_of(context, live, database);
    if (!replay.shadow.has_roles()) {
        throw Error(
            Code::database_rejected,
            fmt::format("the shadow {} has none of the platform's roles", replay.shadow.text()),
            "give its user CREATEROLE, or name no shadow: a server of its own is made");
    }
    proof::build(replay.shadow, run, database, replay.files, proof::features_of(replay.files),
                 context.arguments().has("--allow-programs"));
    pg::Connection admin(replay.shadow.admin());
    return {privileges::read_privileges(admin, roles), replay.basis, replay.shadow.notes()};
}

boost::json::value optional(const std::string& text) {
    return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
}

boost::json::object json_of(const privileges::Matrix& matrix) {
    boost::json::object objects;
    for (const auto& [object, by_role] : matrix) {
        boost::json::object roles;
        for (const auto& [role, rights] : by_role) {
            roles[role] = boost::json::array(rights.begin(), rights.end());
        }
        objects[object] = std::move(roles);
    }
    return objects;
}

/// The roles of the platform, and who they are in this environment.
struct Roles {
    std::vector<std::string> own;              ///< `main_db_app`
    std::map<std::string, std::string> users;  ///< To whom the environment has them connect as.
    std::vector<std::string> all;              ///< Whose rights are compared.
    std::vector<std::string> notes;
};

Roles roles_of(Context& context, const platform::Database& database) {
    Roles roles;
    std::vector<std::string> suffixes;
    for (const auto& [role, state] : provision::wanted_roles(context.run().manifest, database)) {
        roles.own.push_back(role);
        suffixes.push_back(role.substr(database.name.size() + 1));
    }
    const auto users = users_of(context, database, suffixes);
    for (std::size_t place = 0; place < suffixes.size(); ++place) {
        const auto& role = roles.own[place];
        const auto user = users.by_suffix.find(suffixes[place]);
        const bool is_other = user != users.by_suffix.end() && user->second != role;
        if (is_other) {
            roles.users[role] = user->second;
            roles.notes.push_back(fmt::format("{} connects as {}, who should have the rights of {}",
                                              suffixes[place], user->second, role));
        }
        const auto& name = is_other ? user->second : role;
        if (std::ranges::find(roles.all, name) == roles.all.end()) {
            roles.all.push_back(name);
        }
    }
    for (const auto& [suffix, why] : users.unknown) {
        roles.notes.push_back(fmt::format("it is not known as whom {} connects: {}", suffix, why));
    }
    return roles;
}

std::string sentence_of(const privileges::Deviation& deviation) {
    const std::string who = deviation.role == "public" ? "everybody" : deviation.role;
    if (deviation.right == "exist") {
        return who + (deviation.is_found ? " is there, and nothing makes it"
                                         : " is not there, and should be");
    }
    const auto what = deviation.object.empty()
                          ? deviation.right
                          : fmt::format("{} on {}", deviation.right, deviation.object);
    const auto verb = deviation.object.empty() ? (deviation.is_found ? "turns out to " : "should ")
                      : deviation.is_found     ? "may "
                                               : "may not ";
    const auto end = deviation.object.empty() ? (deviation.is_found ? "" : ", and is not")
                     : deviation.is_found     ? ", which nothing gives"
                                              : ", and should";
    return fmt::format("{} {}{}{}{}", who, verb, what,
                       deviation.by.empty() ? "" : " by way of " + deviation.by, end);
}

bool compare_one(Context& context, const platform::Database& database, boost::json::array& rows) {
    const auto& run = context.run();
    pg::Connection live(trust::role_settings(run, database, trust::Role::migrator));
    trust::require_ours(live, run, database);
    const auto roles = roles_of(context, database);
    const auto wanted = expected(context, live, database, roles.own);
    const auto found = privileges::read_privileges(live, roles.all);
    const auto deviations =
        privileges::compare(privileges::as_users(wanted.privileges, roles.users), found, roles.all,
                            trust::database_name(run, database));
    context.print(context.bold(database.name) + context.dim(" against " + wanted.basis));
    for (const auto* notes : {&wanted.notes, &roles.notes}) {
        for (const auto& note : *notes) {
            context.print("  note: " + note);
        }
    }
    if (context.arguments().has("--matrix")) {
        context.print(trim(privileges::to_table(found.matrix, roles.all)));
    }
    boost::json::array differences;
    for (const auto& deviation : deviations) {
        context.print(fmt::format("  {} {}", context.red("✗"), sentence_of(deviation)));
        context.print("      → " + deviation.remedy);
        differences.push_back(boost::json::object{{"role", deviation.role},
                                                  {"object", optional(deviation.object)},
                                                  {"privilege", deviation.right},
                                                  {"expected", !deviation.is_found},
                                                  {"found", deviation.is_found},
                                                  {"by", optional(deviation.by)},
                                                  {"remedy", deviation.remedy}});
    }
    context.print(deviations.empty()
                      ? fmt::format("  as it should be: {} of {}",
                                    counted(found.matrix.size(), "object"),
                                    counted(roles.all.size(), "role"))
                      : fmt::format("  {}", counted(deviations.size(), "difference")));
    rows.push_back(
        boost::json::object{{"database", database.name},
                            {"basis", wanted.basis},
                            {"roles", boost::json::array(roles.all.begin(), roles.all.end())},
                            {"matrix", json_of(found.matrix)},
                            {"differences", std::move(differences)}});
    return deviations.empty();
}

Exit run_verify_privileges(Context& context) {
    boost::json::array rows;
    bool holds = true;
    for (const auto& database : context.databases()) {
        holds = compare_one(context, database, rows) && holds;
    }
    context.result() = {{"holds", holds}, {"databases", std::move(rows)}};
    return holds ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> privileges_verbs() {
    return {
        {"verify privileges",
         "every right of every role, against what it should be",
         "Expected is what provisioning gives, what the applied migrations give and take, and "
         "[roles] of the manifest, made on a\n"
         "shadow. Found is what the roles of the live database may do, by whatever way. Changes "
         "nothing. Exit status 7 when they differ.",
         {{"--matrix", "", "show what every role may do with every table", {}}, programs_option()},
         "",
         "  caisson verify privileges --matrix\n  caisson -e production verify privileges --json",
         Needs::platform,
         run_verify_privileges},
    };
}

}  // namespace caisson::cli

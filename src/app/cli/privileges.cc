// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/catalogue.h"
#include "app/cli/context.h"
#include "app/cli/migrate.h"
#include "base/text.h"
#include "lifecycle/migrations/migrations.h"
#include "lifecycle/proof/drift.h"
#include "lifecycle/provision/plan.h"
#include "protection/isolation/matrix.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

struct Expectation {
    isolation::Matrix matrix;
    std::string basis;  ///< For people.
    std::vector<std::string> notes;
};

/// What roles should be able to do: what provisioning gives, as the migrations that are applied
/// have changed it, and the grants of the manifest.
Expectation expected(Context& context, pg::Connection& live, const platform::Database& database,
                     const std::vector<std::string>& roles) {
    const auto& run = context.run();
    const auto loaded = sources::load(database.migrations, run.manifest.features);
    const migrations::Mirror mirror(database.migrations, loaded);
    const auto files = proof::applied_files(
        loaded, mirror.look(live, loaded).history,
        [&](const migrations::Record& record) { return migrations::read_text(live, record); });
    shadow::Options how;
    how.major = live.server_version() / 10000;
    how.step = [&](const std::string& step) { context.busy(step); };
    const auto shadow = shadow::open(run, database, catalogue_steps(), how);
    if (!shadow.has_roles()) {
        throw Error(Code::database_rejected,
                    fmt::format("the shadow {} has none of the platform's roles", shadow.text()),
                    "give its user CREATEROLE, or name no shadow: a server of its own is made");
    }
    migrations::Features features;
    for (const auto& file : files) {
        if (!file.up.directives.feature.empty()) {
            features[file.up.directives.feature] = true;
        }
    }
    proof::build(shadow, run, database, files, features,
                 context.arguments().has("--allow-programs"));
    pg::Connection admin(shadow.admin());
    return {isolation::read_matrix(admin, roles),
            fmt::format("{} replayed on {}", counted(files.size(), "migration"), shadow.text()),
            shadow.notes()};
}

boost::json::object json_of(const isolation::Matrix& matrix) {
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

bool compare_one(Context& context, const platform::Database& database, boost::json::array& rows) {
    const auto& run = context.run();
    pg::Connection live(trust::role_settings(run, database, trust::Role::migrator));
    trust::require_ours(live, run, database);
    std::vector<std::string> roles;
    for (const auto& [role, state] : provision::wanted_roles(run.manifest, database)) {
        roles.push_back(role);
    }
    const auto wanted = expected(context, live, database, roles);
    const auto found = isolation::read_matrix(live, roles);
    const auto deviations =
        isolation::compare(wanted.matrix, found, trust::database_name(run, database));
    context.print(context.bold(database.name) + context.dim(" against " + wanted.basis));
    for (const auto& note : wanted.notes) {
        context.print("  note: " + note);
    }
    if (context.arguments().has("--matrix")) {
        context.print(trim(isolation::to_table(found, roles)));
    }
    boost::json::array differences;
    for (const auto& deviation : deviations) {
        context.print(fmt::format("  {} {} {} {} on {}{}", context.red("✗"),
                                  deviation.role == "public" ? "everybody" : deviation.role,
                                  deviation.is_found ? "may" : "may not", deviation.right,
                                  deviation.object,
                                  deviation.is_found ? ", which nothing gives" : ", and should"));
        context.print("      → " + deviation.remedy);
        differences.push_back(boost::json::object{{"role", deviation.role},
                                                  {"object", deviation.object},
                                                  {"privilege", deviation.right},
                                                  {"expected", !deviation.is_found},
                                                  {"found", deviation.is_found},
                                                  {"remedy", deviation.remedy}});
    }
    context.print(deviations.empty()
                      ? fmt::format("  as it should be: {} of {}", counted(found.size(), "object"),
                                    counted(roles.size(), "role"))
                      : fmt::format("  {}", counted(deviations.size(), "difference")));
    rows.push_back(boost::json::object{{"database", database.name},
                                       {"basis", wanted.basis},
                                       {"roles", boost::json::array(roles.begin(), roles.end())},
                                       {"matrix", json_of(found)},
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

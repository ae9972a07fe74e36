// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/proof/build.h"

#include <functional>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/histories/history.h"
#include "lifecycle/provision/plan.h"

namespace caisson::proof {
namespace {

/// Rights of the manifest's own roles follow the migrations; provisioning skips what does not
/// exist.
void give_rights(pg::Connection& admin, const trust::Run& run, const platform::Database& database) {
    for (const auto& grant : provision::grants(run.manifest, database)) {
        if (!grant.exists.empty() &&
            !admin.query("select " + grant.exists + " as there").front().boolean("there")) {
            continue;
        }
        std::string usage;
        for (const auto& schema : grant.schemas) {
            if (schema != "public") {
                usage += fmt::format("grant usage on schema {} to {};", pg::identifier(schema),
                                     pg::identifier(grant.role));
            }
        }
        admin.script(usage + grant.sql);
    }
}

}  // namespace

void make_tool_tables(pg::Connection& connection, const std::vector<platform::Source>& sources,
                      const std::vector<migrations::Migration>& files) {
    for (const auto& source : sources) {
        if (const auto tool = histories::history_of(source, files)) {
            connection.script(tool->protected_create_sql());
        }
    }
}

void build(const shadow::Shadow& shadow, const trust::Run& run, const platform::Database& database,
           const std::vector<migrations::Migration>& files, const migrations::Features& features,
           bool allow_programs) {
    shadow::Connections connections(shadow);
    make_tool_tables(connections(false), database.migrations, files);
    migrations::UpRequest request;
    request.rules = run.manifest.migrations;
    request.heads = platform::Policy::allow;
    request.rules.late = platform::Policy::allow;
    request.allow_programs = allow_programs;
    const migrations::Mirror mirror(database.migrations, files);
    migrations::Options options;
    options.rules = request.rules;
    options.mirror = &mirror;
    options.root = run.manifest.directory;
    options.allow_programs = allow_programs;
    migrations::up(std::ref(connections), files, features, request, options);
    give_rights(connections(true), run, database);
}

migrations::Features features_of(const std::vector<migrations::Migration>& applied) {
    migrations::Features features;
    for (const auto& file : applied) {
        if (!file.up.directives.feature.empty()) {
            features[file.up.directives.feature] = true;
        }
    }
    return features;
}

}  // namespace caisson::proof

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/proof/drift.h"

#include <map>
#include <string_view>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/histories/history.h"
#include "lifecycle/provision/plan.h"

namespace caisson::proof {
namespace {

/// A migration of which only the row in the history is left.
migrations::Migration from_record(const migrations::Record& record, std::string text) {
    migrations::Migration migration;
    migration.source = record.source;
    migration.format = "plain";
    migration.version = record.version;
    migration.name = record.name;
    migration.up.file = fmt::format("{}/{} (from the history)", record.source, record.title());
    migration.up.checksum = record.checksum;
    std::vector<sources::Mistake> ignored;
    migration.up.directives = sources::read_directives(text, migration.up.file, ignored);
    migration.up.text = std::move(text);
    return migration;
}

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

schema::Scope scope_of(const trust::Run& run, bool has_roles) {
    schema::Scope scope;
    scope.rights = true;
    scope.column_order = true;
    // The administrator of the shadow, and of the environment.
    scope.provisioned_roles = {"postgres"};
    for (const auto& database : run.manifest.databases) {
        try {
            scope.provisioned_roles.insert(trust::admin_settings(run, database).user);
        } catch (const Error& error) {
            // Who compares need not have the administrator's password.
            if (error.code() != Code::variable_invalid) {
                throw;
            }
        }
        for (const auto& [role, state] : provision::wanted_roles(run.manifest, database)) {
            if (!has_roles) {
                scope.provisioned_roles.insert(role);
            }
        }
    }
    return scope;
}

std::vector<migrations::Migration> applied_files(const std::vector<migrations::Migration>& files,
                                                 const migrations::History& history,
                                                 const migrations::TextOf& text_of) {
    using Key = std::pair<std::string_view, std::string_view>;
    std::map<Key, const migrations::Migration*> known;
    for (const auto& file : files) {
        known.emplace(Key(file.source, file.version), &file);
    }
    std::vector<migrations::Migration> applied;
    std::vector<std::string> problems;
    for (const auto& record : history) {
        const auto title = fmt::format("{}/{}", record.source, record.title());
        if (record.progress != migrations::Progress::applied) {
            problems.push_back(title + " is applied in part");
            continue;
        }
        const auto found = known.find(Key(record.source, record.version));
        const auto* file = found == known.end() ? nullptr : found->second;
        const bool is_same = file && file->up.checksum == record.checksum;
        auto text = is_same ? std::nullopt : text_of(record);
        if (!is_same && !text) {
            problems.push_back(
                title + (!file ? " has no file any more" : " was edited after it was applied") +
                ", and the text that was applied is not known");
            continue;
        }
        applied.push_back(file ? *file : from_record(record, *text));
        if (file && text) {
            applied.back().up.text = std::move(*text);
            applied.back().up.checksum = record.checksum;
        }
    }
    if (!problems.empty()) {
        throw Error(Code::migration_order,
                    "what is expected cannot be told: " + join(problems, "; "),
                    "bring the files back, finish what is half applied, or compare with what was "
                    "recorded: --recorded");
    }
    return applied;
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

schema::Snapshot replayed(const shadow::Shadow& shadow, const trust::Run& run,
                          const platform::Database& database,
                          const std::vector<migrations::Migration>& files,
                          const schema::Scope& scope, bool allow_programs) {
    // A file that is applied is applied, whatever its feature says today.
    migrations::Features features;
    for (const auto& file : files) {
        if (!file.up.directives.feature.empty()) {
            features[file.up.directives.feature] = true;
        }
    }
    build(shadow, run, database, files, features, allow_programs);
    pg::Connection admin(shadow.admin());
    return schema::snapshot(admin, scope);
}

}  // namespace caisson::proof

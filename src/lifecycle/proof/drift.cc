// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/proof/drift.h"

#include <map>
#include <string_view>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"
#include "lifecycle/proof/build.h"
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

}  // namespace

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

schema::Snapshot replayed(const shadow::Shadow& shadow, const trust::Run& run,
                          const platform::Database& database,
                          const std::vector<migrations::Migration>& files,
                          const schema::Scope& scope, bool allow_programs) {
    build(shadow, run, database, files, features_of(files), allow_programs);
    pg::Connection admin(shadow.admin());
    return schema::snapshot(admin, scope);
}

}  // namespace caisson::proof

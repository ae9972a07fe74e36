// SPDX-License-Identifier: Apache-2.0
#include "app/cli/advice_draft.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/migrate.h"
#include "base/text.h"
#include "lifecycle/lint/input.h"
#include "lifecycle/lint/lint.h"
#include "lifecycle/lint/rule.h"
#include "lifecycle/sources/sources.h"
#include "lifecycle/sources/sum.h"

namespace caisson::cli {
namespace {

using advice::Advice;

constexpr std::string_view concurrently = " concurrently ";

/// Whether PostgreSQL refuses it within a transaction.
bool is_alone(const std::string& statement) {
    return lower(statement).find(concurrently) != std::string::npos;
}

/// Fit to be run again after it was broken off.
std::string robust(std::string statement) {
    const auto lowered = lower(statement);
    const auto found = lowered.find(concurrently);
    if (found == std::string::npos) {
        return statement;
    }
    const std::string_view guard = lowered.starts_with("create ") ? "if not exists "
                                   : lowered.starts_with("drop ") ? "if exists "
                                                                  : "";
    return statement.insert(found + concurrently.size(), guard);
}

Way way_of(const Advice& advice, const std::vector<std::string>& statements) {
    Way way;
    way.sql = fmt::format("-- {}: {}\n", advice.rule, advice.summary);
    for (const auto& statement : statements) {
        way.sql += robust(statement) + ";\n";
        way.is_alone = way.is_alone || is_alone(statement);
    }
    return way;
}

lint::Settings lint_settings(const platform::Manifest& manifest) {
    lint::Settings settings;
    settings.runner_limits_locks = manifest.migrations.lock_timeout.count() > 0;
    lint::set_severities(settings, manifest.lint, Code::platform_invalid);
    return settings;
}

/// What the linter has against the files that were made, as `caisson migrate lint` would tell it.
std::vector<lint::Finding> findings_in(const platform::Manifest& manifest,
                                       const platform::Database& database,
                                       const sources::Created& created) {
    const auto input = lint::scripts_of(
        sources::load(database.migrations, manifest.features), manifest.migrations.transaction,
        [&](const sources::Migration& one) {
            return fs::weakly_canonical(one.up.path()) == fs::weakly_canonical(created.up);
        });
    return lint::lint(input.scripts, lint_settings(manifest));
}

/// Comments above the lines that something was found in; each statement is a line.
void silence(const fs::path& file, const std::vector<lint::Finding>& findings,
             const std::string& caution) {
    std::map<std::size_t, std::set<std::string>> rules;
    for (const auto& finding : findings) {
        if (fs::path(finding.file).filename() == file.filename()) {
            rules[finding.line].insert(std::string(finding.rule->id));
        }
    }
    if (rules.empty()) {
        return;
    }
    std::string text;
    std::size_t number = 0;
    const auto before = read_file(file);
    for (std::size_t begin = 0; begin < before.size();) {
        const auto end = std::min(before.find('\n', begin), before.size() - 1) + 1;
        if (const auto found = rules.find(++number); found != rules.end()) {
            const std::vector<std::string> names(found->second.begin(), found->second.end());
            text += fmt::format("-- caisson: lint-ignore {} {}\n", join(names, ", "), caution);
        }
        text += before.substr(begin, end - begin);
        begin = end;
    }
    write_file(file, text);
}

sources::Created write_draft(Context& context, const platform::Database& database,
                             const platform::Source& source, const AdviceDraft& draft) {
    const auto& manifest = context.run().manifest;
    const auto created = sources::create(source, {draft.rule, "drafted by caisson monitor advise"});
    fill_migration(draft.up, draft.down, created);
    sources::renew_sum(source);
    const auto findings = findings_in(manifest, database, created);
    for (const auto& finding : findings) {
        context.note(fmt::format("note: {}:{}: {} ({}); the draft accepts it", finding.file,
                                 finding.line, finding.message, finding.rule->id));
    }
    silence(created.up, findings, draft.caution);
    if (!created.down.empty()) {
        silence(created.down, findings, draft.caution);
    }
    sources::renew_sum(source);
    return created;
}

}  // namespace

std::vector<AdviceDraft> drafts_of(const std::vector<Advice>& all) {
    std::vector<AdviceDraft> drafts;
    for (const auto& advice : all) {
        const auto add = [&](const std::vector<std::string>& apply,
                             const std::vector<std::string>& undo) {
            drafts.push_back(
                {advice.rule, advice.caution, way_of(advice, apply), way_of(advice, undo)});
        };
        if (std::ranges::none_of(advice.apply, is_alone)) {
            add(advice.apply, advice.undo);
            continue;
        }
        // What was done last is undone first.
        const bool is_paired = advice.apply.size() == advice.undo.size();
        for (std::size_t i = 0; i < advice.apply.size(); ++i) {
            const auto undo = is_paired ? std::vector{advice.undo[advice.undo.size() - 1 - i]}
                              : i == 0  ? advice.undo
                                        : std::vector<std::string>();
            add({advice.apply[i]}, undo);
        }
    }
    return drafts;
}

void write_drafts(Context& context, const platform::Database& database,
                  const std::vector<AdviceDraft>& drafts) {
    boost::json::array rows;
    const auto* const source = context.dry_run() ? nullptr : &source_for_new(context, database);
    // A sum that does not hold is not made to hold by what comes next.
    if (source && sources::read_sum(*source)) {
        sources::load({*source}, context.run().manifest.features);
    }
    for (const auto& draft : drafts) {
        boost::json::object row{{"up_sql", draft.up.sql}, {"down_sql", draft.down.sql}};
        if (!source) {
            context.print(draft.up.sql);
        } else {
            const auto created = write_draft(context, database, *source, draft);
            context.print(created.up.string());
            row["up"] = created.up.string();
            if (!created.down.empty()) {
                context.print(created.down.string());
                row["down"] = created.down.string();
            }
        }
        rows.push_back(std::move(row));
    }
    context.result()["drafts"] = std::move(rows);
}

}  // namespace caisson::cli

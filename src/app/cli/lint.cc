// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/lint.h"

#include <algorithm>
#include <optional>
#include <set>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "app/cli/version.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/pg/connection.h"
#include "lifecycle/lint/input.h"
#include "lifecycle/lint/report.h"
#include "lifecycle/migrations/migrations.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

/// Files and folders can be looked at without a platform; where there is one, its rules hold.
const platform::Manifest* manifest_of(Context& context) {
    const bool is_needed =
        context.arguments().positionals.empty() || context.arguments().has("--directory");
    try {
        return &context.run().manifest;
    } catch (const Error& error) {
        if (is_needed || error.code() != Code::manifest_missing) {
            throw;
        }
        return nullptr;
    }
}

lint::Settings settings_of(const Context& context, const platform::Manifest* manifest) {
    lint::Settings settings;
    settings.runner_limits_locks = manifest && manifest->migrations.lock_timeout > 0ms;
    if (manifest) {
        try {
            lint::set_severities(settings, manifest->lint, Code::platform_invalid);
        } catch (Error& error) {
            throw error.at({manifest->file.filename().string(), 0, 0});
        }
    }
    if (!context.arguments().has("--rule")) {
        return settings;
    }
    // Only those named, at their own severity.
    std::map<std::string, lint::Severity> named;
    for (const auto& name : split(context.arguments().value("--rule"), ',')) {
        named[std::string(trim(name))] = lint::Severity::error;
    }
    lint::Settings only;
    only.runner_limits_locks = settings.runner_limits_locks;
    lint::set_severities(only, named, Code::usage);
    for (const auto& rule : lint::rules()) {
        const auto chosen = only.severities.find(&rule);
        if (chosen == only.severities.end()) {
            only.severities[&rule] = lint::Severity::off;
        } else {
            const auto configured = settings.severities.find(&rule);
            chosen->second =
                configured != settings.severities.end() && configured->second != lint::Severity::off
                    ? configured->second
                    : rule.severity;
        }
    }
    return only;
}

/// The files that git calls new or changed since a commit, by their real path.
std::set<fs::path> changed_since(const fs::path& directory, const std::string& commit) {
    const auto ask = [&](std::vector<std::string> words) {
        Command command;
        command.arguments = {"git", "-C", directory.string()};
        command.arguments.insert(command.arguments.end(), words.begin(), words.end());
        const auto done = run(command, 30s);
        if (!done.fine()) {
            throw Error(Code::usage,
                        fmt::format("git knows nothing of {}: {}", commit,
                                    trim(done.errors.substr(0, done.errors.find('\n')))),
                        "name a commit or branch of the repository that holds the migrations");
        }
        return done.output;
    };
    if (commit.rfind('-', 0) == 0) {
        throw Error(Code::usage, fmt::format("--since {} is no commit", commit),
                    "name a commit or branch, such as origin/main");
    }
    const fs::path top(std::string(trim(ask({"rev-parse", "--show-toplevel"}))));
    std::set<fs::path> files;
    const auto take = [&](const std::string& output, const fs::path& base) {
        for (const auto& name : split(output, '\0')) {
            if (!name.empty()) {
                files.insert((base / name).lexically_normal());
            }
        }
    };
    take(ask({"diff", "--name-only", "-z", "--diff-filter=d", commit, "--", "."}), top);
    take(ask({"ls-files", "--others", "--exclude-standard", "--full-name", "-z", "."}), top);
    return files;
}

bool is_pending(migrations::State state) {
    return state == migrations::State::pending || state == migrations::State::late ||
           state == migrations::State::partial || state == migrations::State::gated;
}

/// Versions that a database has not applied, as "source version".
std::set<std::string> pending_of(Context& context, const platform::Database& database,
                                 const std::vector<sources::Migration>& files) {
    pg::Connection connection(trust::role_settings(context.run(), database, trust::Role::migrator));
    trust::require_ours(connection, context.run(), database);
    const auto history = migrations::read_history(connection);
    std::set<std::string> pending;
    for (const auto& row : migrations::status(files, history, context.run().manifest.features)) {
        if (row.migration && is_pending(row.state)) {
            pending.insert(row.source() + " " + row.version());
        }
    }
    return pending;
}

lint::Input input_of(Context& context, const platform::Manifest* manifest) {
    const auto& arguments = context.arguments();
    if (!arguments.positionals.empty()) {
        if (arguments.has("--pending") || arguments.has("--since")) {
            throw Error(Code::usage, "--pending and --since choose among a platform's migrations",
                        "leave out the files, or the option");
        }
        return lint::scripts_at({arguments.positionals.begin(), arguments.positionals.end()});
    }
    std::optional<std::set<fs::path>> changed;
    if (arguments.has("--since")) {
        changed = changed_since(manifest->directory, arguments.value("--since"));
    }
    lint::Input input;
    for (const auto& database : context.databases()) {
        auto files = sources::load(database.migrations, manifest->features);
        std::optional<std::set<std::string>> pending;
        if (arguments.has("--pending")) {
            pending = pending_of(context, database, files);
        }
        const auto is_wanted = [&](const sources::Migration& one) {
            return (!pending || pending->contains(one.source + " " + one.version)) &&
                   (!changed || changed->contains(fs::weakly_canonical(one.up.path())));
        };
        input.append(
            lint::scripts_of(std::move(files), manifest->migrations.transaction, is_wanted));
    }
    return input;
}

Exit run_lint(Context& context) {
    const auto* const manifest = manifest_of(context);
    const auto settings = settings_of(context, manifest);
    const auto input = input_of(context, manifest);
    const auto findings = lint::lint(input.scripts, settings);
    for (const auto& note : input.notes) {
        context.note(note);
    }
    const auto format = context.arguments().value("--format", "text");
    if (context.json()) {
        context.result() = boost::json::parse(lint::to_json(findings, input.files)).as_object();
    } else if (format == "json") {
        context.emit(lint::to_json(findings, input.files) + "\n");
    } else if (format == "sarif") {
        context.emit(lint::to_sarif(findings, version()) + "\n");
    } else if (format == "github") {
        context.emit(lint::to_github(findings));
    } else {
        context.emit(lint::to_text(findings, input.files, {context.colours()}));
    }
    const auto sum = lint::counts(findings);
    const bool is_strict = context.arguments().has("--strict");
    return sum.errors > 0 || (is_strict && sum.warnings > 0) ? Exit::findings : Exit::fine;
}

}  // namespace

std::vector<Verb> lint_verbs() {
    return {
        {"migrate lint",
         "finds what would lock, lose or break something, before it runs",
         "Without a file: every migration of the platform. Rules, severities and comments that "
         "silence them are in docs/reference/lint.md.\n"
         "Exit status 7 when something of severity error is found; with --strict, anything.",
         {{"--format",
           "FORMAT",
           "how the findings are written (default: text)",
           {"text", "json", "sarif", "github"}},
          {"--rule", "RULE[,RULE]", "only these rules, opt-in ones too", {}},
          {"--pending", "", "only what the database has not applied yet", {}},
          {"--since", "COMMIT", "only files that git calls new or changed since then", {}},
          {"--strict", "", "warnings fail too", {}}},
         "[FILE|DIR…]",
         "  caisson migrate lint\n  caisson migrate lint --since origin/main --format github\n  "
         "caisson migrate lint db/migrations --format sarif > lint.sarif\n  caisson -e "
         "production migrate lint --pending --strict",
         Needs::nothing,
         run_lint}};
}

}  // namespace caisson::cli

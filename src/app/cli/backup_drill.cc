// SPDX-License-Identifier: Apache-2.0
// The verb that proves a backup: backup drill.
#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "app/cli/backup.h"
#include "app/cli/backup_keep.h"
#include "app/cli/backup_physical.h"
#include "app/cli/backup_restore.h"
#include "app/cli/catalogue.h"
#include "app/cli/journaling.h"
#include "app/cli/verification.h"
#include "app/cli/version.h"
#include "base/text.h"
#include "lifecycle/checks/checks.h"
#include "operations/backups/drill/drill.h"
#include "operations/backups/sets/lease.h"

namespace caisson::cli {
namespace {

/// The platform's own checks; the built-in ones ask for what is of the environment.
backups::Checked ask_checks(Context& context, pg::Connection& connection,
                            const platform::Database& database) {
    const auto& manifest = context.run().manifest;
    checks::Options options;
    options.manifest = manifest;
    options.database = database;
    options.environment = context.run().environment;
    options.checks = checks::of_database(checks::load(manifest), manifest, database, true);
    for (const auto& check : options.checks) {
        options.only.push_back(check.name);
    }
    backups::Checked checked;
    if (options.only.empty()) {
        return checked;
    }
    std::optional<std::vector<std::string>> now;
    for (const auto& verdict : checks::run(connection, options).verdicts) {
        ++checked.asked;
        if (!verdict.is_grave()) {
            continue;
        }
        if (!now) {
            now = failing_now(context.run(), database);
        }
        std::vector<std::string> names{verdict.name};
        const auto alike = take_alike(names, *now);
        checked.alike.insert(checked.alike.end(), alike.begin(), alike.end());
        if (alike.empty()) {
            checked.failing.push_back(fmt::format("{}: expected {}, found {}", verdict.name,
                                                  verdict.expected, verdict.found));
        }
    }
    return checked;
}

void print_receipt(Context& context, const backups::Receipt& receipt, const fs::path& file) {
    for (const auto& trial : receipt.trials) {
        context.print(fmt::format("{} {:<28} {:>7.1f} s  {}",
                                  trial.passed ? context.green("✓") : context.red("✗"), trial.name,
                                  trial.seconds, trial.detail));
    }
    context.print(fmt::format(
        "{} is {}; restored after {:.1f} s; receipt {}", receipt.set,
        receipt.passed() ? context.green(receipt.is_small ? "proven by a small drill" : "proven")
                         : context.red("not proven"),
        receipt.restore_seconds, file.filename().string()));
}

backups::Receipt drill_of(Context& context, const SetSource& source) {
    backups::DrillOptions options;
    options.sealing = source.sealing;
    options.catalogue = catalogue_steps();
    options.is_small = context.arguments().has("--small");
    options.program = version();
    options.checks = [&](pg::Connection& connection, const platform::Database& database) {
        return ask_checks(context, connection, database);
    };
    options.progress = [&](const std::string& what, std::uint64_t, std::uint64_t) {
        context.busy(what);
    };
    return backups::drill_logical(context.run(), source.repository, source.found, options);
}

Exit run_drill(Context& context) {
    const auto& run = context.run();
    const auto source = set_source(context, context.arguments().positional("latest"));
    const auto& set = source.found.set;
    const auto& repository = source.repository;
    if (context.dry_run()) {
        context.print(
            fmt::format("would restore {} from {} and compare it", set.id, repository.name()));
        return Exit::fine;
    }
    require_right_key(source);  // Of the key, and not of the set, a receipt would tell.
    const auto lease = backups::lease(repository, set.id, "backup drill");
    const auto receipt = set.is_physical() ? drill_physical(context, repository, source.found)
                                           : drill_of(context, source);
    const auto file = backups::keep_receipt(repository, receipt, journal::ensure_key(run));
    print_receipt(context, receipt, file);
    remember_backup(context, "backup drill",
                    boost::json::parse(backups::to_json(receipt)).as_object());
    context.result() = boost::json::parse(backups::to_json(receipt)).as_object();
    return receipt.passed() ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> backup_drill_verbs() {
    auto drill_options = source_options();
    drill_options.insert(drill_options.begin(),
                         Option{"--small", "", "without reading every page", {}});
    return {
        {.name = "backup drill",
         .summary = "proves a backup: restores it on servers of its own and looks",
         .details = "Every table is compared with the manifest, every heap and index is read, and "
                    "the platform's checks are asked; of a physical set, at a random moment of the "
                    "last hour that "
                    "the log reaches. The receipt is signed and kept in the "
                    "repository; a backup without one is unproven. Exit status 7 when it is not "
                    "proven. The databases of the environment are not touched.",
         .options = drill_options,
         .positional = "[SET]",
         .examples = "  caisson backup drill                # the newest\n"
                     "  caisson backup drill --small 20261126T210633Z",
         .run = run_drill},
    };
}

}  // namespace caisson::cli

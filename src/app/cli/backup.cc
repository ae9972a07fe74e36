// SPDX-License-Identifier: Apache-2.0
// The verb that makes backups: backup create.
#include "app/cli/backup.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup_bar.h"
#include "app/cli/backup_keep.h"
#include "app/cli/backup_physical.h"
#include "app/cli/journaling.h"
#include "base/crypto.h"
#include "base/text.h"
#include "operations/backups/logical/logical.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

backups::LogicalOptions logical_options(Context& context, BackupBar& bar) {
    backups::LogicalOptions options;
    const auto passphrase = backups::ensure_passphrase(context.run());
    if (passphrase && passphrase->is_made) {
        context.note(context.yellow(fmt::format(
            "note: backups are encrypted with the key in {}; keep a copy of it on another machine: "
            "without it nothing can be restored",
            passphrase->file.string())));
    }
    options.sealing = backups::sealing_key(passphrase);
    options.signing = journal::ensure_key(context.run());
    if (options.signing) {
        backups::remember_signer(context.run(), *options.signing);
    }
    options.progress = bar.progress();
    return options;
}

/// The other repositories get what is newer than their newest. One that is away, or full, is no
/// reason to call the backup failed: it is said, and made good the next time.
boost::json::array copy_to_others(Context& context,
                                  const std::vector<backups::Repository>& repositories,
                                  BackupBar& bar) {
    boost::json::array copies;
    const auto& first = repositories.front();
    const auto sets = first.sets();
    for (std::size_t i = 1; i < repositories.size(); ++i) {
        const auto& other = repositories[i];
        try {
            other.prepare();
            const auto lock = other.lock("copying backups");
            other.remove_unfinished();
            const auto there = other.sets();
            for (const auto& found : sets) {
                if (!found.mistake.empty() || found.set.is_physical() ||
                    (!there.empty() && found.set.id <= there.back().set.id)) {
                    continue;
                }
                std::uint64_t done = 0;
                other.copy_from(first, found, [&](std::uint64_t bytes) {
                    done += bytes;
                    bar.show("copying to " + other.name(), done, found.set.stored_bytes);
                });
                copies.push_back(
                    boost::json::object{{"set", found.set.id}, {"repository", other.name()}});
            }
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            context.note(context.yellow(
                fmt::format("note: {} has no copy yet: {}; the next backup copies what is missing",
                            other.name(), error.message())));
            copies.push_back(
                boost::json::object{{"repository", other.name()}, {"error", error.message()}});
        }
    }
    return copies;
}

void print_set(Context& context, const backups::Set& set, const std::string& where) {
    std::uint64_t rows = 0;
    for (const auto& table : set.tables) {
        rows += table.rows;
    }
    context.print(fmt::format("{} {}: {} of {}, {} stored in {}", context.green("✓"), set.id,
                              counted(rows, "row"), counted(set.tables.size(), "table"),
                              human_bytes(set.stored_bytes), where));
}

Exit run_create(Context& context) {
    const auto kind = context.arguments().value("--kind", "logical");
    if (kind != "logical") {
        return create_physical(context, *backups::kind_named(kind));
    }
    const auto& run = context.run();
    const auto repositories = backups::repositories_of(run);
    if (repositories.empty()) {
        throw Error(Code::usage, "no repository of [backups.repositories] is a directory");
    }
    const auto databases = context.databases();
    const auto& first = repositories.front();
    for (const auto& database : databases) {
        pg::Connection connection(trust::role_settings(run, database, trust::Role::backup));
        trust::require_ours(connection, run, database);
    }
    if (context.dry_run()) {
        for (const auto& database : databases) {
            context.print(fmt::format("would dump {} to {}", database.name, first.path().string()));
        }
        return Exit::fine;
    }
    BackupBar bar(context);
    auto options = logical_options(context, bar);
    first.prepare();
    backups::Found found;
    boost::json::array copies;
    {
        const auto lock = first.lock("making a backup");
        for (const auto& left : first.remove_unfinished()) {
            context.note(fmt::format("note: removed {}, which was never finished", left));
        }
        found = backups::create_logical(run, databases, first, options);
        copies = copy_to_others(context, repositories, bar);
    }
    bar.end();
    print_set(context, found.set, first.name());
    remember_backup(context, "backup create",
                    {{"set", found.set.id},
                     {"kind", backups::name_of(found.set.kind)},
                     {"manifest_sha256", sha256_hex(found.json)},
                     {"repository", first.name()},
                     {"bytes", found.set.stored_bytes}});
    context.result() = {{"set", found.set.id},
                        {"kind", backups::name_of(found.set.kind)},
                        {"bytes", found.set.bytes},
                        {"stored_bytes", found.set.stored_bytes},
                        {"tables", found.set.tables.size()},
                        {"copies", std::move(copies)}};
    return Exit::fine;
}

}  // namespace

std::vector<Verb> backup_verbs() {
    return {
        {.name = "backup create",
         .summary = "a backup: of the databases, or of the whole server",
         .details =
             "A logical one dumps each database, roles, Redis and the platform's files: portable, "
             "restorable table by table. A physical one (full, differential, incremental) is "
             "pgBackRest's copy of the server with its log, restorable to any moment; the first "
             "one "
             "begins the archiving. Compressed with zstd, encrypted as [backups] says, signed with "
             "the journal's key. A set counts when it is whole; one that is not is removed by the "
             "next run. Copies of logical sets go to the other repositories.",
         .options = {{"--kind",
                      "KIND",
                      "what is made (default: logical)",
                      {"logical", "full", "differential", "incremental"}},
                     {"--repository", "NAME", "of a physical one: another than the first", {}}},
         .positional = "",
         .examples = "  caisson backup create                 # of all databases\n"
                     "  caisson backup create -d compliance   # of one\n"
                     "  caisson backup create --kind full     # of the server",
         .run = run_create},
    };
}

}  // namespace caisson::cli

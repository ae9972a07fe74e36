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
    const auto passphrase =
        backups::ensure_passphrase(context.run(), context.arguments().has("--new-key"));
    if (passphrase && passphrase->is_made) {
        context.note(context.yellow("note: " + backups::note_of_new_key(*passphrase)));
    }
    options.sealing = backups::sealing_key(passphrase);
    options.signing = journal::ensure_key(context.run());
    if (options.signing) {
        backups::remember_signer(context.run(), *options.signing);
    }
    options.progress = bar.progress();
    return options;
}

/// What the other repositories got, and what they still lack.
struct Copies {
    boost::json::array rows;
    std::vector<std::string> missing;  ///< A sentence for each copy that could not be made.
};

/// The sets of the first repository that the other one lacks and nobody removed there on purpose,
/// the newest first: one that is damaged, or a disk that is full, must not keep the newest away.
class Copying {
 public:
    Copying(Context& context, const backups::Repository& first, BackupBar& bar, Copies& copies)
        : context_(context), first_(first), bar_(bar), copies_(copies) {}

    void copy_to(const backups::Repository& other, const std::string& begun) {
        try {
            backups::make_repository(context_.run(), other, begun == other.name());
            const auto lock = other.lock("copying backups");
            other.remove_unfinished();
            const auto there = other.sets();
            const auto removed = other.removed();
            auto sets = first_.sets();
            std::ranges::reverse(sets);
            for (const auto& found : sets) {
                const auto copy = std::ranges::find_if(
                    there, [&](const backups::Found& each) { return each.set.id == found.set.id; });
                if (!found.mistake.empty() || found.set.is_physical() ||
                    removed.contains(found.set.id)) {
                    continue;
                }
                if (copy == there.end()) {
                    copy_set(other, found);
                } else if (!copy->mistake.empty()) {
                    miss(other, found.set.id, "the copy there: " + copy->mistake);
                }
            }
        } catch (const Error& error) {
            miss(other, "", error);
        }
    }

 private:
    void copy_set(const backups::Repository& other, const backups::Found& found) {
        std::uint64_t done = 0;
        try {
            other.copy_from(first_, found, [&](std::uint64_t bytes) {
                done += bytes;
                bar_.show("copying to " + other.name(), done, found.set.stored_bytes);
            });
            copies_.rows.push_back(
                boost::json::object{{"set", found.set.id}, {"repository", other.name()}});
        } catch (const Error& error) {
            miss(other, found.set.id, error);
        }
    }
    void miss(const backups::Repository& other, const std::string& set, const Error& error) {
        if (error.code() == Code::interrupted) {
            throw error;
        }
        miss(other, set, error.message());
    }
    void miss(const backups::Repository& other, const std::string& set, const std::string& why) {
        copies_.missing.push_back(fmt::format("{} has no copy{}: {}", other.name(),
                                              set.empty() ? "" : " of " + set, why));
        copies_.rows.push_back(
            boost::json::object{{"set", set}, {"repository", other.name()}, {"error", why}});
    }

    Context& context_;
    const backups::Repository& first_;
    BackupBar& bar_;
    Copies& copies_;
};

void print_set(Context& context, const backups::Set& set, const std::string& where) {
    std::uint64_t rows = 0;
    for (const auto& table : set.tables) {
        rows += table.rows;
    }
    context.print(fmt::format("{} {}: {} of {}, {} stored in {}", context.green("✓"), set.id,
                              counted(rows, "row"), counted(set.tables.size(), "table"),
                              human_bytes(set.stored_bytes), where));
}

/// A passphrase that was mistyped would seal sets that nobody can open.
void require_known_key(Context& context, const backups::Repository& repository,
                       const std::optional<SealingKey>& key) {
    if (!key || context.arguments().has("--new-key")) {
        return;
    }
    auto sets = repository.sets();
    std::erase_if(sets, [](const backups::Found& found) {
        return !found.mistake.empty() || found.set.is_physical() || found.set.key.empty();
    });
    if (!sets.empty() && sets.back().set.key != key->id()) {
        throw Error(Code::backup_key,
                    fmt::format("this key ({}) is not the one that sealed {} ({})", key->id(),
                                sets.back().set.id, sets.back().set.key),
                    "give that key; or, where there is a new one on purpose, --new-key once");
    }
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
    const auto begun = context.arguments().value("--begin");
    if (!begun.empty()) {
        repository_named(repositories, begun);
    }
    for (const auto& database : databases) {
        pg::Connection connection(trust::role_settings(run, database, trust::Role::backup));
        trust::require_ours(connection, run, database);
    }
    if (context.dry_run()) {
        boost::json::array names;
        for (const auto& database : databases) {
            context.print(fmt::format("would dump {} to {}", database.name, first.path().string()));
            names.emplace_back(database.name);
        }
        context.print(
            fmt::format("and its roles{} and the platform's files{}{}",
                        run.manifest.backups.redis && trust::redis_settings(run) ? ", Redis" : "",
                        run.manifest.backups.encrypt ? ", encrypted" : "",
                        repositories.size() > 1
                            ? fmt::format(", with copies in {} more", repositories.size() - 1)
                            : ""));
        context.result() = {{"kind", "logical"},
                            {"databases", std::move(names)},
                            {"repository", first.name()},
                            {"directory", first.path().string()}};
        return Exit::fine;
    }
    BackupBar bar(context);
    backups::make_repository(run, first, begun == first.name());
    auto options = logical_options(context, bar);
    require_known_key(context, first, options.sealing);
    backups::Found found;
    Copies copies;
    {
        const auto lock = first.lock("making a backup");
        for (const auto& left : first.remove_unfinished()) {
            context.note(fmt::format("note: removed {}, which was never finished", left));
        }
        found = backups::create_logical(run, databases, first, options);
        Copying copying(context, first, bar, copies);
        for (std::size_t i = 1; i < repositories.size(); ++i) {
            copying.copy_to(repositories[i], begun);
        }
    }
    bar.end();
    print_set(context, found.set, first.name());
    for (const auto& note : found.set.notes) {
        context.note(context.yellow("note: " + note));
    }
    for (const auto& missing : copies.missing) {
        context.print(fmt::format("{} {}", context.red("✗"), missing));
    }
    if (!copies.missing.empty()) {
        context.print("    → the next backup copies what is missing");
    }
    remember_backup(
        context, "backup create",
        {{"set", found.set.id},
         {"kind", backups::name_of(found.set.kind)},
         {"manifest_sha256", sha256_hex(found.json)},
         {"repository", first.name()},
         {"bytes", found.set.stored_bytes},
         {"copies_missing", boost::json::array(copies.missing.begin(), copies.missing.end())}});
    const bool is_copied = copies.missing.empty();
    context.result() = {
        {"set", found.set.id},
        {"kind", backups::name_of(found.set.kind)},
        {"bytes", found.set.bytes},
        {"stored_bytes", found.set.stored_bytes},
        {"tables", found.set.tables.size()},
        {"notes", boost::json::array(found.set.notes.begin(), found.set.notes.end())},
        {"copies", std::move(copies.rows)}};
    return is_copied ? Exit::fine : Exit::findings;
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
             "next run. The other repositories get a copy of every logical set that they lack, the "
             "newest first; exit status 7 when a copy could not be made. A repository that was "
             "there and is not any more is not made again unasked.",
         .options = {{"--kind",
                      "KIND",
                      "what is made (default: logical)",
                      {"logical", "full", "differential", "incremental"}},
                     {"--new-key", "", "the key is another one than that of the newest set", {}},
                     {"--repository", "NAME", "of a physical one: another than the first", {}},
                     {"--begin", "REPOSITORY", "makes this repository again where it was", {}}},
         .positional = "",
         .examples = "  caisson backup create                 # of all databases\n"
                     "  caisson backup create -d compliance   # of one\n"
                     "  caisson backup create --kind full     # of the server",
         .run = run_create},
    };
}

}  // namespace caisson::cli

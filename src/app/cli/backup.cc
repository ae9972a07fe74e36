// SPDX-License-Identifier: Apache-2.0
// The verbs that make backups and put them back: backup create, backup restore.
#include "app/cli/backup.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/journaling.h"
#include "app/cli/steps.h"
#include "app/cli/users.h"
#include "base/crypto.h"
#include "base/text.h"
#include "operations/backups/logical/restore.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

/// A bar that counts kilobytes; rebuilt when another thing begins.
class Bar {
 public:
    explicit Bar(Context& context) : context_(context) {}
    void show(const std::string& what, std::uint64_t done, std::uint64_t total) {
        if (!bar_ || total != total_) {
            bar_.reset();
            bar_.emplace(context_, "backup", std::max<std::uint64_t>(total >> 10U, 1));
            total_ = total;
        }
        bar_->show(done >> 10U, what);
    }
    void end() { bar_.reset(); }

 private:
    Context& context_;
    std::optional<Progress> bar_;
    std::uint64_t total_ = 0;
};

backups::LogicalOptions logical_options(Context& context, Bar& bar) {
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
    options.progress = [&bar](const std::string& what, std::uint64_t done, std::uint64_t total) {
        bar.show(what, done, total);
    };
    return options;
}

/// The other repositories get what is newer than their newest. One that is away, or full, is no
/// reason to call the backup failed: it is said, and made good the next time.
boost::json::array copy_to_others(Context& context,
                                  const std::vector<backups::Repository>& repositories, Bar& bar) {
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
    Bar bar(context);
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
    for (const auto& database : databases) {
        tell_journal(context, database, journal::kinds::finish, "backup create",
                     {{"set", found.set.id},
                      {"kind", backups::name_of(found.set.kind)},
                      {"manifest_sha256", sha256_hex(found.json)},
                      {"repository", first.name()},
                      {"bytes", found.set.stored_bytes}});
    }
    context.result() = {{"set", found.set.id},
                        {"kind", backups::name_of(found.set.kind)},
                        {"bytes", found.set.bytes},
                        {"stored_bytes", found.set.stored_bytes},
                        {"tables", found.set.tables.size()},
                        {"copies", std::move(copies)}};
    return Exit::fine;
}

/// `--into NAME`: beside the database; nothing: in its place.
std::string new_name(Context& context, const platform::Database& database,
                     const backups::Set& set) {
    return context.arguments().value(
        "--into", fmt::format("{}_restored_{}", trust::database_name(context.run(), database),
                              set.id.substr(set.id.size() - 4)));
}

struct Outcome {
    backups::Restored restored;
    std::string kept;  ///< The database that was replaced.
};

void print_outcome(Context& context, const Outcome& outcome) {
    const auto& restored = outcome.restored;
    context.print(fmt::format("{} {}: {} of {}, compared with the backup",
                              restored.differences.empty() ? context.green("✓") : context.red("✗"),
                              restored.database, counted(restored.rows, "row"),
                              counted(restored.tables, "table")));
    for (const auto& difference : restored.differences) {
        context.print("    " + difference);
    }
    if (!outcome.kept.empty()) {
        context.print(
            fmt::format("  → what was there before is kept as {}; drop it when nothing of "
                        "it is needed",
                        outcome.kept));
    }
}

Outcome restore_one(Context& context, const backups::Repository& repository,
                    const backups::Set& set, const platform::Database& database, Bar& bar) {
    const auto& run = context.run();
    const auto& arguments = context.arguments();
    backups::RestoreOptions options;
    if (!set.key.empty()) {
        options.sealing = backups::sealing_key(backups::find_passphrase(run));
    }
    if (arguments.has("--table")) {
        options.tables = split(arguments.value("--table"), ',');
    }
    options.progress = [&bar](const std::string& what, std::uint64_t done, std::uint64_t total) {
        bar.show(what, done, total);
    };
    const auto name = new_name(context, database, set);
    Outcome outcome;
    outcome.restored =
        backups::restore_database(run.variables, repository, set, database.key,
                                  trust::server_settings(run, database), name, options);
    bar.end();
    const bool is_beside = arguments.has("--into") || arguments.has("--table");
    if (!is_beside && outcome.restored.differences.empty()) {
        const auto present = trust::database_name(run, database);
        outcome.kept = fmt::format("{}_before_{}", present, set.id.substr(set.id.size() - 4));
        pg::Connection admin(trust::server_settings(run, database));
        if (admin.query("select from pg_database where datname = $1", {present}).empty()) {
            outcome.kept.clear();
        }
        backups::take_place(admin, name, present, outcome.kept);
        outcome.restored.database = present;
    }
    return outcome;
}

Exit run_restore(Context& context) {
    const auto& run = context.run();
    const auto& arguments = context.arguments();
    const auto repositories = present_repositories(context);
    const auto known = the_set(repositories, arguments.positional("latest"));
    const auto& set = known.found.set;
    if (!known.found.mistake.empty()) {
        throw Error(Code::backup_damaged, fmt::format("{}: {}", set.id, known.found.mistake));
    }
    if (const auto signature = signature_text(context, known.found); signature != "signed") {
        if (signature.starts_with("altered")) {
            throw Error(Code::backup_damaged,
                        fmt::format("the manifest of {} was {}", set.id, signature));
        }
        context.note(fmt::format("note: the manifest of {} is {}", set.id, signature));
    }
    const auto& repository = repository_named(repositories, known.repositories.front());
    const bool is_beside = arguments.has("--into") || arguments.has("--table");
    const auto databases = is_beside ? std::vector{context.one_database()} : context.databases();
    context.print(fmt::format("{} of {}; what came after it is not in it", set.id, set.started));
    if (context.dry_run()) {
        for (const auto& database : databases) {
            context.print(fmt::format("would restore {} as {}", database.name,
                                      is_beside ? new_name(context, database, set)
                                                : trust::database_name(run, database)));
        }
        return Exit::fine;
    }
    if (!is_beside) {
        for (const auto& database : databases) {
            trust::require_consent(run, database, "backup restore", arguments.value("--confirm"),
                                   context.yes());
        }
    }
    provision_databases(context, false);
    Bar bar(context);
    boost::json::array rows;
    bool is_equal = true;
    for (const auto& database : databases) {
        const auto outcome = restore_one(context, repository, set, database, bar);
        print_outcome(context, outcome);
        is_equal = is_equal && outcome.restored.differences.empty();
        rows.push_back(boost::json::object{
            {"database", outcome.restored.database},
            {"kept", outcome.kept},
            {"tables", outcome.restored.tables},
            {"rows", outcome.restored.rows},
            {"differences", boost::json::array(outcome.restored.differences.begin(),
                                               outcome.restored.differences.end())}});
    }
    if (!is_beside && is_equal) {
        // Rights, steps of the schema caisson and the identity, as for any copy of a database.
        provision_databases(context, true);
        for (const auto& database : databases) {
            tell_journal(context, database, journal::kinds::finish, "backup restore",
                         {{"set", set.id}, {"manifest_sha256", sha256_hex(known.found.json)}});
        }
    }
    context.result() = {{"set", set.id}, {"databases", std::move(rows)}};
    return is_equal ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> backup_verbs() {
    return {
        {.name = "backup create",
         .summary = "a backup of the databases, roles, Redis and the platform's files",
         .details =
             "Compressed with zstd and encrypted as [backups] says; the manifest is signed "
             "with the journal's key. A set counts when it is whole; one that is not whole is "
             "removed by the next run. Copies go to the other repositories.",
         .options = {},
         .positional = "",
         .examples = "caisson backup create                 # of all databases\n"
                     "caisson backup create -d compliance   # of one",
         .run = run_create},
        {.name = "backup restore",
         .summary = "a backup put back, compared with what it held",
         .details =
             "SET is an id, its beginning, or `latest`. It is restored into a new database "
             "first, and compared table by table; only then it takes the place of the present "
             "one, which is kept under another name.",
         .options =
             {{"--into", "NAME", "as a database of this name, beside the present one", {}},
              {"--table",
               "TABLES",
               "the rows of these tables alone (schema.table, with commas), in a new database",
               {}}},
         .positional = "[SET]",
         .examples = "caisson backup restore latest --yes\n"
                     "caisson backup restore latest --into look_at_it -d compliance\n"
                     "caisson backup restore latest --table public.users --into users_of_yesterday",
         .run = run_restore},
    };
}

}  // namespace caisson::cli

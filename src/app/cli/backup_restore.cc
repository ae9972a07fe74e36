// SPDX-License-Identifier: Apache-2.0
// The verb that puts a backup back: backup restore; and the step of `up --from`.
#include "app/cli/backup_restore.h"

#include <algorithm>
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup_bar.h"
#include "app/cli/backup_keep.h"
#include "app/cli/journaling.h"
#include "app/cli/steps.h"
#include "base/crypto.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "drivers/redis/connection.h"
#include "operations/backups/sets/lease.h"
#include "trust/identity.h"
#include "trust/redis.h"

namespace caisson::cli {
namespace {

/// The run as it would be in another environment.
trust::Run run_in(const trust::Run& run, const std::string& environment) {
    auto other = run;
    other.environment = run.manifest.environment(environment);
    other.state =
        platform::state_of(run.manifest, other.environment, run.variables, run.account.has_value());
    return other;
}

std::optional<SealingKey> key_for(const trust::Run& run, const backups::Set& set) {
    if (set.key.empty()) {
        return std::nullopt;
    }
    if (const auto given = run.variables.find("CAISSON_BACKUP_KEY");
        given != run.variables.end() && !given->second.empty()) {
        return SealingKey::of(Secret(given->second));
    }
    return backups::sealing_key(backups::find_passphrase(run));
}

/// A manifest that was altered is no backup; one that nobody known signed is said to be so.
void check_manifest(Context& context, const backups::Found& found) {
    if (!found.mistake.empty()) {
        throw Error(Code::backup_damaged, fmt::format("{}: {}", found.set.id, found.mistake));
    }
    const auto signature = signature_text(context, found);
    if (signature.starts_with("altered")) {
        throw Error(Code::backup_damaged,
                    fmt::format("the manifest of {} was {}", found.set.id, signature));
    }
    if (signature != "signed") {
        context.note(fmt::format("note: the manifest of {} is {}", found.set.id, signature));
    }
}

void check_masks(pg::Connection& connection, const std::map<std::string, std::string>& masks) {
    for (const auto& [column, expression] : masks) {
        const auto dot = column.rfind('.');
        const auto rows = connection.query(
            "select from pg_attribute where attrelid = to_regclass($1) and attname = $2 and "
            "attnum > 0 and not attisdropped",
            {pg::qualified_name(column.substr(0, dot)).quoted(), column.substr(dot + 1)});
        if (rows.empty()) {
            throw Error(
                Code::usage,
                fmt::format("[backups.masks] names {}, which the backup does not have; "
                            "expected a column of it",
                            column),
                "nothing was put in place: what was to be masked may have another name now");
        }
    }
}

/// Overwrites what is personal, in one statement a table, and leaves no old row behind in the
/// files.
std::size_t mask(Context& context, const platform::Database& database, const std::string& name) {
    const auto& masks = context.run().manifest.backups.masks;
    auto settings = trust::server_settings(context.run(), database);
    settings.database = name;
    pg::Connection connection(settings);
    check_masks(connection, masks);
    std::map<std::string, std::vector<std::string>> by_table;
    for (const auto& [column, expression] : masks) {
        const auto dot = column.rfind('.');
        by_table[column.substr(0, dot)].push_back(
            fmt::format("{} = ({})", pg::identifier(column.substr(dot + 1)), expression));
    }
    {
        pg::Transaction transaction(connection);
        // Triggers that write history or refuse changes are about real changes.
        connection.query("set local session_replication_role = replica");
        for (const auto& [table, assignments] : by_table) {
            context.busy(fmt::format("masking {}", table));
            connection.query(fmt::format("update {} set {}", pg::qualified_name(table).quoted(),
                                         join(assignments, ", ")));
        }
        transaction.commit();
    }
    for (const auto& [table, assignments] : by_table) {
        connection.query("vacuum full " + pg::qualified_name(table).quoted());
    }
    return masks.size();
}

/// A backup of another environment says nothing about what was revoked in this one.
bool is_copy_of_another(const SetSource& source, const trust::Run& run) {
    return source.found.set.environment != run.environment.name ||
           source.found.set.platform != run.manifest.name;
}

std::vector<backups::Undone> keep_undone(Context& context, const platform::Database& database,
                                         const std::string& restored) {
    auto tables = context.run().manifest.backups.undone;
    if (context.run().manifest.databases.front().key != database.key) {
        tables.clear();  // Its tables are those of the first database.
    }
    auto settings = trust::server_settings(context.run(), database);
    settings.database = trust::database_name(context.run(), database);
    pg::Connection present(settings);
    settings.database = restored;
    pg::Connection other(settings);
    return backups::replay_undone(present, other, tables);
}

bool holds_nothing(const pg::Settings& settings) {
    pg::Connection connection(settings);
    return connection
        .query(
            "select from pg_class c join pg_namespace n on n.oid = c.relnamespace where "
            "relkind in ('r', 'p') and nspname not in ('pg_catalog', 'information_schema', "
            "'caisson') and nspname not like 'pg\\_toast%' limit 1")
        .empty();
}

std::string beside_name(Context& context, const platform::Database& database,
                        const backups::Set& set) {
    return context.arguments().value(
        "--into", fmt::format("{}_restored_{}", trust::database_name(context.run(), database),
                              set.id.substr(set.id.size() - 4)));
}

backups::Restored restore_beside(Context& context, const SetSource& source,
                                 const platform::Database& database,
                                 const backups::RestoreOptions& options) {
    return backups::restore_database(context.run().variables, source.repository, source.found.set,
                                     database.key, trust::server_settings(context.run(), database),
                                     beside_name(context, database, source.found.set), options);
}

void print_replaced(Context& context, const Replaced& replaced) {
    const auto& restored = replaced.restored;
    context.print(fmt::format("{} {}: {} of {}, compared with the backup",
                              restored.differences.empty() ? context.green("✓") : context.red("✗"),
                              restored.database, counted(restored.rows, "row"),
                              counted(restored.tables, "table")));
    for (const auto& difference : restored.differences) {
        context.print("    " + difference);
    }
    for (const auto& undone : replaced.undone) {
        if (undone.rows > 0) {
            context.print(fmt::format("  → {} of {} stay as they were undone since",
                                      counted(undone.rows, "row"), undone.table));
        }
    }
    if (!replaced.kept.empty()) {
        context.print(
            fmt::format("  → what was there before is kept as {}; drop it when nothing of "
                        "it is needed",
                        replaced.kept));
    }
}

boost::json::object to_json(const Replaced& replaced) {
    return {{"database", replaced.restored.database},
            {"kept", replaced.kept},
            {"tables", replaced.restored.tables},
            {"rows", replaced.restored.rows},
            {"masked", replaced.masked},
            {"differences", boost::json::array(replaced.restored.differences.begin(),
                                               replaced.restored.differences.end())}};
}

/// Values of before the restore must not be served after it: every key that lives for a time goes.
void forget_cached(Context& context) {
    const auto settings = trust::redis_client(context.run());
    if (!settings) {
        return;
    }
    redis::Connection connection(*settings);
    std::size_t removed = 0;
    std::string cursor = "0";
    do {
        const auto page = connection.command({"SCAN", cursor, "COUNT", "1000"});
        cursor = page.items.at(0).text();
        std::vector<redis::Command> questions;
        for (const auto& key : page.items.at(1).items) {
            questions.push_back({"PTTL", key.text()});
        }
        const auto answers = connection.pipeline(questions);
        redis::Command removal{"UNLINK"};
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (answers[i].number >= 0) {
                removal.push_back(questions[i][1]);
            }
        }
        if (removal.size() > 1) {
            removed += static_cast<std::size_t>(connection.command(removal).number);
        }
    } while (cursor != "0");
    if (removed > 0) {
        context.print(
            fmt::format("  → {} with a time to live removed from Redis: they were of "
                        "before",
                        counted(removed, "key")));
    }
}

/// Rights, steps of the schema caisson and the identity, as for any copy of a database.
void make_ours(Context& context, const backups::Found& found) {
    provision_databases(context, true);
    remember_backup(context, "backup restore",
                    {{"set", found.set.id}, {"manifest_sha256", sha256_hex(found.json)}});
}

Exit run_restore(Context& context) {
    const auto& run = context.run();
    const auto& arguments = context.arguments();
    const auto source = set_source(context, arguments.positional("latest"));
    const auto& set = source.found.set;
    const bool is_beside = arguments.has("--into") || arguments.has("--table");
    const auto databases = is_beside ? std::vector{context.one_database()} : context.databases();
    context.print(fmt::format("{} of {}; what came after it is not in it", set.id, set.started));
    if (context.dry_run()) {
        for (const auto& database : databases) {
            context.print(fmt::format("would restore {} as {}", database.name,
                                      is_beside ? beside_name(context, database, set)
                                                : trust::database_name(run, database)));
        }
        return Exit::fine;
    }
    for (const auto& database : databases) {
        if (!is_beside) {
            trust::require_consent(run, database, "backup restore", arguments.value("--confirm"),
                                   context.yes());
        }
    }
    const auto lease = backups::lease(source.repository, set.id, "backup restore");
    provision_databases(context, false);
    BackupBar bar(context);
    backups::RestoreOptions options{source.sealing, {}, bar.progress()};
    if (arguments.has("--table")) {
        options.tables = split(arguments.value("--table"), ',');
    }
    boost::json::array rows;
    bool is_equal = true;
    for (const auto& database : databases) {
        Replaced replaced;
        if (is_beside) {
            replaced.restored = restore_beside(context, source, database, options);
        } else {
            replaced = replace_database(context, source, database, false, options);
        }
        bar.end();
        print_replaced(context, replaced);
        is_equal = is_equal && replaced.restored.differences.empty();
        rows.push_back(to_json(replaced));
    }
    if (!is_beside && is_equal) {
        make_ours(context, source.found);
        forget_cached(context);
    }
    context.result() = {{"set", set.id}, {"databases", std::move(rows)}};
    return is_equal ? Exit::fine : Exit::findings;
}

}  // namespace

SetSource set_source(Context& context, const std::string& text) {
    if (text.find('/') != std::string::npos) {
        const fs::path path = fs::absolute(text).lexically_normal();
        const auto directory = path.has_filename() ? path : path.parent_path();
        backups::Repository repository("directory", directory.parent_path().parent_path());
        auto found = repository.find(directory.filename());
        if (!found || directory.parent_path().filename() != "sets") {
            throw Error(Code::backup_missing,
                        fmt::format("{} is no set; expected a directory such as "
                                    "…/sets/20261126T210633Z-logical-5f3a",
                                    directory.string()));
        }
        check_manifest(context, *found);
        return {repository, *found, key_for(context.run(), found->set)};
    }
    const auto colon = text.find(':');
    const auto run =
        colon == std::string::npos ? context.run() : run_in(context.run(), text.substr(0, colon));
    auto repositories = backups::repositories_of(run);
    std::erase_if(repositories, [](const auto& each) { return !each.is_there(); });
    const auto known =
        the_set(repositories, colon == std::string::npos ? text : text.substr(colon + 1));
    check_manifest(context, known.found);
    return {repository_named(repositories, known.repositories.front()), known.found,
            key_for(run, known.found.set)};
}

Replaced replace_database(Context& context, const SetSource& source,
                          const platform::Database& database, bool masks,
                          const backups::RestoreOptions& options) {
    const auto& run = context.run();
    const auto suffix = source.found.set.id.substr(source.found.set.id.size() - 4);
    Replaced replaced;
    replaced.restored = restore_beside(context, source, database, options);
    if (!replaced.restored.differences.empty()) {
        return replaced;
    }
    const auto beside = replaced.restored.database;
    pg::Connection admin(trust::server_settings(run, database));
    const auto present = trust::database_name(run, database);
    try {
        if (masks) {
            replaced.masked = mask(context, database, beside);
        }
    } catch (...) {
        admin.query(fmt::format("drop database {} with (force)", pg::identifier(beside)));
        throw;
    }
    const bool is_there =
        !admin.query("select from pg_database where datname = $1", {present}).empty();
    const bool is_kept = is_there && !holds_nothing(trust::admin_settings(run, database));
    if (is_kept && !is_copy_of_another(source, run)) {
        replaced.undone = keep_undone(context, database, beside);
    }
    const auto aside = fmt::format("{}_before_{}", present, suffix);
    backups::take_place(admin, beside, present, aside);
    if (is_kept) {
        replaced.kept = aside;
    } else if (is_there) {
        admin.query(fmt::format("drop database {} with (force)", pg::identifier(aside)));
    }
    replaced.restored.database = present;
    return replaced;
}

StepSummary restore_copy(Context& context) {
    const auto& run = context.run();
    if (!run.is_private()) {
        throw Error(Code::not_private,
                    fmt::format("up --from makes a copy on private servers, and {} is not such an "
                                "environment",
                                run.environment.name),
                    "caisson backup restore puts a backup back in its own environment");
    }
    const auto& arguments = context.arguments();
    const auto source = set_source(context, arguments.value("--from"));
    const bool masks = !run.manifest.backups.masks.empty() && !arguments.has("--unmasked");
    for (const auto& database : run.manifest.databases) {
        if (!holds_nothing(trust::admin_settings(run, database))) {
            trust::require_consent(run, database, "up --from", arguments.value("--confirm"),
                                   context.yes());
        }
    }
    const auto lease = backups::lease(source.repository, source.found.set.id, "up --from");
    BackupBar bar(context);
    StepSummary summary;
    std::uint64_t rows = 0;
    std::size_t masked = 0;
    for (const auto& database : run.manifest.databases) {
        const auto replaced = replace_database(context, source, database, masks,
                                               {source.sealing, {}, bar.progress()});
        bar.end();
        rows += replaced.restored.rows;
        masked = replaced.masked;
        for (const auto& difference : replaced.restored.differences) {
            summary.holds = false;
            summary.notes.push_back(difference);
        }
        if (!replaced.kept.empty()) {
            summary.notes.push_back(
                fmt::format("what was there before is kept as {}", replaced.kept));
        }
    }
    if (summary.holds) {
        make_ours(context, source.found);
        forget_cached(context);
    }
    summary.changed = true;
    summary.text =
        fmt::format("{}, {}{}", source.found.set.id, counted(rows, "row"),
                    masked == 0 ? "" : fmt::format(", {} masked", counted(masked, "column")));
    if (masked == 0 && !run.manifest.backups.masks.empty()) {
        summary.notes.emplace_back("personal data are as they were: --unmasked was given");
    }
    return summary;
}

std::vector<Verb> backup_restore_verbs() {
    return {
        {.name = "backup restore",
         .summary = "a backup put back, compared with what it held",
         .details =
             "SET is an id, its beginning, `latest`, `ENVIRONMENT:` and one of these, or the "
             "directory of a set. It is restored into a new database first, and compared table by "
             "table; only then it takes the place of the present one, which is kept under another "
             "name. Keys in Redis that live for a time are removed: they were of before.",
         .options =
             {{"--into", "NAME", "as a database of this name, beside the present one", {}},
              {"--table",
               "TABLES",
               "the rows of these tables alone (schema.table, with commas), in a new database",
               {}}},
         .positional = "[SET]",
         .examples =
             "  caisson backup restore latest --yes\n"
             "  caisson backup restore latest --into look_at_it -d compliance\n"
             "  caisson backup restore latest --table public.users --into users_of_yesterday",
         .run = run_restore},
    };
}

}  // namespace caisson::cli

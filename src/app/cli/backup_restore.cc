// SPDX-License-Identifier: Apache-2.0
// The verb that puts a backup back: backup restore; and the step of `up --from`.
#include "app/cli/backup_restore.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup_bar.h"
#include "app/cli/backup_keep.h"
#include "app/cli/backup_masks.h"
#include "app/cli/backup_physical.h"
#include "app/cli/steps.h"
#include "base/crypto.h"
#include "base/text.h"
#include "operations/backups/logical/exchange.h"
#include "operations/backups/logical/undone.h"
#include "operations/backups/sets/lease.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

/// One database on its way from a set to its place.
struct Passage {
    platform::Database database;
    std::string name;  ///< In PostgreSQL.
    pg::Settings server;
    backups::Restored restored;
    std::vector<backups::Undone> undone;
    std::string kept;
};

struct Manner {
    bool masks = false;
    bool keeps_undone = true;
    std::vector<std::string> tables{};
    std::string into{};  ///< As a database of this name; empty: in place.
};

std::string server_of(const pg::Settings& settings) {
    return fmt::format("{}:{}", settings.host, settings.port);
}

fs::path exchange_note(const trust::Run& run, const pg::Settings& server) {
    return run.state.backups() / ("exchange-" + sha256_hex(server_of(server)).substr(0, 8));
}

/// Holds every server that is concerned, and clears away what a killed restore left there.
std::map<std::string, std::unique_ptr<backups::RestoreLock>> lock_servers_of(
    Context& context, const std::vector<platform::Database>& databases) {
    const auto& run = context.run();
    backups::prepare_state(run);
    std::map<std::string, std::unique_ptr<backups::RestoreLock>> locks;
    for (const auto& database : databases) {
        const auto server = trust::server_settings(run, database);
        auto& lock = locks[server_of(server)];
        if (lock) {
            continue;
        }
        lock = std::make_unique<backups::RestoreLock>(server);
        for (const auto& name : backups::reopen(server, exchange_note(run, server))) {
            context.note(
                fmt::format("note: {} was closed by a restore that was killed; it is open "
                            "again",
                            name));
        }
        for (const auto& name : lock->drop_leftovers()) {
            context.note(fmt::format("note: dropped {}, which a killed restore had left", name));
        }
    }
    return locks;
}

bool holds_nothing(const pg::Settings& settings) {
    pg::Connection connection(settings);
    return connection
        .query(
            "select from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname "
            "not in ('pg_catalog', 'information_schema', 'caisson') and nspname not like "
            "'pg\\_toast%' union all select from pg_largeobject_metadata limit 1")
        .empty();
}

/// A database that a killed restore had put in place and not yet made ours is a copy by its
/// identity: it is adopted, as that restore would have done.
bool is_copy(Context& context, const platform::Database& database) {
    try {
        pg::Connection connection(trust::admin_settings(context.run(), database));
        return trust::judge(connection, context.run(), database).standing == trust::Standing::copy;
    } catch (const Error&) {
        return false;  // It is not there: provisioning makes it.
    }
}

void prepare_servers(Context& context, const std::vector<platform::Database>& databases) {
    const bool adopts = std::ranges::any_of(
        databases, [&](const platform::Database& each) { return is_copy(context, each); });
    provision_databases(context, adopts);
}

backups::RestoreOptions options_for(const SetSource& source, const platform::Database& database,
                                    const Manner& manner, BackupBar& bar) {
    backups::RestoreOptions options;
    options.sealing = source.sealing;
    options.tables = manner.tables;
    options.owner = trust::role_name(database, trust::Role::owner);
    options.progress = bar.progress();
    return options;
}

std::vector<Passage> restore_all(Context& context, const SetSource& source,
                                 const std::vector<platform::Database>& databases,
                                 const Manner& manner) {
    const auto& run = context.run();
    for (const auto& database : databases) {
        backups::require_whole(source.found.set, database.key);
    }
    BackupBar bar(context);
    std::vector<Passage> passages;
    for (const auto& database : databases) {
        Passage passage{database,
                        trust::database_name(run, database),
                        trust::server_settings(run, database),
                        {},
                        {},
                        {}};
        pg::Connection admin(passage.server);
        const auto name =
            manner.into.empty() ? backups::free_name(admin, passage.name, "restored") : manner.into;
        passage.restored = backups::restore_database(
            run.variables, source.repository, source.found.set, database.key, passage.server, name,
            options_for(source, database, manner, bar));
        bar.end();
        passages.push_back(std::move(passage));
    }
    return passages;
}

bool are_equal(const std::vector<Passage>& passages) {
    return std::ranges::all_of(
        passages, [](const Passage& each) { return each.restored.differences.empty(); });
}

std::vector<pg::Settings> inside(const std::vector<Passage>& passages) {
    std::vector<pg::Settings> settings;
    for (const auto& passage : passages) {
        settings.push_back(passage.server);
        settings.back().database = passage.restored.database->name();
    }
    return settings;
}

/// All databases of a server take their places in one transaction.
void put_in_place(Context& context, std::vector<Passage>& passages, const Manner& manner) {
    const auto& run = context.run();
    std::map<std::string, std::vector<Passage*>> by_server;
    for (auto& passage : passages) {
        by_server[server_of(passage.server)].push_back(&passage);
    }
    for (auto& [server, group] : by_server) {
        std::vector<backups::Place> places;
        for (const auto* const passage : group) {
            auto present = passage->server;
            present.database = passage->name;
            const bool is_there =
                !pg::Connection(passage->server)
                     .query("select from pg_database where datname = $1", {passage->name})
                     .empty();
            places.push_back({passage->restored.database.get(),
                              passage->name,
                              {},
                              is_there && holds_nothing(present)});
        }
        backups::Between between;
        if (manner.keeps_undone && !run.manifest.backups.undone.empty()) {
            between = [&](pg::Connection& present, pg::Connection& restored,
                          const backups::Place& place) {
                if (!place.is_dropped) {
                    auto& passage = **std::ranges::find(group, place.name, &Passage::name);
                    passage.undone =
                        backups::replay_undone(present, restored, run.manifest.backups.undone);
                }
            };
        }
        backups::exchange(group.front()->server, places, between,
                          exchange_note(run, group.front()->server));
        for (std::size_t i = 0; i < places.size(); ++i) {
            group[i]->kept = places[i].is_dropped ? "" : places[i].kept;
        }
    }
}

/// What the journal keeps of where it came from.
struct RestoredFrom {
    std::string set;
    std::string manifest_sha256{};  ///< Of a logical one.
    std::string moment{};           ///< Of what was taken out of a physical one.
};

/// Rights, steps of the schema caisson and the identity, as for any copy of a database.
void make_ours(Context& context, const RestoredFrom& from) {
    provision_databases(context, true);
    boost::json::object facts{{"set", from.set}};
    if (!from.manifest_sha256.empty()) {
        facts["manifest_sha256"] = from.manifest_sha256;
    }
    if (!from.moment.empty()) {
        facts["moment"] = from.moment;
    }
    remember_backup(context, "backup restore", std::move(facts));
    forget_cached(context);
}

void print_passage(Context& context, const Passage& passage, const std::string& name) {
    const auto& restored = passage.restored;
    context.print(fmt::format("{} {}: {} of {}, compared with the backup",
                              restored.differences.empty() ? context.green("✓") : context.red("✗"),
                              name, counted(restored.rows, "row"),
                              counted(restored.tables, "table")));
    for (const auto& difference : restored.differences) {
        context.print("    " + difference);
    }
    for (const auto& undone : passage.undone) {
        if (undone.rows > 0) {
            context.print(fmt::format("  → {} of {} stay as they were undone since",
                                      counted(undone.rows, "row"), undone.table));
        }
    }
    if (!passage.kept.empty()) {
        context.print(fmt::format(
            "  → what was there before is kept as {}; drop it when nothing of it is needed",
            passage.kept));
    }
}

boost::json::object to_json(const Passage& passage) {
    boost::json::array undone;
    for (const auto& each : passage.undone) {
        undone.push_back(boost::json::object{{"table", each.table}, {"rows", each.rows}});
    }
    return {{"database", passage.name},
            {"kept", passage.kept},
            {"tables", passage.restored.tables},
            {"rows", passage.restored.rows},
            {"undone", std::move(undone)},
            {"differences", boost::json::array(passage.restored.differences.begin(),
                                               passage.restored.differences.end())}};
}

Exit show_plan(Context& context, const std::vector<platform::Database>& databases,
               const Manner& manner) {
    boost::json::array rows;
    for (const auto& database : databases) {
        const auto name =
            manner.into.empty() ? trust::database_name(context.run(), database) : manner.into;
        rows.push_back(boost::json::object{
            {"database", database.name}, {"as", name}, {"masked", manner.masks}});
        context.print(fmt::format("would restore {} as {}{}", database.name, name,
                                  manner.masks ? ", masked" : ""));
    }
    context.result()["databases"] = std::move(rows);
    return Exit::fine;
}

void require_consents(Context& context, const std::vector<platform::Database>& databases,
                      const std::string& verb) {
    for (const auto& database : databases) {
        trust::require_consent(context.run(), database, verb,
                               context.arguments().value("--confirm"), context.yes());
    }
}

/// What is damaged, and the newest set that is not.
Error offering(Context& context, const Error& error) {
    const auto repositories = present_repositories(context);
    auto sets = known_sets(repositories);
    std::ranges::reverse(sets);
    const auto whole = std::ranges::find_if(sets, [&](const KnownSet& known) {
        const auto& found = known.found;
        return found.mistake.empty() && !found.set.is_physical() &&
               signature_text(context, found) == "signed" &&
               std::ranges::any_of(known.repositories, [&](const std::string& name) {
                   return backups::damage_of(repository_named(repositories, name), found.set)
                       .empty();
               });
    });
    Error complete(
        error.code(), error.message(),
        whole == sets.end()
            ? "no logical set that is here is whole: look for copies on other media"
            : fmt::format("the newest set that is whole is {0}, of {1}: caisson backup restore {0}",
                          whole->found.set.id, whole->found.set.started));
    for (const auto& [key, value] : error.facts()) {
        complete.with(key, value);
    }
    return complete;
}

/// Names with commas between, as they are or as SQL quotes them: `public.users,"Odd"."A, b"`.
std::vector<std::string> tables_in(std::string_view text) {
    std::vector<std::string> names(1);
    bool is_quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_begin = i == 0 || text[i - 1] == ',' || text[i - 1] == '.';
        if (text[i] == '"' && is_quoted && i + 1 < text.size() && text[i + 1] == '"') {
            names.back() += text[++i];
        } else if (text[i] == '"' && (is_quoted || is_begin)) {
            is_quoted = !is_quoted;
        } else if (text[i] == ',' && !is_quoted) {
            names.emplace_back();
        } else {
            names.back() += text[i];
        }
    }
    return names;
}

/// Which databases, and how, by the arguments.
Manner manner_of(Context& context) {
    const auto& arguments = context.arguments();
    Manner manner{false, !arguments.has("--without-undone")};
    manner.into = arguments.value("--into");
    if (arguments.has("--table")) {
        manner.tables = tables_in(arguments.value("--table"));
        if (manner.into.empty()) {
            throw Error(Code::usage, "single tables are restored beside the database",
                        "say as which database: --into NAME");
        }
    }
    return manner;
}

std::vector<platform::Database> databases_for(Context& context, const Manner& manner) {
    return manner.into.empty() ? context.databases() : std::vector{context.one_database()};
}

/// Beside the present databases, or in their places. Whether all came back as they were.
bool put_back(Context& context, const SetSource& source,
              const std::vector<platform::Database>& databases, const Manner& manner,
              const RestoredFrom& from) {
    const bool is_beside = !manner.into.empty();
    const auto locks = lock_servers_of(context, databases);
    prepare_servers(context, databases);
    auto passages = restore_all(context, source, databases, manner);
    const bool is_equal = are_equal(passages);
    if (is_equal && manner.masks) {
        mask(context, inside(passages));
    }
    if (is_equal && is_beside) {
        pg::Connection admin(passages.front().server);
        passages.front().restored.database->keep(admin);
    } else if (is_equal) {
        put_in_place(context, passages, manner);
        make_ours(context, from);
    }
    boost::json::array rows;
    for (const auto& passage : passages) {
        print_passage(context, passage, is_beside ? manner.into : passage.name);
        rows.push_back(to_json(passage));
    }
    if (!is_equal) {
        context.print("nothing was put in place");
    }
    auto& result = context.result();
    result["set"] = from.set;
    result["equal"] = is_equal;
    result["databases"] = std::move(rows);
    return is_equal;
}

/// A database or a table of a physical set or a moment.
Exit restore_out_of_physical(Context& context) {
    const auto manner = manner_of(context);
    const auto databases = databases_for(context, manner);
    if (manner.into.empty() && !context.dry_run()) {
        require_consents(context, databases, "backup restore");
    }
    const auto extract = extract_physical(context, databases);
    if (!extract) {
        return show_plan(context, databases, manner);
    }
    const SetSource source{*extract->repository, extract->found, {}, false};
    const RestoredFrom from{extract->set, {}, extract->moment};
    return put_back(context, source, databases, manner, from) ? Exit::fine : Exit::findings;
}

Exit restore_logical(Context& context) {
    const auto source = set_source(context, context.arguments().positional("latest"));
    const auto& set = source.found.set;
    auto manner = manner_of(context);
    manner.masks = wants_masks(context, source);
    const auto databases = databases_for(context, manner);
    const auto measured = measured_rates(context, false);
    const auto estimate = backups::logical_estimate(measured, set.bytes);
    context.print(fmt::format("{} of {}; what came after it is not in it; {}", set.id, set.started,
                              backups::estimate_text(estimate, measured.drills)));
    if (context.dry_run()) {
        return show_plan(context, databases, manner);
    }
    if (manner.into.empty()) {
        require_consents(context, databases, "backup restore");
    }
    const auto lease = backups::lease(source.repository, set.id, "backup restore");
    context.result()["estimate_seconds"] =
        estimate ? boost::json::value(static_cast<double>(estimate->count()) / 1000)
                 : boost::json::value();
    const RestoredFrom from{set.id, sha256_hex(source.found.json), {}};
    return put_back(context, source, databases, manner, from) ? Exit::fine : Exit::findings;
}

/// A database or tables, where a physical set is of the whole server.
bool takes_a_part(Context& context) {
    const auto& arguments = context.arguments();
    const bool is_part =
        arguments.has("--database") || arguments.has("--into") || arguments.has("--table");
    if (is_part && arguments.has("--to")) {
        throw Error(Code::usage, "--to takes the whole server",
                    "leave -d, --into and --table away, or --to");
    }
    return is_part;
}

Exit run_restore(Context& context) {
    if (context.arguments().has("--part")) {
        return restore_one_part(context);
    }
    if (wants_physical(context)) {
        return takes_a_part(context) ? restore_out_of_physical(context) : restore_physical(context);
    }
    try {
        return restore_logical(context);
    } catch (const Error& error) {
        if (error.code() != Code::backup_damaged) {
            throw;
        }
        throw offering(context, error);
    }
}

}  // namespace

fs::path target_directory(Context& context) {
    auto directory = fs::absolute(context.arguments().value("--to")).lexically_normal();
    return directory.has_filename() ? directory : directory.parent_path();
}

bool wants_masks(Context& context, const SetSource& source) {
    return source.is_of_another && !context.run().manifest.backups.masks.empty() &&
           !context.arguments().has("--unmasked");
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
    const auto source = set_source(context, context.arguments().value("--from"));
    const auto& databases = run.manifest.databases;
    const Manner manner{wants_masks(context, source), false};
    const bool is_fresh = std::ranges::all_of(databases, [&](const platform::Database& database) {
        return holds_nothing(trust::admin_settings(run, database));
    });
    if (!is_fresh) {
        require_consents(context, databases, "up --from");
    }
    const auto lease = backups::lease(source.repository, source.found.set.id, "up --from");
    const auto locks = lock_servers_of(context, databases);
    auto passages = restore_all(context, source, databases, manner);
    StepSummary summary;
    std::uint64_t rows = 0;
    for (const auto& passage : passages) {
        rows += passage.restored.rows;
        if (!passage.restored.differences.empty()) {
            throw Error(
                Code::backup_damaged,
                fmt::format("{} came back another than it was: {}; nothing was put in place",
                            passage.name, join(passage.restored.differences, "; ")));
        }
    }
    const auto masked = manner.masks ? mask(context, inside(passages)) : 0;
    put_in_place(context, passages, manner);
    make_ours(context, {source.found.set.id, sha256_hex(source.found.json), {}});
    for (const auto& passage : passages) {
        if (!passage.kept.empty()) {
            summary.notes.push_back(
                fmt::format("what was there before is kept as {}", passage.kept));
        }
    }
    summary.changed = true;
    summary.text =
        fmt::format("{}, {}{}", source.found.set.id, counted(rows, "row"),
                    masked == 0 ? "" : fmt::format(", {} masked", counted(masked, "column")));
    return summary;
}

std::vector<Verb> backup_restore_verbs() {
    auto options = source_options();
    options.insert(
        options.begin(),
        {{"--into", "NAME", "as a database of this name, beside the present one", {}},
         {"--part", "PART", "of a logical set: roles, redis or files alone, into --to DIR", {}},
         {"--table", "TABLES", "the rows of these tables alone (schema.table, with commas)", {}},
         {"--time", "MOMENT", "the whole server as it was then: 2026-11-26T21:06:33Z", {}},
         {"--xid", "ID", "the whole server up to this transaction", {}},
         {"--name", "POINT", "the whole server at this named restore point", {}},
         {"--latest", "", "the whole server at the last moment that can be reached", {}},
         {"--to", "DIR", "of the server or a part: into this directory; nothing is started", {}},
         {"--without-undone", "", "restore also what [backups.undone] keeps undone", {}},
         {"--unmasked", "", "of another environment: personal data as they were", {}}});
    return {
        {.name = "backup restore",
         .summary = "a backup put back, compared with what it held",
         .details =
             "SET is an id, its beginning, `latest`, `ENVIRONMENT:` and one of these, or the "
             "directory of a set. It is restored into new databases first, and compared table by "
             "table; only when all are equal they take the places of the present ones, which are "
             "kept under other names. Exit status 7, and nothing put in place, when they are not. "
             "Keys in Redis that live for a time are removed: they were of before. A physical set, "
             "or a "
             "moment, is of the whole server: it is said before what it takes and what is lost, it "
             "is "
             "recovered and compared beside the present data, and then both change places. With "
             "-d, "
             "--into or --table only that database or these tables are taken out of it.",
         .options = options,
         .positional = "[SET]",
         .examples =
             "  caisson backup restore latest --yes\n"
             "  caisson backup restore --time 2026-11-26T21:06:33Z --dry-run\n"
             "  caisson backup restore latest --into look_at_it -d compliance\n"
             "  caisson backup restore latest --part redis --to /srv/redis_of_yesterday\n"
             "  caisson backup restore latest --table public.users --into users_of_yesterday",
         .run = run_restore},
    };
}

}  // namespace caisson::cli

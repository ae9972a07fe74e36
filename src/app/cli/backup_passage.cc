// SPDX-License-Identifier: Apache-2.0
#include "app/cli/backup_passage.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup_bar.h"
#include "app/cli/backup_keep.h"
#include "app/cli/steps.h"
#include "base/crypto.h"
#include "base/text.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

std::string server_of(const pg::Settings& settings) {
    return fmt::format("{}:{}", settings.host, settings.port);
}

fs::path exchange_note(const trust::Run& run, const pg::Settings& server) {
    return run.state.backups() / ("exchange-" + sha256_hex(server_of(server)).substr(0, 8));
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

backups::RestoreOptions options_for(const SetSource& source, const platform::Database& database,
                                    const Manner& manner, BackupBar& bar) {
    backups::RestoreOptions options;
    options.sealing = source.sealing;
    options.tables = manner.tables;
    options.owner = trust::role_name(database, trust::Role::owner);
    options.progress = bar.progress();
    return options;
}

}  // namespace

RestoreLocks lock_servers_of(Context& context, const std::vector<platform::Database>& databases) {
    const auto& run = context.run();
    backups::prepare_state(run);
    RestoreLocks locks;
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
            "'pg\\_toast%' and relkind not in ('i', 'I') and not exists (select from pg_depend d "
            "where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') "
            "union all select from pg_largeobject_metadata limit 1")
        .empty();
}

void prepare_servers(Context& context, const std::vector<platform::Database>& databases) {
    const bool adopts = std::ranges::any_of(
        databases, [&](const platform::Database& each) { return is_copy(context, each); });
    provision_databases(context, adopts);
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
    for (const auto& note : restored.notes) {
        context.print("  → " + note);
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
    return {
        {"database", passage.name},
        {"kept", passage.kept},
        {"tables", passage.restored.tables},
        {"rows", passage.restored.rows},
        {"undone", std::move(undone)},
        {"notes", boost::json::array(passage.restored.notes.begin(), passage.restored.notes.end())},
        {"differences", boost::json::array(passage.restored.differences.begin(),
                                           passage.restored.differences.end())}};
}

}  // namespace caisson::cli

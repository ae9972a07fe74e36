// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <optional>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/journaling.h"
#include "app/cli/migrate.h"
#include "base/text.h"
#include "lifecycle/migrations/migrations.h"
#include "lifecycle/provision/takeover.h"
#include "lifecycle/sources/version.h"
#include "trust/identity.h"
#include "trust/run_lock.h"

namespace caisson::cli {
namespace {

using migrations::Migration;
using migrations::Mirror;
using migrations::Reconciliation;

/// One database to take over, with its files and the histories of their tools.
struct Candidate {
    platform::Database database;
    std::vector<Migration> files;
    Mirror mirror;
};

Candidate candidate_of(Context& context, const platform::Database& database) {
    Candidate candidate{
        database, sources::load(database.migrations, context.run().manifest.features), {}};
    candidate.mirror = Mirror(database.migrations, candidate.files);
    return candidate;
}

/// Says whose the database is, and asks for consent where it is not ours yet.
void require_admission(Context& context, pg::Connection& admin, const Candidate& candidate,
                       const std::string& verb) {
    const auto judgement = trust::judge(admin, context.run(), candidate.database);
    context.print(judgement.explanation);
    if (judgement.standing != trust::Standing::ours &&
        judgement.standing != trust::Standing::empty && !context.dry_run()) {
        trust::require_consent(context.run(), candidate.database, verb,
                               context.arguments().value("--confirm"), context.yes());
    }
}

/// What stands against the files, one sentence each; these do not stop an adoption.
std::vector<std::string> oddities(const Candidate& candidate, const Reconciliation& found) {
    std::vector<std::string> list;
    for (const auto& row : found.inserts) {
        const auto where = fmt::format("{}/{}", found.source, row.record.version);
        if (!row.migration) {
            list.push_back(where + " is applied, and its file is not there");
        } else if (row.record.checksum != row.migration->up.checksum) {
            list.push_back(fmt::format("{} was changed after {} applied it", where,
                                       candidate.mirror.of(found.source)->tool()));
        }
    }
    return list;
}

/// Tells what a tool's history holds; the row of the result.
boost::json::object report(Context& context, const Candidate& candidate,
                           const Reconciliation& found) {
    const auto& tool = *candidate.mirror.of(found.source);
    const auto files = static_cast<std::size_t>(
        std::count_if(candidate.files.begin(), candidate.files.end(),
                      [&](const auto& file) { return file.source == found.source; }));
    context.print(found.is_missing
                      ? fmt::format("  {}: the table {} of {} is not there", found.source,
                                    tool.table(), tool.tool())
                      : fmt::format("  {}: {} in {}, of {}: {} to take over, {} that it has "
                                    "reverted; {}",
                                    found.source, tool.tool(), tool.table(), counted(files, "file"),
                                    found.inserts.size(), found.removals.size(), tool.lock_name()));
    boost::json::array odd;
    for (const auto& sentence : oddities(candidate, found)) {
        context.print("    → " + sentence);
        odd.emplace_back(sentence);
    }
    for (const auto& sentence : found.failed) {
        context.print("    → " + sentence);
        odd.emplace_back(sentence);
    }
    return {{"source", found.source},
            {"tool", tool.tool()},
            {"table", tool.table()},
            {"found", !found.is_missing},
            {"taken_over", found.inserts.size()},
            {"removed", found.removals.size()},
            {"findings", std::move(odd)}};
}

/// While it lives nobody migrates: our lock and the tools', on a session of the administrator's.
class Stillness {
 public:
    Stillness(Context& context, const Candidate& candidate)
        : admin_(trust::admin_settings(context.run(), candidate.database)) {
        // Through a pooler a lock of a session would be anybody's, and leases may not be there yet.
        if (!trust::is_pooled(admin_)) {
            std::optional<Progress> bar;
            const auto options = options_of(context, candidate.database, bar);
            run_.emplace(admin_, "migrations", options.wait, options.on_wait);
            tools_.emplace(admin_, candidate.mirror, options.wait, options.on_wait);
        }
    }

 private:
    pg::Connection admin_;
    std::optional<trust::RunLock> run_;
    std::optional<migrations::ToolLocks> tools_;
};

/// Roles, catalogue, identity and rights: what `db adopt` does, and the objects besides.
void take_over(Context& context, const std::vector<Candidate>& candidates) {
    std::deque<Stillness> still;
    for (const auto& candidate : candidates) {
        if (!context.dry_run()) {
            still.emplace_back(context, candidate);
        }
    }
    const auto summary = provision_databases(context, true);
    context.print(summary.text);
    print_notes(context, summary);
    for (const auto& candidate : candidates) {
        for (const auto& done :
             provision::take_over(context.run(), candidate.database, context.dry_run())) {
            context.print(fmt::format("  {}{}", context.dry_run() ? "would be: " : "", done));
        }
    }
}

/// Calls `act` with a session of the migrator's under our lock and the tools', and settles what it
/// gives: the history as it stands then.
template <typename Act>
migrations::History under_locks(Context& context, const Candidate& candidate, Act&& act) {
    Connections connections(context.run(), candidate.database);
    auto& connection = connections(false);
    std::optional<Progress> bar;
    const auto options = options_of(context, candidate.database, bar);
    migrations::History history;
    {
        const trust::RunLock lock(connection, "migrations", options.wait, options.on_wait);
        const Mirror none;
        // Through a pooler the lock of a session would be anybody's: the transaction takes it.
        const auto tool_locks =
            lock.is_pooled() ? candidate.mirror.transaction_locks(connection) : "";
        const migrations::ToolLocks locks(connection, lock.is_pooled() ? none : candidate.mirror,
                                          options.wait, options.on_wait);
        history = act(connection, lock.guard() + tool_locks);
    }
    StepSummary summary;
    settle(context, candidate.database, connections, history, summary);
    print_notes(context, summary);
    return history;
}

/// What the journal keeps of an adoption: whose history it was, and all that counts as applied.
boost::json::object adoption_detail(const Candidate& candidate,
                                    const migrations::History& history) {
    boost::json::array tools;
    for (const auto& source : candidate.database.migrations) {
        if (const auto* const tool = candidate.mirror.of(source.name)) {
            tools.push_back(boost::json::object{
                {"source", source.name}, {"tool", tool->tool()}, {"table", tool->table()}});
        }
    }
    boost::json::array files;
    for (const auto& record : history) {
        files.push_back(boost::json::object{
            {"source", record.source}, {"version", record.version}, {"checksum", record.checksum}});
    }
    return {{"tools", std::move(tools)}, {"files", std::move(files)}};
}

Exit run_adopt(Context& context) {
    if (context.run().is_private() && !context.dry_run()) {
        start_servers(context);
    }
    std::vector<Candidate> candidates;
    boost::json::array rows;
    for (const auto& database : context.databases()) {
        candidates.push_back(candidate_of(context, database));
        const auto& candidate = candidates.back();
        pg::Connection admin(trust::admin_settings(context.run(), database));
        const auto found =
            candidate.mirror.compare(admin, candidate.files, migrations::read_history(admin));
        if (std::all_of(found.begin(), found.end(),
                        [](const auto& one) { return one.is_missing; })) {
            throw Error(Code::usage,
                        fmt::format("{} has no history of another tool that its sources know of",
                                    database.name),
                        "name the table in caisson.toml ({ path, format, history }), or mark what "
                        "it has as applied: caisson migrate baseline VERSION");
        }
        require_admission(context, admin, candidate, "migrate adopt");
        boost::json::array sources;
        for (const auto& one : found) {
            sources.push_back(report(context, candidate, one));
        }
        rows.push_back(
            boost::json::object{{"database", database.name}, {"sources", std::move(sources)}});
        candidate.mirror.look(admin, candidate.files);  // Refuses what was left half done.
    }
    take_over(context, candidates);
    for (const auto& candidate : candidates) {
        if (context.dry_run()) {
            continue;
        }
        const auto history = under_locks(
            context, candidate, [&](pg::Connection& connection, const std::string& guard) {
                auto followed = candidate.mirror.follow(connection, candidate.files, guard);
                for (const auto* tool : candidate.mirror.tools()) {
                    connection.script(tool->protect_sql());
                }
                return followed;
            });
        tell_journal(context, candidate.database, journal::kinds::finish, "migrate adopt",
                     adoption_detail(candidate, history));
        context.print(fmt::format("{}: {} in the history", candidate.database.name,
                                  counted(history.size(), "migration")));
    }
    context.result()["adopted"] = std::move(rows);
    return Exit::fine;
}

/// Everything up to `version`, or `source/version`, in the declared order; all without one. What is
/// applied again whenever it changes, and what stands for others, is left out.
std::vector<const Migration*> up_to(const Candidate& candidate, const std::string& version,
                                    const std::map<std::string, bool>& features) {
    std::vector<const Migration*> list;
    bool found = version.empty();
    for (const auto& file : candidate.files) {
        const auto feature = features.find(file.up.directives.feature);
        const bool is_off = feature != features.end() && !feature->second;
        if (!is_off &&
            (file.kind == sources::Kind::versioned || file.kind == sources::Kind::program)) {
            list.push_back(&file);
        }
        if (!version.empty() &&
            (version == file.source + "/" + file.version ||
             sources::canonical_version(version) == sources::canonical_version(file.version) ||
             version == file.title())) {
            found = true;
            break;
        }
    }
    if (!found) {
        throw Error(Code::usage,
                    fmt::format("{} has no migration {}", candidate.database.name, version),
                    "see the versions: caisson migrate status");
    }
    return list;
}

void require_no_history(pg::Connection& connection, const Candidate& candidate) {
    const auto history = candidate.mirror.look(connection, candidate.files).history;
    if (!history.empty()) {
        throw Error(Code::migration_order,
                    fmt::format("{} has a history already, of {}", candidate.database.name,
                                counted(history.size(), "migration")),
                    "take it over where it is a tool's: caisson migrate adopt");
    }
}

Exit run_baseline(Context& context) {
    if (context.run().is_private() && !context.dry_run()) {
        start_servers(context);
    }
    std::vector<Candidate> candidates;
    candidates.push_back(candidate_of(context, context.one_database()));
    const auto& candidate = candidates.front();
    const auto marked =
        up_to(candidate, context.arguments().positional(), context.run().manifest.features);
    boost::json::array rows;
    {
        pg::Connection admin(trust::admin_settings(context.run(), candidate.database));
        require_no_history(admin, candidate);
        require_admission(context, admin, candidate, "migrate baseline");
    }
    for (const auto* migration : marked) {
        context.print(fmt::format("  {} {}", context.dry_run() ? "would mark" : "marked",
                                  migration->title()));
        rows.push_back(
            boost::json::object{{"source", migration->source}, {"version", migration->version}});
    }
    take_over(context, candidates);
    if (!context.dry_run()) {
        under_locks(context, candidate, [&](pg::Connection& connection, const std::string& guard) {
            require_no_history(connection, candidate);
            candidate.mirror.baseline(connection, marked, guard);
            return migrations::read_history(connection);
        });
        boost::json::array files;
        for (const auto* migration : marked) {
            files.push_back(boost::json::object{{"source", migration->source},
                                                {"version", migration->version},
                                                {"checksum", migration->up.checksum}});
        }
        tell_journal(context, candidate.database, journal::kinds::finish, "migrate baseline",
                     {{"files", std::move(files)}});
    }
    context.print(fmt::format("{}: {} {} as applied, none was run", candidate.database.name,
                              counted(marked.size(), "migration"),
                              context.dry_run() ? "would be marked" : "marked"));
    context.result()["database"] = candidate.database.name;
    context.result()["marked"] = std::move(rows);
    return Exit::fine;
}

}  // namespace

std::vector<Verb> adopt_verbs() {
    return {
        {"migrate adopt",
         "takes over a database together with the history that another tool keeps in it",
         "The tool's table stays the truth for what is applied and is kept written, so that the "
         "tool can be used as before.\n"
         "Its history is verified by its own checksums; the database gets the schema caisson, "
         "roles, rights and this\n"
         "platform's identity, and its objects the owner that migrations run as.",
         {wait_option()},
         "",
         "  caisson -e staging migrate adopt --dry-run\n  caisson -e staging migrate adopt --yes",
         Needs::platform,
         run_adopt},
        {"migrate baseline",
         "marks migrations as applied, up to a version, without running them",
         "For a database that has the schema and no history. In the table of the source's tool "
         "they are marked as well, as\n"
         "the tool's own baseline would.",
         {wait_option()},
         "[VERSION]",
         "  caisson -e staging migrate baseline 042 --dry-run\n  caisson -e staging migrate "
         "baseline 042 --yes",
         Needs::platform,
         run_baseline},
    };
}

}  // namespace caisson::cli

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/cli/catalogue.h"
#include "app/cli/context.h"
#include "app/cli/journaling.h"
#include "app/cli/steps.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/provision/provision.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

const Option role_option{
    "--role",
    "ROLE",
    "the role, by its suffix, such as app, readonly or service; admin for the administrator",
    {}};

/// Errors: usage for a role that is neither built in nor declared, and can log in nowhere.
void require_role(const platform::Manifest& manifest, const std::string& role) {
    std::vector<std::string> known = {"admin"};
    for (const auto one : trust::built_in_roles()) {
        if (one != trust::Role::owner) {
            known.push_back(trust::suffix(one));
        }
    }
    for (const auto& one : manifest.roles) {
        known.push_back(one.name);
    }
    if (std::find(known.begin(), known.end(), role) == known.end()) {
        throw Error(Code::usage, fmt::format("there is no role \"{}\" to connect as", role),
                    "choose one of: " + join(known, ", "));
    }
}

pg::Settings settings_of(Context& context, const platform::Database& database,
                         const std::string& fallback) {
    const auto role = context.arguments().value("--role", fallback);
    require_role(context.run().manifest, role);
    return role == "admin" ? trust::admin_settings(context.run(), database)
                           : trust::role_settings(context.run(), database, role);
}

Exit run_url(Context& context) {
    boost::json::object urls;
    for (const auto& database : context.databases()) {
        const auto url = url_of(settings_of(context, database, "app"));
        context.print(url);
        urls[database.key] = url;
    }
    context.result()["urls"] = std::move(urls);
    return Exit::fine;
}

Exit run_list(Context& context) {
    boost::json::array rows;
    for (const auto& database : context.databases()) {
        boost::json::object row{{"key", database.key}, {"name", database.name}};
        std::string line;
        try {
            pg::Connection server(trust::server_settings(context.run(), database));
            const auto found = server.query(
                "select pg_database_size(oid) as size, (select count(*) from pg_stat_activity "
                "where datid = oid) as connections "
                "from pg_database where datname = $1",
                {trust::database_name(context.run(), database)});
            if (found.empty()) {
                line = "not made yet";
                row["exists"] = false;
            } else {
                pg::Connection inside(trust::admin_settings(context.run(), database));
                const auto judgement = trust::judge(inside, context.run(), database);
                const auto size = static_cast<std::uint64_t>(found.front().integer("size"));
                line = fmt::format(
                    "{:>9}  {:<14} {}", human_bytes(size),
                    counted(static_cast<std::size_t>(found.front().integer("connections")),
                            "connection"),
                    judgement.explanation);
                row["exists"] = true;
                row["bytes"] = size;
                row["ours"] = judgement.standing == trust::Standing::ours;
            }
        } catch (const Error& error) {
            line = error.message();
            row["error"] = to_json(error);
        }
        context.print(fmt::format("{:<14} {:<24} {}", database.key, database.name, line));
        rows.push_back(std::move(row));
    }
    context.result()["databases"] = std::move(rows);
    return Exit::fine;
}

Exit run_shell(Context& context) {
    const auto database = context.database();
    const auto settings = settings_of(context, database, "readonly");
    const auto psql = find_program("psql", {"/usr/lib/postgresql/15/bin"});
    if (!psql) {
        throw Error(Code::server_missing, "the program psql was not found",
                    "apt-get install postgresql-client");
    }
    std::vector<std::string> words = {psql->string(), url_of(settings)};
    words.insert(words.end(), context.arguments().rest.begin(), context.arguments().rest.end());
    std::vector<char*> pointers;
    for (auto& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    if (!settings.password.empty()) {
        ::setenv("PGPASSWORD", settings.password.reveal().c_str(),
                 1);  // Never an argument: those are public.
    }
    ::execv(psql->c_str(), pointers.data());
    throw Error(Code::internal, fmt::format("cannot start psql: {}", std::strerror(errno)));
}

Exit run_create(Context& context) {
    if (!context.dry_run()) {
        start_servers(context);
    }
    const auto summary = provision_databases(context, false);
    context.print(summary.text);
    print_notes(context, summary);
    return Exit::fine;
}

Exit run_adopt(Context& context) {
    for (const auto& database : context.databases()) {
        pg::Connection inside(trust::admin_settings(context.run(), database));
        const auto judgement = trust::judge(inside, context.run(), database);
        context.print(judgement.explanation);
        if (judgement.standing != trust::Standing::ours && !context.dry_run()) {
            trust::require_consent(context.run(), database, "db adopt",
                                   context.arguments().value("--confirm"), context.yes());
        }
    }
    const auto summary = provision_databases(context, true);
    context.print(summary.text);
    print_notes(context, summary);
    return Exit::fine;
}

Exit run_detach(Context& context) {
    const auto database = context.one_database();
    pg::Connection inside(trust::admin_settings(context.run(), database));
    trust::require_ours(inside, context.run(), database);
    if (!context.dry_run()) {
        trust::require_consent(context.run(), database, "db detach",
                               context.arguments().value("--confirm"), context.yes());
        if (const auto kept = keep_journal(context, database, inside); !kept.empty()) {
            context.note("its journal is kept in " + kept);
            context.result()["journal"] = kept;
        }
        trust::remove_catalogue(inside);
    }
    context.print(fmt::format(
        "{}the schema caisson of {} with its history and seed tracking; your own tables stay",
        context.dry_run() ? "would remove " : "removed ", database.name));
    context.result()["database"] = database.name;
    context.result()["detached"] = !context.dry_run();
    return Exit::fine;
}

Exit run_drop(Context& context) {
    const auto database = context.one_database();
    pg::Connection server(trust::server_settings(context.run(), database));
    if (server
            .query("select from pg_database where datname = $1",
                   {trust::database_name(context.run(), database)})
            .empty()) {
        context.print(fmt::format("{} does not exist", database.name));
        context.result() = {{"database", database.name}, {"dropped", false}};
        return Exit::fine;
    }
    {
        pg::Connection inside(trust::admin_settings(context.run(), database));
        trust::require_ours(inside, context.run(), database);
    }
    if (!context.dry_run()) {
        trust::require_consent(context.run(), database, "db drop",
                               context.arguments().value("--confirm"), context.yes());
        server.query(fmt::format("drop database {} with (force)",
                                 pg::identifier(trust::database_name(context.run(), database))));
    }
    context.print(fmt::format("{} {}; its roles stay, caisson provision uses them again",
                              context.dry_run() ? "would drop" : "dropped", database.name));
    context.result() = {{"database", database.name}, {"dropped", !context.dry_run()}};
    return Exit::fine;
}

Exit run_rotate(Context& context) {
    boost::json::array rotated;
    for (const auto& database : context.databases()) {
        boost::json::array roles;
        for (const auto& role : provision::rotate_secrets(
                 context.run(), database, context.arguments().value("--role"), context.dry_run())) {
            context.print(fmt::format(
                "{} {}", context.dry_run() ? "would change the secret of" : "new secret for",
                role));
            rotated.emplace_back(role);
            roles.emplace_back(role);
        }
        if (!context.dry_run()) {
            tell_journal(context, database, journal::kinds::finish, "db rotate",
                         {{"roles", std::move(roles)}});
        }
    }
    context.result()["rotated"] = std::move(rotated);
    return Exit::fine;
}

}  // namespace

std::vector<Verb> db_verbs() {
    return {
        {"db",
         "the databases of the platform, as they are",
         "",
         {},
         "",
         "  caisson db",
         Needs::platform,
         run_list},
        {"db list",
         "the same as caisson db",
         "",
         {},
         "",
         "  caisson db list --json",
         Needs::platform,
         run_list},
        {"db url",
         "a connection URL; the password stays in the passfile it points to",
         "",
         {role_option},
         "",
         "  caisson db url                     # as the application's role\n"
         "  psql \"$(caisson db url --role readonly)\"",
         Needs::platform,
         run_url},
        {"db shell",
         "psql, connected",
         "As the role readonly, unless another is asked for. What follows -- is given to psql.",
         {role_option},
         "",
         "  caisson db shell                    # read only\n"
         "  caisson db shell --role service -- -c 'select count(*) from users'",
         Needs::platform,
         run_shell,
         true},
        {"db create",
         "the database with its roles, extensions and rights, without migrations",
         "",
         {},
         "",
         "  caisson -d compliance db create",
         Needs::platform,
         run_create},
        {"db drop",
         "drops the database; asks for --yes, or for its name where the environment is protected",
         "",
         {},
         "",
         "  caisson db drop --yes\n  caisson -e production db drop --confirm compliance_db",
         Needs::platform,
         run_drop},
        {"db adopt",
         "takes over a database that holds data already, or is a copy",
         "Installs the schema caisson, roles and rights, and stamps the database with this "
         "platform's identity.",
         {},
         "",
         "  caisson -e staging db adopt --dry-run\n  caisson -e staging db adopt --yes",
         Needs::platform,
         run_adopt},
        {"db detach",
         "removes what Caisson added to a database; your tables stay",
         "",
         {},
         "",
         "  caisson db detach --yes",
         Needs::platform,
         run_detach},
        {"db rotate",
         "gives the roles new secrets",
         "",
         {{"--role", "ROLE", "only this role, by its suffix (default: all)", {}}},
         "",
         "  caisson db rotate\n  caisson db rotate --role app",
         Needs::platform,
         run_rotate},
    };
}

}  // namespace caisson::cli

// SPDX-License-Identifier: Apache-2.0
/// The table of everything that may stand in caisson.toml. The parser refuses what is not in it,
/// and the reference page is made from it.
#include "platform/platform.h"

namespace caisson::platform {

std::vector<Setting> alert_settings();          // alert_settings.cc
std::vector<Setting> backup_settings();         // backup_settings.cc
std::vector<Setting> monitor_settings_table();  // monitor_settings.cc

namespace {

using Table = std::vector<Setting>;

void add(Table& table, const Table& more) { table.insert(table.end(), more.begin(), more.end()); }

Table platform_settings() {
    return {
        {"platform", "section", "", "What the platform is called.", true},
        {"platform.name", "name", "",
         "Its name: part of the paths of its state, and of the identity of its databases.", true},
        {"platform.title", "non-empty string", "the name",
         "What people read in reports and on the status page."},
    };
}

Table database_settings() {
    return {
        {"databases", "section", "", "The logical databases. A platform has one or more.", true},
        {"databases.*", "section", "",
         "One database under the key by which the manifest and `-d` name it, such as "
         "`[databases.compliance]`."},
        {"databases.*.name", "non-empty string", "",
         "Its name in PostgreSQL; at most 54 bytes, because the names of its roles begin with it.",
         true},
        {"databases.*.migrations", "list",
         "`[\"migrations\"]` where the platform has one database and such a folder",
         "Sources of migrations, in the order in which they are applied: a folder, or a section "
         "about it."},
        {"databases.*.migrations[]", "non-empty string or section", "",
         "A folder, relative to the platform."},
        {"databases.*.migrations[].path", "non-empty string", "", "The folder.", true},
        {"databases.*.migrations[].format", "non-empty string", "found out from the files",
         "The tool that the files are written for, such as `flyway`; `plain` is `NNN_name.sql` "
         "with "
         "an optional `NNN_name.down.sql`. `caisson migrate detect` explains what it finds."},
        {"databases.*.migrations[].history", "non-empty string or boolean",
         "the tool's usual table",
         "The table in which that tool keeps its own history, as `table` or `schema.table`: read, "
         "verified and kept written. `false`: there is none but Caisson's."},
        {"databases.*.migrations[].placeholders", "section", "",
         "What the tool replaces in its files, such as Flyway's `${schema}`."},
        {"databases.*.migrations[].placeholders.*", "text", "", "The value of one placeholder."},
        {"databases.*.migrations[].migrate_as", "\"migrator\" or \"admin\"", "`\"migrator\"`",
         "The role the files run as; `admin` for a source that makes extensions or roles."},
        {"databases.*.extensions", "list", "`[]`",
         "Extensions that provisioning installs: names, or sections."},
        {"databases.*.extensions[]", "non-empty string or section", "", "An extension's name."},
        {"databases.*.extensions[].name", "non-empty string", "", "The extension's name.", true},
        {"databases.*.extensions[].optional", "boolean", "`false`",
         "Whether the platform does without it where the server does not offer it."},
    };
}

Table pool_settings() {
    const std::string prefix = "databases.*.pool";
    return {
        {prefix, "section", "",
         "The connections that an application keeps to it. `caisson serve` takes of it how long "
         "it waits, and keeps one to four itself. Values may be references such as "
         "`\"${DB_POOL_MAX}\"`."},
        {prefix + ".min", "count or reference", "`1`", "Connections that are kept open."},
        {prefix + ".max", "positive integer or reference", "`4`", "Connections at a time."},
        {prefix + ".acquire", "duration or reference", "`\"2s\"`",
         "How long a request waits for a connection, within its own deadline."},
        {prefix + ".idle", "duration or reference", "`\"60s\"`",
         "A connection above `min` that nobody used for so long is closed."},
        {prefix + ".lifetime", "duration or reference", "`\"30m\"`",
         "A connection is replaced after this time, give or take a tenth."},
        {prefix + ".reap", "duration or reference", "`\"1s\"`",
         "How often connections are looked at for that."},
        {prefix + ".retry", "duration or reference", "`\"100ms\"`",
         "The pause before a connection that failed is tried again."},
        {prefix + ".fail_at_once", "boolean or reference",
         "`true` for `caisson serve`, else `false`",
         "Whether a request fails as soon as there is no connection and none could be opened. "
         "`false`: it waits, for at most `acquire`, while that is tried again."},
    };
}

Table server_settings() {
    Table table = {
        {"server", "section", "",
         "What provisioning sets on private servers, and verification compares anywhere."},
        {"server.locale", "non-empty string", "`\"C.UTF-8\"`",
         "Locale of private PostgreSQL servers."},
        {"server.postgres", "section", "",
         "Settings of PostgreSQL by their own names, such as `max_connections`; those of "
         "extensions with a dot, such "
         "as `pg_stat_statements.max`."},
        {"server.postgres.port", "port", "none: Unix socket only",
         "Opens this port on the loopback address of a private server."},
        {"server.postgres.max_connections", "positive integer", "PostgreSQL's",
         "How many connections there may be."},
    };
    for (const char* name :
         {"shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem",
          "autovacuum_work_mem", "temp_buffers", "wal_buffers", "min_wal_size", "max_wal_size",
          "temp_file_limit", "logical_decoding_work_mem"}) {
        table.push_back({std::string("server.postgres.") + name, "PostgreSQL size", "PostgreSQL's",
                         "As in PostgreSQL's documentation."});
    }
    for (const char* name :
         {"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout",
          "idle_session_timeout", "deadlock_timeout", "checkpoint_timeout",
          "log_min_duration_statement", "wal_sender_timeout"}) {
        table.push_back({std::string("server.postgres.") + name, "PostgreSQL time", "PostgreSQL's",
                         "As in PostgreSQL's documentation."});
    }
    add(table,
        {
            {"server.postgres.*", "server setting or section", "PostgreSQL's",
             "Any other setting of PostgreSQL, except those that name its files and sockets."},
            {"server.postgres.*.*", "server setting", "",
             "A setting of an extension, written with a dot."},
            {"server.redis", "boolean or section", "",
             "Settings of Redis by their own names; `redis = false` below `[server]` leaves Redis "
             "out."},
            {"server.redis.port", "port", "none: Unix socket only",
             "Opens this port on the loopback address of a private server."},
            {"server.redis.maxmemory", "Redis size", "Redis's",
             "How much memory the data may take."},
            {"server.redis.*", "server setting", "Redis's",
             "Any other setting of Redis, except those that name its files, sockets and password."},
        });
    return table;
}

/// The fields of one address, below `prefix`.
Table address_settings(const std::string& prefix, const std::string& database_meaning,
                       const std::string& user) {
    return {
        {prefix + ".url", "connection URL", "",
         "All of the address in one text, taken apart. The other fields complete it; `host` and "
         "`port` exclude it."},
        {prefix + ".host", "host", "", "Name, address, or the directory of a Unix socket."},
        {prefix + ".port", "port or reference", "",
         "5432 for PostgreSQL, 6379 for Redis where nothing is said."},
        {prefix + ".user", "non-empty string", user, "The role to connect as."},
        {prefix + ".password", "text", "",
         "A reference such as `\"${DATABASE_PASSWORD}\"`, so that no secret stands here."},
        {prefix + ".database", "non-empty string", "", database_meaning},
        {prefix + ".tls", "TLS mode", "`verify-full` for another machine, `prefer` for this one",
         "`disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`. Of Redis: "
         "off where nothing is said; every mode but `disable` speaks TLS, and both that verify "
         "compare the name, too."},
        {prefix + ".tls_root", "non-empty string", "the system's with `verify-full`",
         "File with the certificates that are trusted."},
        {prefix + ".tls_min", "non-empty string", "`1.3`",
         "The oldest version of TLS to speak with another machine: `1.2` or `1.3`. Of PostgreSQL."},
        {prefix + ".channel_binding", "non-empty string", "`prefer`",
         "Whether a password proves that there is nobody in between: `disable`, `prefer` (where "
         "the server can, which PgBouncer cannot) or `require`. Of PostgreSQL."},
    };
}

Table environment_settings() {
    Table table = {
        {"environments", "section", "",
         "Where the platform lives. `local`, on private servers, is always there. Text in the "
         "fields of an address may "
         "hold `${NAME}` for a variable that `[variables]` declares."},
        {"environments.*", "section", "",
         "One environment, chosen with `-e`; it says `server = \"private\"`, or where its server "
         "is. The fields of the "
         "address are those of the administrator, who makes databases and roles."},
        {"environments.*.server", "\"private\"", "`\"private\"` for `local`",
         "Servers of our own, below the state directory."},
        {"environments.*.protected", "boolean", "`false`",
         "Destructive verbs ask for the database's own name."},
    };
    add(table, address_settings("environments.*",
                                "The database the administrator connects to first.", "`postgres`"));
    table.push_back({"environments.*.redis", "connection URL or section", "",
                     "The environment's Redis: a URL, or the fields of an address."});
    add(table, address_settings("environments.*.redis", "The number of the Redis database.", ""));
    table.push_back({"environments.*.shadow", "connection URL or section",
                     "the variable `SHADOW_DATABASE_URL` where it is declared and set, else a "
                     "server of its own, made for the moment",
                     "An empty database in which `migrate prove` and `migrate drift` try things; "
                     "refused unless it is empty, and cleaned afterwards."});
    add(table, address_settings("environments.*.shadow", "The empty database.", ""));
    table.push_back({"environments.*.databases", "section", "",
                     "What is different for one database, by its key."});
    table.push_back({"environments.*.databases.*", "section", "",
                     "The administrator's address for this database."});
    add(table, address_settings("environments.*.databases.*",
                                "The database's name in this environment.", ""));
    table.push_back({"environments.*.roles", "section", "",
                     "What is different for one role: `migrator`, `app`, `readonly` or another of "
                     "the built-in ones, "
                     "or one of `[roles]`."});
    table.push_back({"environments.*.roles.*", "section", "", "The address as this role."});
    add(table, address_settings("environments.*.roles.*",
                                "The database's name as this role sees it, as behind a pool.",
                                "the database's name, `_` and the role"));
    return table;
}

Table role_settings() {
    return {
        {"roles", "section", "", "Login roles beside the built-in ones."},
        {"roles.*", "section", "",
         "One role; in PostgreSQL its name is the database's, `_` and this one."},
        {"roles.*.grants", "list of strings", "`[]`",
         "What it may do, as in SQL's GRANT without `grant` and `to`: `\"select on businesses\"`, "
         "`\"usage on schema "
         "x\"`, `\"execute on all functions in schema x\"`."},
        {"roles.*.databases", "list of strings", "every database",
         "Keys of the databases that have this role."},
    };
}

Table variable_settings() {
    return {
        {"variables", "section", "",
         "Variables of the process, declared once: they give `.env.example`, the reference and the "
         "check at start."},
        {"variables.*", "section", "", "One variable, under its name."},
        {"variables.*.type", "variable type", "`\"text\"`", "What its value must look like."},
        {"variables.*.choices", "list of strings", "", "The values that the type `choice` allows."},
        {"variables.*.required_in", "list of strings", "`[]`",
         "Environments that need it; `\"*\"` is every one."},
        {"variables.*.default", "scalar", "", "The value where none is set."},
        {"variables.*.example", "scalar", "", "What `.env.example` shows."},
        {"variables.*.description", "non-empty string", "", "What it is for."},
        {"variables.*.group", "non-empty string", "",
         "The heading it stands under in `.env.example`."},
        {"variables.*.aliases", "list of strings", "`[]`",
         "Old names, still accepted and reported."},
        {"variables.*.secret", "boolean", "`false`", "Its value is never printed."},
        {"variables.*.file", "non-empty string", "",
         "Where the value may lie instead, relative to the platform: the first line of this file."},
        {"variables.*.command", "list of strings", "",
         "A program with its arguments that prints the value in its first line, such as a secret "
         "manager's. It is not "
         "given to a shell."},
    };
}

Table migration_settings() {
    return {
        {"migrations", "section", "", "How migrations are applied."},
        {"migrations.transaction", "transaction scope", "`\"file\"`",
         "`file`: a transaction a file; `run`: one for all that is pending, cut at files that "
         "cannot be in one; `none`: one a statement, each recorded."},
        {"migrations.late", "policy", "`\"refuse\"`",
         "What is done about a file that is not applied although a newer one of its source is."},
        {"migrations.missing", "policy", "`\"refuse\"`",
         "What is done about an applied migration whose file is gone."},
        {"migrations.edited", "policy", "`\"refuse\"`",
         "What is done about a file that was changed after it was applied."},
        {"migrations.lock_timeout", "duration", "`\"500ms\"`",
         "How long a statement waits for the lock of a table before its transaction is tried "
         "again."},
        {"migrations.lock_retries", "positive integer", "`20`", "How often that is done."},
        {"lint", "section", "", "What `caisson migrate lint` looks for."},
        {"lint.rules", "section", "", "Severities, by the rule's id."},
        {"lint.rules.*", "lint severity", "the rule's own",
         "`error`, `warning` or `off` for one rule."},
    };
}

Table isolation_settings() {
    return {
        {"isolation", "section", "",
         "How tenants are kept apart by row-level security, for `caisson verify isolation`."},
        {"isolation.setting", "non-empty string", "`\"app.current_user_id\"`",
         "The setting that says, within a transaction, on whose behalf it works."},
        {"isolation.roles", "list of strings", "`[\"app\"]`",
         "The roles that act for tenants: built-in ones or those of `[roles]`."},
        {"isolation.tenant", "list of strings", "those that policies compare with the setting",
         "Columns that hold the setting's value in a tenant's rows, as `\"user_id\"` or "
         "`\"users.id\"`."},
        {"isolation.columns", "list of strings", "those by which policies tell",
         "Columns that otherwise say whose a row is, such as `\"organisation_id\"`: a table that "
         "has "
         "one needs policies."},
        {"isolation.tenants", "list of strings", "guessed from the columns that hold it",
         "What the setting holds for each tenant that is made, where guesses fail."},
        {"isolation.values", "section", "",
         "What rows made for the trial have where guesses fail."},
        {"isolation.values.*", "scalar", "",
         "The value of a column, under `\"table.column\"`; `{tenant}` in it is another word in "
         "each row."},
        {"isolation.accept", "section", "",
         "What is known and cannot be otherwise, or is meant to be so."},
        {"isolation.accept.*", "non-empty string", "",
         "The reason, under the name of a finding, such as `\"unique users_email_key\"`."},
    };
}

Table generate_settings() {
    return {
        {"generate", "section", "",
         "What `caisson generate` writes: typed C++ from `queries/` and from the tables."},
        {"generate.out", "non-empty string", "`\"generated\"`",
         "The directory that it is written to, relative to the platform."},
        {"generate.namespace", "non-empty string", "the platform's name",
         "The namespace of C++, such as `kyb` or `acme::kyb`."},
        {"generate.removed", "text", "`\"deleted_at\"`",
         "The nullable timestamp that marks a row as removed, in tables that have it: they are "
         "read without such rows, and `remove()` sets it. Empty: rows are always deleted."},
        {"generate.version", "list of strings", "`[\"version\", \"updated_at\"]`",
         "Columns, integer or timestamp, that change with every update of a row: the first one "
         "that a table has lets `update()` notice that somebody else was faster."},
        {"generate.order", "section", "",
         "The order of `list()`, table by table; where nothing is said, that of the primary key."},
        {"generate.order.*", "list of strings", "",
         "Columns that are NOT NULL, each with ` desc` behind it where it falls. The primary key "
         "is added, so that the order is one."},
    };
}

Table remaining_settings() {
    return {
        {"seeds", "section", "",
         "How the rows of tables are seeded, where their files alone do not tell."},
        {"seeds.*", "section", "",
         "One table, as `[seeds.users]` or `[seeds.\"sanctions.wallets\"]`."},
        {"seeds.*.key", "non-empty string or list of strings", "the primary key",
         "Columns that tell rows apart."},
        {"seeds.*.columns", "section", "", "Where the values of columns come from."},
        {"seeds.*.columns.*", "non-empty string", "the field of the same name",
         "The name of a field in the file, `$value` (an entry of a list of scalars), `$file` (the "
         "file's name without "
         "extension) or `$line`."},
        {"seeds.*.database", "non-empty string", "the first database",
         "Key of the database the table is in."},
        {"cache", "section", "", "What the platform keeps in Redis."},
        {"cache.keys", "section", "", "Patterns of keys."},
        {"cache.keys.*", "section", "",
         "One pattern, such as `[cache.keys.\"session:{id}\"]`. `{id}` stands for one or more "
         "characters other than `:`, `{path*}` for one or more of any kind; `{{` and `}}` are the "
         "braces themselves. A key of several patterns belongs to the one with the most characters "
         "outside of placeholders, of equals to the first."},
        {"cache.keys.*.ttl", "whole seconds or \"none\"", "",
         "How long such a key lives; `\"none\"`: for ever.", true},
        {"cache.keys.*.on_missing", "\"set\" or \"delete\"", "`\"set\"`",
         "What `caisson cache clean` does about a key that has no time to live although one is "
         "declared: gives it the declared one, or deletes it."},
        {"cache.keys.*.evictable", "boolean", "`true`",
         "Whether Redis may give such keys up when its memory is full. `caisson verify` objects to "
         "a `maxmemory-policy` that may evict what is `false` here."},
        {"cache.keys.*.fresh", "whole seconds", "the ttl",
         "For how long a value is served as it is; then, until its ttl, it is served while a newer "
         "one is loaded."},
        {"cache.keys.*.tables", "list of strings", "`[]`",
         "Tables that a value is made of, such as `[\"businesses(id)\", \"rates\"]`: a change of "
         "the rows whose `id` stands for `{id}` in the key, or of any row of `rates`, makes it "
         "old."},
        {"cache.keys.*.shared", "boolean", "`false`",
         "Whether a value is the same for everybody: loaded as nobody in particular, so that "
         "row-level security shows what everybody sees. Otherwise the pattern needs `{tenant}` and "
         "`{role}`, which the session fills, where the library's cache is to keep such keys."},
        {"cache.keys.*.description", "non-empty string", "", "What is kept there."},
        {"features", "section", "",
         "Switches: a migration that says `-- caisson: feature NAME` waits for its own."},
        {"features.*", "boolean", "`false`", "Whether the feature is on."},
        {"api", "section", "", "What the daemon serves."},
        {"api.listen", "IP address", "`\"127.0.0.1\"`",
         "The address to listen on; beyond loopback every request but liveness and health needs "
         "the token."},
        {"api.port", "listening port", "`4000`", "The port to listen on; 0 for any that is free."},
        {"api.health", "list of URL paths", "`[]`",
         "Further paths that answer as `/health` does, such as `/api/ai/health`; without a token."},
    };
}

Table make_table() {
    Table table;
    for (const auto& part :
         {platform_settings(), database_settings(), pool_settings(), server_settings(),
          environment_settings(), role_settings(), variable_settings(), migration_settings(),
          isolation_settings(), generate_settings(), backup_settings(), monitor_settings_table(),
          alert_settings(), remaining_settings()}) {
        add(table, part);
    }
    return table;
}

}  // namespace

const std::vector<Setting>& settings() {
    static const Table table = make_table();
    return table;
}

}  // namespace caisson::platform

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A platform as values: caisson.toml and the folders beside it, read once. Opens no database and
/// starts nothing. Flow: load() reads and checks everything and reports all mistakes at once;
/// environment.h turns a manifest, an environment's name and the variables of the process into
/// addresses and secrets; state.h computes where state lives.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "platform/alerting.h"
#include "platform/backups.h"
#include "platform/monitoring.h"

namespace caisson::platform {

struct Extension {
    std::string name;
    bool optional = false;
};

/// A folder of migrations. `path` is absolute; `name` is what history calls the source (the path as
/// declared).
struct Source {
    std::string name;
    fs::path path;
    std::string format{};   ///< `plain`, `flyway`, …; empty: found out from the files.
    bool as_admin = false;  ///< migrate_as = "admin": makes extensions or roles.
    /// The table in which the tool of the format keeps its own history, where it is not the tool's
    /// usual one. Empty (`history = false`): the source has none but ours.
    std::optional<std::string> history{};
    /// What the tool replaces in its files, such as Flyway's `${schema}`. Values may hold `${NAME}`
    /// of a declared variable.
    std::map<std::string, std::string> placeholders{};
};

/// What is done about a disorder between files and history.
enum class Policy { refuse, warn, allow };
/// How many transactions a run of migrations takes.
enum class TransactionScope {
    file,  ///< One a file.
    run,   ///< One for all, cut at files that cannot be in one.
    none,  ///< One a statement, each recorded.
};

/// [migrations]: how migrations are applied.
struct MigrationRules {
    TransactionScope transaction = TransactionScope::file;
    Policy late = Policy::refuse;     ///< Not applied, although a newer one of its source is.
    Policy missing = Policy::refuse;  ///< Applied, and the file is gone.
    Policy edited = Policy::refuse;   ///< Applied, and the file was changed since.
    /// How long a statement waits for the lock of a table before its transaction is given up and
    /// tried again, at most `lock_retries` times.
    std::chrono::milliseconds lock_timeout{500};
    int lock_retries = 20;
};

enum class LintSeverity { off, warning, error };

/// [databases.NAME.pool]: the connections that a process keeps to a database, as written; `${NAME}`
/// not yet replaced, empty where nothing is said. pool.h reads it.
struct Pool {
    std::string min;
    std::string max;
    std::string acquire;
    std::string idle;
    std::string lifetime;
    std::string reap;
    std::string retry;
    std::string fail_at_once;
    Place place;
};

/// A logical database of the platform.
struct Database {
    std::string key;   ///< `compliance` in [databases.compliance].
    std::string name;  ///< `compliance_db`: its name in PostgreSQL.
    std::vector<Source> migrations;
    std::vector<Extension> extensions;
    Pool pool;
    Place place;
};

/// [server.postgres] and [server.redis]: settings by name; `port` opens a loopback port beside the
/// socket.
struct Server {
    std::map<std::string, std::string> postgres;
    std::map<std::string, std::string> redis;
    std::optional<std::uint16_t> postgres_port;
    std::optional<std::uint16_t> redis_port;
    bool has_redis = true;  ///< redis = false under [server] leaves Redis out.
    std::string locale = "C.UTF-8";
};

/// Connection fields as written, `${NAME}` not yet replaced. Empty where nothing is said.
struct Address {
    std::string url;
    std::string host;
    std::string port;
    std::string user;
    std::string password;
    std::string database;
    std::string tls;
    std::string tls_root;
    std::string tls_min;
    std::string channel_binding;
    Place place;
};

struct Environment {
    std::string name;
    bool is_private = false;  ///< server = "private": servers of our own below the state directory.
    bool is_protected = false;  ///< Destructive verbs ask for the database's own name.
    Address postgres;           ///< As the administrator, who makes databases and roles.
    Address redis;
    Address shadow;  ///< An empty database for proofs; nothing said: a server of our own.
    std::map<std::string, Address> databases;  ///< Overrides by database key.
    std::map<std::string, Address> roles;      ///< Overrides by role suffix, such as `app`.
    Place place;
};

enum class VariableType {
    text,
    host,
    port,
    integer,
    number,
    boolean,
    duration,
    bytes,
    url,
    path,
    choice
};

/// [variables.NAME]: declared once, gives .env.example, the reference page and the check at start.
struct Variable {
    std::string name;
    VariableType type = VariableType::text;
    std::vector<std::string> choices;
    std::vector<std::string> required_in;  ///< Environments; "*" for every one.
    std::optional<std::string> default_value;
    std::string example;
    std::string description;
    std::string group;
    std::vector<std::string> aliases;  ///< Old names, accepted and reported.
    bool secret = false;
    std::string file;                  ///< Where the value may lie instead: its first line.
    std::vector<std::string> command;  ///< A program that prints it (Doppler, 1Password, AWS).
    Place place;
};

/// [roles.analyst]: a login role beside the built-in ones.
struct Role {
    std::string name;
    std::vector<std::string> grants;     ///< Such as "select on businesses".
    std::vector<std::string> databases;  ///< Keys; empty means every database.
    Place place;
};

/// [seeds."sanctions.wallets"]: how the rows of a table are seeded.
struct SeedTable {
    std::string table;             ///< As written: `name` or `schema.name`.
    std::vector<std::string> key;  ///< Columns of the upsert; empty: the primary key.
    /// Column to where its value comes from: "$value" (a scalar of a JSON array), "$file" (the
    /// file's name without extension), "$line", or the name of a field.
    std::map<std::string, std::string> columns;
    std::string database;  ///< Key; empty: the first database.
    Place place;
};

/// A table that a cached value is made of: `businesses`, or `businesses(id)`, where only the rows
/// count whose column holds what stands for the placeholder in the key.
struct CacheTable {
    std::string table;        ///< As written: `name` or `schema.name`.
    std::string column;       ///< Empty: every row counts.
    std::string placeholder;  ///< Whose value the column holds; empty without a column.
    bool operator==(const CacheTable&) const = default;
};

/// [cache.keys."session:{id}"]: keys of one pattern in Redis, and how long they live.
struct CacheKey {
    /// What is done about a key that has no time to live although one is declared.
    enum class OnMissing { set, remove };

    std::string pattern;                      ///< As written; see key_pattern.h.
    std::optional<std::chrono::seconds> ttl;  ///< Nothing: kept for ever.
    OnMissing on_missing = OnMissing::set;
    bool evictable = true;  ///< Whether Redis may give such keys up when its memory is full.
    std::optional<std::chrono::seconds> fresh;  ///< Served unasked for so long; nothing: the ttl.
    std::vector<CacheTable> tables;             ///< What changes make its values old.
    bool is_shared = false;  ///< The same for everybody, and loaded as nobody in particular.
    std::string description;
    Place place;
};

/// [isolation]: how tenants are kept apart, for whoever tries it.
struct Isolation {
    /// What is known and cannot be otherwise, under the name that a finding has, with the reason.
    struct Accepted {
        std::string name;
        std::string reason;
        Place place;
    };
    std::string setting = "app.current_user_id";  ///< Says on whose behalf a transaction works.
    std::vector<std::string> roles = {"app"};     ///< Suffixes of the roles that act for tenants.
    /// `column` or `table.column`: equal to the setting in a tenant's rows, and telling whose a row
    /// is otherwise; beside those that policies show.
    std::vector<std::string> tenant;
    std::vector<std::string> columns;
    std::vector<std::string> tenants;  ///< What the setting holds for made tenants; empty: guessed.
    std::map<std::string, std::string>
        values;  ///< `table.column` to what generated rows have there.
    std::vector<Accepted> accepted;
    Place place;  ///< Line 0: the section is not there.
};

/// [generate]: what `caisson generate` writes, and how it knows what columns mean.
struct Generate {
    std::string directory = "generated";  ///< Relative to the platform.
    std::string name_space;               ///< Of C++; empty: the platform's name.
    std::string removed = "deleted_at";   ///< A column that marks a row as removed; empty: none.
    /// Columns that tell one version of a row from the next: the first of them that a table has.
    std::vector<std::string> version = {"version", "updated_at"};
    /// `table` to the order of its lists: `column` or `column desc`; not said: the primary key.
    std::map<std::string, std::vector<std::string>> orders;
    std::map<std::string, Place> order_places;  ///< Where that stands.
};

/// [api]: what the daemon serves. `listen` is loopback unless told otherwise.
struct Api {
    std::string listen = "127.0.0.1";
    std::uint16_t port = 4000;
    std::vector<std::string> health;  ///< Further paths that answer as /health does.
};

struct Manifest {
    fs::path directory;  ///< The platform's real path.
    fs::path file;       ///< caisson.toml in it.
    std::string name;
    std::string title;
    std::vector<Database> databases;  ///< In the order of the file; at least one.
    Server server;
    std::vector<Environment>
        environments;  ///< `local` (private) is there even when it is not written.
    std::vector<Role> roles;
    std::vector<Variable> variables;
    std::vector<SeedTable> seeds;
    std::vector<CacheKey> cache_keys;
    std::map<std::string, bool> features;
    MigrationRules migrations;
    std::map<std::string, LintSeverity> lint;  ///< [lint.rules]: by the rule's id.
    Isolation isolation;
    Generate generate;
    Backups backups;
    Alerting alerting;
    Monitor monitor;
    Api api;

    /// Errors: usage, with "did you mean", when there is no such database or environment.
    const Database& database(const std::string& key_or_name) const;
    const Environment& environment(const std::string& name) const;
    bool feature(const std::string& name) const;
};

/// A mistake in a platform's files.
struct Mistake {
    Place place;
    std::string message;
    std::string remedy;
};

/// What parsing gives: the manifest as far as it could be read, and every mistake, in the order of
/// the file.
struct Parsed {
    Manifest manifest;
    std::vector<Mistake> mistakes;
};

/// Pure: text to values. `file` names the text in places; paths in it are taken relative to
/// `directory`.
Parsed parse(const std::string& text, const fs::path& directory,
             const std::string& file = "caisson.toml");

/// The directory that holds caisson.toml: `start` or the nearest one above it. Errors:
/// manifest_missing.
fs::path find(const fs::path& start);
/// Reads the platform at `directory`. Errors: manifest_missing; platform_invalid, whose message
/// lists every mistake with line and column.
Manifest load(const fs::path& directory);

/// One setting that a manifest may have: the table that the parser obeys and
/// docs/reference/manifest.md is made from.
struct Setting {
    std::string path;      ///< `environments.*.host`
    std::string kind;      ///< string, integer, boolean, size, duration, list of strings, …
    std::string fallback;  ///< As it is written; empty: none.
    std::string meaning;
    bool required = false;  ///< The section around it must have it.
};
/// Every section and setting, in the order of the reference. `*` stands for a name of the user's,
/// `[]` for an entry of a list.
const std::vector<Setting>& settings();

/// The text of docs/reference/manifest.md, made from settings().
std::string manifest_reference();
/// The manifest shown there: valid where a folder `migrations` lies beside it.
std::string manifest_example();

/// A file of a folder, with what is in it. `name` is relative to the folder.
struct File {
    std::string name;
    fs::path path;
    std::string text;
};
/// The files of a folder with one of these extensions (".sql"), in byte order of their names; not
/// deeper than `depth` folders. None when the folder does not exist. Errors: platform_invalid when
/// one cannot be read or is not UTF-8.
std::vector<File> files_of(const fs::path& folder, const std::vector<std::string>& extensions,
                           int depth = 0);

}  // namespace caisson::platform

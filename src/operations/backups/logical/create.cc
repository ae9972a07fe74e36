// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>

#include <fmt/format.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "drivers/pg/environment.h"
#include "drivers/pg/quote.h"
#include "lifecycle/migrations/history.h"
#include "lifecycle/schema/snapshot.h"
#include "operations/backups/logical/logical.h"
#include "operations/backups/logical/parameters.h"
#include "operations/backups/logical/redis_program.h"
#include "trust/identity.h"

namespace caisson::backups {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t block_bytes = std::size_t{1} << 20U;
constexpr auto longest_silence = 10min;

/// What goes by, told of whoever moves it.
class Meter {
 public:
    Meter(const LogicalOptions& options, std::uint64_t total) : options_(options), total_(total) {}
    void begin(const std::string& what) {
        const std::lock_guard guard(mutex_);
        what_ = what;
        tell();
    }
    void advance(std::uint64_t bytes) {
        const std::lock_guard guard(mutex_);
        done_ += bytes;
        tell();
    }

 private:
    void tell() {
        if (options_.progress) {
            options_.progress(what_, done_, std::max(total_, done_));
        }
    }
    const LogicalOptions& options_;
    std::uint64_t total_;
    std::uint64_t done_ = 0;
    std::string what_;
    std::mutex mutex_;
};

/// One database as it is at one moment: a session holds the snapshot that pg_dump takes over.
class Moment {
 public:
    explicit Moment(const pg::Settings& settings) : connection_(settings) {
        connection_.script(
            "begin isolation level repeatable read read only; "
            // It only holds the snapshot, for as long as the longest dump takes.
            "set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0; "
            "set local lock_timeout = 0");
        if (connection_.server_version() >= 170'000) {
            connection_.script("set local transaction_timeout = 0");
        }
        const auto row = connection_
                             .query(
                                 "select pg_export_snapshot() as snapshot, "
                                 "case when pg_is_in_recovery() then pg_last_wal_replay_lsn() "
                                 "else pg_current_wal_lsn() end as lsn, "
                                 "pg_database_size(current_database()) as bytes")
                             .front();
        at_ = timestamp_now();
        snapshot_ = row.string("snapshot");
        lsn_ = row.string("lsn");
        bytes_ = static_cast<std::uint64_t>(row.integer("bytes"));
    }
    pg::Connection& connection() { return connection_; }
    const std::string& snapshot() const { return snapshot_; }
    const std::string& at() const { return at_; }
    const std::string& lsn() const { return lsn_; }
    std::uint64_t bytes() const { return bytes_; }

 private:
    pg::Connection connection_;
    std::string snapshot_;
    std::string at_;
    std::string lsn_;
    std::uint64_t bytes_ = 0;
};

/// The number of a position in the log, such as 2/1A: texts do not sort as positions do.
std::uint64_t position_of(const std::string& lsn) {
    const auto slash = lsn.find('/');
    return (std::stoull(lsn.substr(0, slash), nullptr, 16) << 32U) |
           std::stoull(lsn.substr(slash + 1), nullptr, 16);
}

/// A program that makes a part of the set.
struct Making {
    std::string kind;
    std::string file;
    Command command;
    bool warns = true;  ///< What it says on its errors are warnings, and not its progress.
    int passing = 0;    ///< A status that may be none the next time; 0: there is none.
};

struct Made {
    int status = 0;
    std::string errors;
    Stored stored;  ///< Only with status 0.
};

/// Large objects have no default rights, and pg_read_all_data is not about them: the role of
/// backups is given SELECT on those that it cannot read yet. Errors: backup_failed.
void let_read_large_objects(const trust::Run& run, const platform::Database& database) {
    const auto reader = trust::role_name(database, trust::Role::backup);
    constexpr std::string_view unread =
        "from pg_largeobject_metadata m where not exists (select from aclexplode(m.lomacl) a "
        "where a.privilege_type = 'SELECT' and a.grantee in (0, (select oid from pg_roles where "
        "rolname = $1)))";
    pg::Connection looking(trust::role_settings(run, database, trust::Role::backup));
    const auto count = looking.query(fmt::format("select count(*) as n {}", unread), {reader})
                           .front()
                           .integer("n");
    if (count == 0) {
        return;
    }
    try {
        pg::Connection admin(trust::admin_settings(run, database));
        constexpr std::size_t at_once = 1000;
        while (true) {
            const auto rows = admin.query(
                fmt::format("select m.oid::text as id {} limit {}", unread, at_once), {reader});
            std::string grants;
            for (const auto& row : rows) {
                grants += fmt::format("grant select on large object {} to {}; ", row.string("id"),
                                      pg::identifier(reader));
            }
            if (grants.empty()) {
                return;
            }
            admin.script(grants);
        }
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        throw Error(Code::backup_failed,
                    fmt::format("{} of {} cannot be read by {}, and the right could not be given: "
                                "{}",
                                counted(static_cast<std::size_t>(count), "large object"),
                                database.name, reader, error.message()),
                    fmt::format("as their owner: grant select on large object … to {}",
                                pg::identifier(reader)));
    }
}

/// The output of a program as a file of the set.
Made store_output(const Command& command, Storing& storing, Meter& meter) {
    Child child(command, Child::Flow::read);
    std::vector<char> block(block_bytes);
    while (const auto got = child.read(block, longest_silence)) {
        storing.add({block.data(), got});
        meter.advance(got);
    }
    const auto finished = child.finish(1min);
    if (!finished.fine()) {
        return {finished.status, finished.errors, {}};
    }
    return {0, finished.errors, storing.finish()};
}

class Creation {
 public:
    Creation(const trust::Run& run, const Repository& repository, const LogicalOptions& options)
        : run_(run), repository_(repository), options_(options) {
        set_.started = timestamp_now();
        set_.kind = Kind::logical;
        set_.id = new_id(set_.started, set_.kind);
        set_.platform = run.manifest.name;
        set_.environment = run.environment.name;
        set_.is_self_contained = true;
        if (options.sealing) {
            set_.key = options.sealing->id();
        }
        directory_ = repository.begin(set_.id);
    }
    Creation(const Creation&) = delete;
    Creation& operator=(const Creation&) = delete;
    ~Creation() {
        if (!is_finished_) {
            try {
                remove_tree(directory_);
            } catch (const Error&) {
                // The next one removes it.
            }
        }
    }

    Found make(const std::vector<platform::Database>& databases) {
        std::vector<std::unique_ptr<Moment>> moments;
        std::uint64_t total = 0;
        for (const auto& database : databases) {
            if (!options_.elsewhere) {
                let_read_large_objects(run_, database);
            }
            moments.push_back(std::make_unique<Moment>(settings_of(database)));
            total += moments.back()->bytes();
        }
        describe_server(moments.front()->connection());
        const auto earliest = std::ranges::min_element(
            moments, {}, [](const auto& moment) { return position_of(moment->lsn()); });
        set_.lsn_start = (*earliest)->lsn();
        programs_ =
            dump_programs(run_.variables, moments.front()->connection().server_version() / 10'000);
        Meter meter(options_, total);
        in_parallel(databases.size(),
                    [&](std::size_t i) { add_database(databases[i], *moments[i], meter); });
        add_roles(databases.front(), meter);
        if (!options_.elsewhere) {
            add_redis(meter);
            add_platform(meter);
        }
        return finish();
    }

 private:
    pg::Settings settings_of(const platform::Database& database) const {
        return options_.elsewhere ? options_.elsewhere(database)
                                  : trust::role_settings(run_, database, trust::Role::backup);
    }

    StoringOptions storing_options() const {
        return {run_.manifest.backups.level, true, repository_.owner()};
    }

    void describe_server(pg::Connection& connection) {
        const auto row =
            connection
                .query(
                    "select system_identifier::text as system, timeline_id as timeline, "
                    "current_setting('server_version') as version "
                    "from pg_control_system(), pg_control_checkpoint()")
                .front();
        set_.system_identifier = row.string("system");
        set_.timeline = static_cast<std::uint64_t>(row.integer("timeline"));
        const auto version = row.string("version");
        set_.server_version = version.substr(0, version.find(' '));
    }

    void add_database(const platform::Database& database, Moment& moment, Meter& meter) {
        meter.begin("dumping " + database.name);
        // Asked first: what cannot be said is known before hours of dumping, not after them.
        auto origin = origin_of(moment.connection());
        origin.key = database.key;
        Storing storing(directory_, database.key + ".dump", options_.sealing, storing_options());
        const auto settings = settings_of(database);
        const auto dumped =
            dump(programs_,
                 {settings, moment.snapshot(), [&](std::uint64_t bytes) { meter.advance(bytes); }},
                 storing);
        const std::lock_guard guard(mutex_);
        add_part("database", database.key, moment.at(), dumped.stored);
        set_.origins.push_back(std::move(origin));
        set_.tables.insert(set_.tables.end(), dumped.tables.begin(), dumped.tables.end());
        set_.tools["pg_dump"] = dumped.program_version;
        add_notes(dumped.notes, database.name + ": ");
    }

    void add_part(const std::string& kind, const std::string& name, const std::string& at,
                  const Stored& stored) {
        set_.parts.push_back(
            {kind, name, stored.file.name, at, stored.plain_bytes, stored.plain_sha256});
        set_.files.push_back(stored.file);
        set_.bytes += stored.plain_bytes;
        set_.stored_bytes += stored.file.bytes;
    }

    void add_notes(const std::vector<std::string>& notes, const std::string& start) {
        for (const auto& note : notes) {
            set_.notes.push_back(start + note);
        }
    }

    void add_output(const Making& making, Meter& meter) {
        const std::string name = fs::path(making.command.arguments.front()).filename();
        for (bool is_last = making.passing == 0;; is_last = true) {
            const auto at = timestamp_now();
            Storing storing(directory_, making.file, options_.sealing, storing_options());
            const auto made = store_output(making.command, storing, meter);
            if (made.status != 0 && (is_last || made.status != making.passing)) {
                throw Error(Code::backup_failed, fmt::format("{} ended with {}: {}", name,
                                                             made.status, words_of(made.errors)));
            }
            if (made.status != 0) {
                continue;
            }
            if (made.stored.plain_bytes == 0) {
                throw Error(Code::backup_failed, fmt::format("{} wrote nothing", name));
            }
            if (making.warns) {
                add_notes(warnings_of(made.errors), "");
            }
            return add_part(making.kind, "", at, made.stored);
        }
    }

    /// Without passwords: those are the passfile's, and no business of a backup.
    void add_roles(const platform::Database& database, Meter& meter) {
        meter.begin("roles");
        Command command;
        command.arguments = {programs_.roles.string(), "--roles-only", "--no-role-passwords",
                             "--no-password"};
        const auto settings = settings_of(database);
        command.environment = pg::environment_of(settings);
        command.arguments.push_back("--database=" + settings.database);
        add_output({"roles", "roles.sql", command}, meter);
    }

    void add_redis(Meter& meter) {
        const auto redis = trust::redis_settings(run_);
        if (!redis || !run_.manifest.backups.redis) {
            return;
        }
        meter.begin("Redis");
        add_output({"redis", "redis.rdb", redis_snapshot(*redis), false}, meter);
        check_redis_file();
    }

    /// redis-cli ends with 0 although a server that refused gave it an error instead of a snapshot.
    void check_redis_file() {
        std::string head;
        read_stored(directory_, set_.files.back(), options_.sealing, [&](std::string_view bytes) {
            head += bytes.substr(0, 5 - std::min<std::size_t>(head.size(), 5));
        });
        if (head != "REDIS") {
            throw Error(Code::backup_failed, "what Redis gave is no snapshot of it");
        }
    }

    /// The manifest and the folders beside it: what the data were made for.
    void add_platform(Meter& meter) {
        meter.begin("the platform's files");
        Command command;
        command.arguments = {"tar",
                             "--create",
                             "--file=-",
                             "--sort=name",
                             "--exclude=.env",
                             "--exclude=.git",
                             "--directory=" + run_.manifest.directory.string(),
                             run_.manifest.file.filename().string()};
        for (const char* const folder :
             {"migrations", "seeds", "checks", "queries", "imports", "exports"}) {
            std::error_code ignored;
            if (fs::is_directory(run_.manifest.directory / folder, ignored)) {
                command.arguments.emplace_back(folder);
            }
        }
        // A file that changed while it was read gives 1: it may hold still the next time.
        add_output({"platform", "platform.tar", command, true, 1}, meter);
    }

    Found finish() {
        set_.finished = timestamp_now();
        std::ranges::sort(set_.files, {}, &StoredFile::name);
        std::ranges::sort(set_.parts, {}, &Part::file);
        std::ranges::sort(set_.origins, {}, &Origin::database);
        std::ranges::stable_sort(set_.tables, {}, &TableContent::database);
        std::ranges::sort(set_.notes);
        repository_.finish(set_, options_.signing);
        is_finished_ = true;
        return *repository_.find(set_.id);
    }

    const trust::Run& run_;
    const Repository& repository_;
    const LogicalOptions& options_;
    DumpPrograms programs_;
    Set set_;
    fs::path directory_;
    std::mutex mutex_;
    bool is_finished_ = false;
};

}  // namespace

Origin origin_of(pg::Connection& connection) {
    Origin origin;
    origin.database = connection.settings().database;
    if (const auto identity = trust::read_identity(connection)) {
        origin.uuid = identity->uuid;
        const auto history = migrations::read_history(connection);
        if (!history.empty()) {
            origin.migration = history.back().title();
        }
    }
    origin.parameters = parameters_of(connection);
    origin.schema_sha256 = schema::hash(schema::snapshot(connection));
    return origin;
}

Found create_logical(const trust::Run& run, const std::vector<platform::Database>& databases,
                     const Repository& repository, const LogicalOptions& options) {
    return Creation(run, repository, options).make(databases);
}

}  // namespace caisson::backups

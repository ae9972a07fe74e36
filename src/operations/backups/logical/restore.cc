// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/restore.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "drivers/pg/environment.h"
#include "drivers/pg/quote.h"
#include "operations/backups/logical/parameters.h"
#include "operations/backups/logical/search_path.h"
#include "trust/locks.h"

namespace caisson::backups {
namespace {

using namespace std::chrono_literals;

/// An index of a large table is built without a word.
constexpr auto longest_silence = 6h;

const StoredFile& file_of(const Set& set, const Part& part) {
    const auto found = std::ranges::find(set.files, part.file, &StoredFile::name);
    if (found == set.files.end()) {
        throw Error(Code::backup_damaged,
                    fmt::format("the manifest of {} does not name the file of its part {}", set.id,
                                part.kind));
    }
    return *found;
}

const Part& part_of(const Set& set, const std::string& kind, const std::string& name) {
    const auto found = std::ranges::find_if(set.parts, [&](const Part& part) {
        return part.kind == kind && (kind != "database" || part.name == name);
    });
    if (found == set.parts.end()) {
        throw Error(Code::backup_missing,
                    fmt::format("the set {} has no {} {}", set.id, kind, name));
    }
    return *found;
}

/// The first complaints of pg_restore; what it prints beside them is of no use to people.
std::string complaint(const std::string& errors) {
    std::vector<std::string> lines;
    for (const auto& line : split(errors, '\n')) {
        if (line.find("error:") != std::string::npos && lines.size() < 3) {
            lines.push_back(line.substr(line.find("error:") + 7));
        }
    }
    return lines.empty() ? std::string(trim(errors).substr(0, 300)) : join(lines, "; ");
}

/// The cause of an error of pg_restore that may be that.
constexpr std::string_view by_search_path = "search_path";
constexpr std::string_view by_tablespace = "tablespace";

/// A tablespace that the server does not have; the parameter's name is the same in every language.
bool misses_tablespace(const std::string& errors) {
    return errors.find("could not set default_tablespace") != std::string::npos ||
           errors.find("\"default_tablespace\"") != std::string::npos;
}

/// By this a killed run's database is known.
constexpr std::string_view mark = "caisson: not in place yet, restored from ";
/// Its name until it has the mark.
constexpr std::string_view draft = "caisson_draft_";

/// Also while an interrupt is on its way: it would stay otherwise.
void drop_database(const pg::Settings& admin, const std::string& name) {
    const interrupt::Shield shield;
    try {
        pg::Connection server(admin);
        server.query(fmt::format("drop database if exists {} with (force)", pg::identifier(name)));
    } catch (const Error&) {
        // The server is gone, too: its mark tells the next run.
    }
}

class Restoring {
 public:
    Restoring(const platform::Variables& variables, const Repository& repository, const Set& set,
              const std::string& key, const pg::Settings& admin, const std::string& name,
              const RestoreOptions& options)
        : repository_(repository),
          set_(set),
          part_(part_of(set, "database", key)),
          key_(key),
          settings_(admin),
          name_(name),
          options_(options),
          server_(admin),
          programs_(dump_programs(variables, server_.server_version() / 10'000)) {
        settings_.database = name_;
    }

    /// Tables keep their tablespaces on a server that has them all.
    Restored run(const pg::Settings& admin) {
        require_whole(set_, key_);
        try {
            return attempt(admin);
        } catch (const Error& error) {
            if (error.fact("cause") != by_tablespace) {
                throw;
            }
            keeps_tablespaces_ = false;
            auto restored = attempt(admin);
            restored.notes.push_back(
                error.message() +
                "; so all of its tables and indexes are in the default tablespace");
            return restored;
        }
    }

 private:
    Restored attempt(const pg::Settings& admin) {
        const auto words = options_.tables.empty() ? std::vector<std::string>{} : of_tables();
        Restored restored;
        const auto make = [&] {
            restored.database =
                std::make_unique<NewDatabase>(admin, name_, options_.owner, set_.id);
        };
        make();
        if (words.empty()) {
            try {
                feed({});
            } catch (const Error& error) {
                if (error.fact("cause") != by_search_path) {
                    throw;
                }
                restored.database.reset();
                make();
                feed_with_path(error, restored);
            }
        } else {
            feed({"--section=pre-data"});
            feed(words);
        }
        apply_settings();
        compare(restored);
        return restored;
    }

    std::vector<std::string> of_tables() const {
        std::vector<std::string> words = {"--section=data"};
        for (const auto& table : options_.tables) {
            const auto dot = table.find('.');
            const auto schema = dot == std::string::npos ? "public" : table.substr(0, dot);
            const auto bare = dot == std::string::npos ? table : table.substr(dot + 1);
            const bool is_there = std::ranges::any_of(set_.tables, [&](const TableContent& each) {
                return each.schema == schema && each.table == bare;
            });
            if (!is_there) {
                throw Error(Code::backup_missing,
                            fmt::format("the set {} has no table {}.{}", set_.id, schema, bare),
                            "caisson backup show lists its tables; of a partitioned one name the "
                            "partitions");
            }
            words.push_back("--schema=" + schema);
            words.push_back("--table=" + bare);
        }
        return words;
    }

    [[noreturn]] void refuse(const Finished& finished) const {
        const auto text = fmt::format("pg_restore of {} ended with {}: {}", name_, finished.status,
                                      complaint(finished.errors));
        if (finished.errors.find("No space left") != std::string::npos) {
            throw Error(Code::disk_full, text).with("database", name_);
        }
        if (keeps_tablespaces_ && misses_tablespace(finished.errors)) {
            throw Error(Code::backup_failed, text)
                .with("database", name_)
                .with("cause", std::string(by_tablespace));
        }
        if (!misses_by_path(finished.errors)) {
            throw Error(Code::backup_failed, text).with("database", name_);
        }
        throw Error(Code::backup_failed, text,
                    "what is missing was found by search_path, which pg_restore leaves empty, or "
                    "is not in the backup; what comes back all the same: the whole server from a "
                    "physical set (caisson backup restore --latest), or one by one the tables that "
                    "do not need it (--table SCHEMA.TABLE --into NAME)")
            .with("database", name_)
            .with("cause", std::string(by_search_path));
    }

    /// The archive through pg_restore.
    void feed(const std::vector<std::string>& words) {
        Command command;
        // Row security stays on, as it was when materialised views were filled: their owner reads
        // what policies of forced tables let it, and with it off nothing at all.
        command.arguments = {programs_.restore.string(), "--exit-on-error", "--no-password",
                             "--enable-row-security", "--dbname=" + name_};
        command.arguments.insert(command.arguments.end(), words.begin(), words.end());
        if (!keeps_tablespaces_) {
            command.arguments.emplace_back("--no-tablespaces");
        }
        command.environment = pg::environment_of(settings_);
        // What is lost with the server is restored again.
        command.environment["PGOPTIONS"] = "-c synchronous_commit=off";
        Child child(command, Child::Flow::write);
        std::uint64_t done = 0;
        bool takes = true;
        const auto file = file_of(set_, part_);
        read_stored(repository_.directory_of(set_.id), file, options_.sealing,
                    [&](std::string_view bytes) {
                        takes = takes && child.write(bytes, longest_silence);
                        done += bytes.size();
                        if (options_.progress) {
                            options_.progress("restoring " + name_, std::min(done, part_.bytes),
                                              part_.bytes);
                        }
                    });
        child.close_input();
        const auto finished = child.finish(longest_silence);
        if (!finished.fine()) {
            refuse(finished);
        }
    }

    /// In three parts: with all functions there and no data yet, each gets the search_path of the
    /// database. Once all data and indexes are there, none has it any more.
    void feed_with_path(const Error& before, Restored& restored) {
        try {
            feed({"--section=pre-data"});
            pg::Connection inside(settings_);
            // It waits while the data come.
            inside.query(
                "select set_config(name, '0', false) from pg_settings where name = "
                "'idle_session_timeout'");
            const auto functions = give_search_path(inside, path_of_database());
            feed({"--section=data"});
            feed({"--section=post-data"});
            take_search_path(inside, functions);
        } catch (const Error& error) {
            if (error.fact("cause") == by_tablespace) {
                throw;
            }
            if (error.code() == Code::backup_failed || error.code() == Code::database_rejected) {
                throw before;  // It was not that: its hint says what is left.
            }
            throw;
        }
        restored.notes.push_back(
            before.message() +
            "; so its functions had a search_path while it was restored; give each that calls "
            "others its own, in a migration: alter function … set search_path = public");
    }

    std::string path_of_database() const {
        const auto origin = std::ranges::find(set_.origins, key_, &Origin::key);
        if (origin != set_.origins.end()) {
            for (const auto& parameter : origin->parameters) {
                if (parameter.role.empty() && parameter.name == "search_path") {
                    return value_of(parameter);
                }
            }
        }
        return "public";
    }

    /// ALTER DATABASE … SET and ALTER ROLE … IN DATABASE … SET, as they were.
    void apply_settings() {
        const auto origin = std::ranges::find_if(
            set_.origins, [&](const Origin& each) { return each.key == key_; });
        if (origin == set_.origins.end()) {
            return;
        }
        for (const auto& parameter : origin->parameters) {
            server_.query(statement_of(parameter, name_));
        }
    }

    void compare(Restored& restored) {
        if (options_.progress) {
            options_.progress("comparing " + name_, 0, part_.bytes);
        }
        std::uint64_t done = 0;
        const auto found = contents_of(
            programs_, {settings_, "", [&](std::uint64_t bytes) {
                            done += bytes;
                            if (options_.progress) {
                                options_.progress("comparing " + name_, std::min(done, part_.bytes),
                                                  part_.bytes);
                            }
                        }});
        for (const auto& table : found) {
            restored.rows += table.rows;
        }
        const auto wanted = expected();
        restored.tables = wanted.size();
        restored.differences = differences(wanted, found);
        const auto origin = std::ranges::find(set_.origins, key_, &Origin::key);
        if (options_.tables.empty()) {
            pg::Connection inside(settings_);
            if (origin_of(inside).schema_sha256 != origin->schema_sha256) {
                restored.differences.emplace_back("the structure is another than it was");
            }
        }
    }

    std::vector<TableContent> expected() const {
        std::vector<TableContent> tables;
        const auto origin = std::ranges::find(set_.origins, key_, &Origin::key);
        for (const auto& table : set_.tables) {
            const bool is_wanted =
                options_.tables.empty() ||
                std::ranges::any_of(options_.tables, [&](const std::string& wanted) {
                    return wanted == table.schema + "." + table.table ||
                           (table.schema == "public" && wanted == table.table);
                });
            if (is_wanted && origin != set_.origins.end() && table.database == origin->database) {
                tables.push_back(table);
            }
        }
        return tables;
    }

    const Repository& repository_;
    const Set& set_;
    const Part& part_;
    std::string key_;
    pg::Settings settings_;
    std::string name_;
    const RestoreOptions& options_;
    pg::Connection server_;
    DumpPrograms programs_;
    bool keeps_tablespaces_ = true;
};

}  // namespace

Restored restore_database(const platform::Variables& variables, const Repository& repository,
                          const Set& set, const std::string& key, const pg::Settings& admin,
                          const std::string& name, const RestoreOptions& options) {
    return Restoring(variables, repository, set, key, admin, name, options).run(admin);
}

NewDatabase::NewDatabase(pg::Settings admin, std::string name, const std::string& owner,
                         const std::string& set)
    : admin_(std::move(admin)), name_(std::move(name)) {
    pg::Connection server(admin_);
    if (!server.query("select from pg_database where datname = $1", {name_}).empty()) {
        throw Error(Code::usage,
                    fmt::format("there is a database {} already; expected a new name", name_));
    }
    const bool has_owner =
        !owner.empty() && !server.query("select from pg_roles where rolname = $1", {owner}).empty();
    // A kill between its making and its mark leaves a name that tells what it is.
    const auto wanted = std::exchange(name_, std::string(draft) + random_uuid().substr(0, 8));
    const auto quoted = pg::identifier(name_);
    server.query(fmt::format("create database {}{} template template0 encoding 'UTF8'", quoted,
                             has_owner ? " owner " + pg::identifier(owner) : ""));
    try {
        server.query(fmt::format("comment on database {} is {}", quoted,
                                 pg::literal(std::string(mark) + set)));
        // What PUBLIC may by default, nobody may in a copy of real data.
        server.query(fmt::format("revoke connect, temporary on database {} from public", quoted));
        server.query(fmt::format("alter database {} rename to {}", quoted, pg::identifier(wanted)));
    } catch (...) {
        drop_database(admin_, name_);
        throw;
    }
    name_ = wanted;
}

NewDatabase::~NewDatabase() {
    if (!is_kept_) {
        drop_database(admin_, name_);
    }
}

void NewDatabase::keep(pg::Connection& admin) {
    admin.query(fmt::format("comment on database {} is null", pg::identifier(name_)));
    is_kept_ = true;
}

RestoreLock::RestoreLock(const pg::Settings& admin) : connection_(admin) {
    const auto key = trust::lock_key("backup restore");
    // A session whose restore was killed ends when the server has done its last statement.
    const Stopwatch watch;
    while (!trust::try_lock(connection_, key)) {
        if (watch.elapsed() > std::chrono::seconds(5)) {
            throw Error(Code::locked, fmt::format("another restore is at work on this server: {}",
                                                  trust::lock_holder(connection_, key)));
        }
        interrupt::check();
        ::poll(nullptr, 0, 50);
    }
}

RestoreLock::~RestoreLock() = default;

std::vector<std::string> RestoreLock::drop_leftovers() {
    std::vector<std::string> names;
    for (const auto& row : connection_.query(
             "select datname from pg_database where starts_with(shobj_description(oid, "
             "'pg_database'), $1) or starts_with(datname, $2)",
             {mark, draft})) {
        names.push_back(row.string("datname"));
    }
    for (const auto& name : names) {
        connection_.query(
            fmt::format("drop database if exists {} with (force)", pg::identifier(name)));
    }
    return names;
}

std::string free_name(pg::Connection& admin, const std::string& stem, const std::string& word) {
    // 63 bytes, less the word, four digits and two strokes.
    const auto shortened = stem.substr(0, 63 - word.size() - 6);
    while (true) {
        auto name = fmt::format("{}_{}_{}", shortened, word, random_uuid().substr(0, 4));
        if (admin.query("select from pg_database where datname = $1", {name}).empty()) {
            return name;
        }
    }
}

void require_whole(const Set& set, const std::string& key) {
    part_of(set, "database", key);
    const auto origin = std::ranges::find(set.origins, key, &Origin::key);
    if (origin == set.origins.end() ||
        std::ranges::find(set.tables, origin->database, &TableContent::database) ==
            set.tables.end()) {
        throw Error(Code::backup_damaged,
                    fmt::format("the manifest of {} does not say what {} held", set.id, key));
    }
}

void read_part(const Repository& repository, const Set& set, const std::string& kind,
               const std::optional<SealingKey>& sealing, const Sink& sink) {
    read_stored(repository.directory_of(set.id), file_of(set, part_of(set, kind, "")), sealing,
                sink);
}

}  // namespace caisson::backups

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/drill/drill.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/pg/environment.h"
#include "lifecycle/provision/provision.h"
#include "lifecycle/shadow/shadow.h"
#include "operations/backups/logical/exchange.h"

namespace caisson::backups {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_check = 6h;
constexpr std::size_t most_sentences = 5;

double seconds_of(const Stopwatch& watch) {
    return std::chrono::duration<double>(watch.elapsed()).count();
}

/// Errors that are about the backup, and so a finding of the drill.
bool is_finding(const Error& error) {
    return error.code() == Code::backup_damaged || error.code() == Code::backup_failed ||
           error.code() == Code::backup_missing || error.code() == Code::database_rejected;
}

std::string some_of(const std::vector<std::string>& sentences) {
    const auto count = std::min(sentences.size(), most_sentences);
    std::string text = join(std::span(sentences).first(count), "; ");
    if (count < sentences.size()) {
        text += fmt::format("; and {} more", sentences.size() - count);
    }
    return text;
}

/// Secrets that provisioning makes for servers of the moment stay away from the real ones. What a
/// killed drill left is removed by the next one.
class TemporaryState {
 public:
    explicit TemporaryState(trust::Run& run) {
        const auto base = run.state.root.parent_path();
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(base, ignored)) {
            if (entry.path().filename().string().starts_with(stem) &&
                FileLock::try_lock(entry.path() / "lock", "removal")) {
                remove_tree(entry.path());
            }
        }
        directory_ = base / (std::string(stem) + random_uuid().substr(0, 8));
        make_directory(directory_, 0700, run.account);
        lock_ = FileLock::try_lock(directory_ / "lock", "a drill");
        run.state.root = directory_;
    }
    TemporaryState(const TemporaryState&) = delete;
    TemporaryState& operator=(const TemporaryState&) = delete;
    ~TemporaryState() {
        try {
            remove_tree(directory_);
        } catch (const Error&) {
            // Secrets of servers that are gone, and the next drill tries again.
        }
    }

 private:
    static constexpr std::string_view stem = "drill-";
    std::optional<FileLock> lock_;
    fs::path directory_;
};

class LogicalDrill {
 public:
    LogicalDrill(const trust::Run& run, const Repository& repository, const Found& found,
                 const DrillOptions& options)
        : run_(run), repository_(repository), found_(found), options_(options) {}

    Receipt receipt() {
        receipt_.set = found_.set.id;
        receipt_.manifest_sha256 = sha256_hex(found_.json);
        receipt_.repository = repository_.name();
        receipt_.is_small = options_.is_small;
        receipt_.program = options_.program;
        receipt_.started = timestamp_now();
        for (const auto& part : found_.set.parts) {
            if (part.kind == "database") {
                try_database(part);
            }
        }
        const bool has_database = !receipt_.trials.empty();
        attempt("files", [&](std::string& detail) {
            tell("reading roles, Redis and the platform's files");
            detail = read_other_parts(repository_, found_.set, options_.sealing);
            return true;
        });
        if (!has_database) {
            receipt_.trials.push_back({"restore", false, "the set holds no database", 0});
        }
        receipt_.finished = timestamp_now();
        return receipt_;
    }

 private:
    /// Runs one trial; false when it failed, and what follows makes no sense.
    template <typename Work>
    bool attempt(const std::string& name, Work work) {
        const Stopwatch watch;
        Trial trial{name, false, {}, 0};
        try {
            trial.passed = work(trial.detail);
        } catch (const Error& error) {
            if (!is_finding(error)) {
                throw;
            }
            const auto file = error.fact("file");
            trial.detail = error.message() + (file.empty() ? "" : " (" + file + ")");
            if (!error.fact("cause").empty()) {
                trial.detail += "; " + error.hint();  // That of the kind is of no use here.
            }
        }
        trial.seconds = seconds_of(watch);
        receipt_.trials.push_back(trial);
        return trial.passed;
    }

    void try_database(const Part& part) {
        const auto& database = run_.manifest.database(part.name);
        const Stopwatch watch;
        shadow::Options how;
        how.own_server = true;  // Databases are renamed there.
        how.full_size = true;   // As checks ask of the settings.
        how.step = [&](const std::string& step) { tell(step); };
        std::optional<shadow::Shadow> shadow;
        Restored restored;
        const bool is_restored = attempt(database.name + ": restore", [&](std::string& detail) {
            shadow.emplace(shadow::open(run_, database, options_.catalogue, how));
            RestoreOptions restoring;
            restoring.sealing = options_.sealing;
            restoring.owner = trust::role_name(database, trust::Role::owner);
            restoring.progress = options_.progress;
            auto server = shadow->admin();
            server.database = "postgres";
            restored = restore_database(run_.variables, repository_, found_.set, part.name, server,
                                        "caisson_drill", restoring);
            detail = fmt::format("{} of {}", counted(restored.rows, "row"),
                                 counted(restored.tables, "table"));
            for (const auto& note : restored.notes) {
                detail += "; " + note;
            }
            return true;
        });
        receipt_.restore_seconds += seconds_of(watch);
        if (!is_restored) {
            return;
        }
        receipt_.bytes += part.bytes;
        attempt(database.name + ": contents", [&](std::string& detail) {
            detail = restored.differences.empty() ? "every table is as the manifest says"
                                                  : some_of(restored.differences);
            return restored.differences.empty();
        });
        auto settings = shadow->admin();
        give_name(database, settings, restored);
        settings.database = database.name;
        pg::Connection connection(settings);
        receipt_.server_version =
            connection.query("select split_part(current_setting('server_version'), ' ', 1) as v")
                .front()
                .string("v");
        if (!options_.is_small) {
            read_pages(database, connection);
        }
        if (options_.checks && provisioned(database, settings)) {
            attempt(database.name + ": checks", [&](std::string& detail) {
                tell("asking the checks of " + database.name);
                const auto checked = options_.checks(connection, database);
                detail = !checked.failing.empty() ? some_of(checked.failing)
                         : checked.asked == 0     ? "the platform has none for it"
                                                  : "all hold: " + counted(checked.asked, "check");
                if (!checked.alike.empty()) {
                    detail +=
                        "; false in the database of today as well: " + join(checked.alike, ", ");
                }
                return checked.failing.empty();
            });
        }
    }

    /// The name that it has in reality, which checks and rights know.
    void give_name(const platform::Database& database, const pg::Settings& admin,
                   Restored& restored) const {
        auto settings = admin;
        settings.database = "postgres";
        std::vector<Place> places = {{restored.database.get(), database.name, {}, true}};
        const auto note = fs::path(admin.host) / "exchange";
        exchange(settings, places, {}, note);
    }

    /// Roles, rights and identity, as whoever restores for real gives them.
    bool provisioned(const platform::Database& database, const pg::Settings& settings) {
        return attempt(database.name + ": provision", [&](std::string& detail) {
            tell("provisioning " + database.name);
            auto there = run_;
            there.environment.is_private = true;
            there.environment.is_protected = false;
            there.state.sockets = settings.host;
            there.manifest.server.postgres_port = settings.port;
            const TemporaryState state(there);
            provision::Options adopting;
            adopting.adopt = true;
            provision::provision(there, {database}, options_.catalogue, adopting);
            provision::apply_grants(there, database);
            detail = "roles, rights and identity";
            return true;
        });
    }

    void read_pages(const platform::Database& database, pg::Connection& connection) {
        attempt(database.name + ": pages", [&](std::string& detail) {
            tell("reading every page of " + database.name);
            const auto programs =
                dump_programs(run_.variables, connection.server_version() / 10'000);
            const auto damage = damaged_pages(programs.dump.parent_path(), connection.settings());
            detail = damage.empty() ? "every heap and B-tree is sound" : damage;
            return damage.empty();
        });
    }

    void tell(const std::string& what) {
        if (options_.progress) {
            options_.progress(what, 0, found_.set.bytes);
        }
    }

    const trust::Run& run_;
    const Repository& repository_;
    const Found& found_;
    const DrillOptions& options_;
    Receipt receipt_;
};

}  // namespace

std::string read_other_parts(const Repository& repository, const Set& set,
                             const std::optional<SealingKey>& sealing) {
    std::vector<std::string> kinds;
    for (const auto& part : set.parts) {
        if (part.kind == "database" || part.file.empty()) {
            continue;
        }
        Digest hash(Digest::Kind::sha256);
        std::uint64_t bytes = 0;
        read_part(repository, set, part.kind, sealing, [&](std::string_view piece) {
            hash.add(piece);
            bytes += piece.size();
        });
        if (bytes != part.bytes || (!part.sha256.empty() && hash.hex() != part.sha256)) {
            throw Error(Code::backup_damaged,
                        fmt::format("{} of the set is not what the manifest says", part.kind))
                .with("file", part.file);
        }
        kinds.push_back(fmt::format("{} ({})", part.kind, human_bytes(bytes)));
    }
    return kinds.empty() ? "the set has databases alone" : join(kinds, ", ") + " as they were";
}

std::string damaged_pages(const fs::path& programs, const pg::Settings& settings) {
    Command command;
    command.arguments = {programs / "pg_amcheck", "--no-password", "--install-missing",
                         "--heapallindexed", settings.database};
    command.environment = pg::environment_of(settings);
    const auto finished = run(command, longest_check);
    if (finished.fine()) {
        return {};
    }
    const auto said = trim(finished.output.empty() ? finished.errors : finished.output);
    return fmt::format("pg_amcheck ended with {}: {}", finished.status,
                       replace_all(std::string(said.substr(0, 600)), "\n", "; "));
}

Receipt drill_logical(const trust::Run& run, const Repository& repository, const Found& found,
                      const DrillOptions& options) {
    return LogicalDrill(run, repository, found, options).receipt();
}

}  // namespace caisson::backups

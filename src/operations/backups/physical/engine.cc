// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/engine.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/error.h"
#include "base/text.h"
#include "lifecycle/servers/processes.h"
#include "operations/backups/physical/failures.h"

namespace caisson::backups::physical {
namespace {

using namespace std::chrono_literals;

/// A large file says nothing while it is copied.
constexpr auto longest_silence = 30min;

std::string resolved(const trust::Run& run, const platform::Repository& of,
                     const std::string& text) {
    return platform::resolved(run.manifest, run.environment, text, of.place, run.variables)
        .reveal();
}

InfoFile look_at(const fs::path& path) {
    std::error_code ignored;
    if (!fs::exists(path.parent_path(), ignored) || !fs::exists(path, ignored)) {
        return InfoFile::missing;
    }
    return read_own(path).value_or("").starts_with("Salted__") ? InfoFile::sealed : InfoFile::plain;
}

/// Lines out of pieces.
class Lines {
 public:
    explicit Lines(const std::function<void(std::string_view)>& tell) : tell_(tell) {}
    void add(std::string_view piece) {
        if (!tell_) {
            return;
        }
        rest_ += piece;
        std::size_t from = 0;
        for (auto at = rest_.find('\n'); at != std::string::npos; at = rest_.find('\n', from)) {
            tell_(std::string_view(rest_).substr(from, at - from));
            from = at + 1;
        }
        rest_.erase(0, from);
    }

 private:
    const std::function<void(std::string_view)>& tell_;
    std::string rest_;
};

/// Whose directory it is: pgBackRest must be the same account.
std::optional<Account> owner_of_data(const fs::path& data) {
    struct stat status {};
    if (::stat(data.c_str(), &status) != 0) {
        throw Error(Code::backup_failed,
                    fmt::format("backups.data names {}, which cannot be read here", data.string()),
                    "name the server's data directory on this machine; logical backups need none");
    }
    if (status.st_uid != ::geteuid()) {
        throw Error(Code::backup_failed,
                    fmt::format("{} belongs to account {}: physical backups of it are made by that "
                                "account",
                                data.string(), status.st_uid),
                    "run this as that account, or make logical backups");
    }
    return std::nullopt;
}

void add_place(const trust::Run& run, pg::Connection& connection, Cluster& cluster) {
    auto& stanza = cluster.stanza;
    if (run.is_private()) {
        stanza.data = run.state.postgres_data();
        stanza.sockets = run.state.sockets;
        stanza.port = run.postgres_port();
        stanza.user = "postgres";
        return;
    }
    if (run.manifest.backups.data.empty()) {
        throw Error(Code::backup_failed,
                    fmt::format("the server of environment {} is not private, and backups.data "
                                "does not name its directory: there is no physical backup of it",
                                run.environment.name),
                    "set data under [backups] where its directory is on this machine; logical "
                    "backups work everywhere")
            .with("environment", run.environment.name);
    }
    stanza.data = run.manifest.backups.data;
    owner_of_data(stanza.data);
    const auto row = connection
                         .query(
                             "select split_part(current_setting('unix_socket_directories'), "
                             "',', 1) as sockets, current_setting('port') as port, "
                             "current_user as role, current_setting('data_directory') as data")
                         .front();
    stanza.sockets = std::string(trim(row.string("sockets")));
    stanza.port = static_cast<std::uint16_t>(std::stoi(row.string("port")));
    stanza.user = row.string("role");
    std::error_code ignored;
    if (!fs::equivalent(stanza.data, row.string("data"), ignored)) {
        throw Error(Code::backup_failed,
                    fmt::format("backups.data names {}, and the server of environment {} works in "
                                "{}",
                                stanza.data.string(), run.environment.name, row.string("data")));
    }
}

}  // namespace

std::string stanza_prefix(const trust::Run& run) {
    return fmt::format("{}-{}-", run.manifest.name, run.environment.name);
}

std::string stanza_name(const trust::Run& run, std::string_view system_identifier) {
    return fmt::format("{}{}", stanza_prefix(run), system_identifier);
}

Home home_of(const trust::Run& run) { return {run.state.backups() / "pgbackrest"}; }

std::vector<Depot> depots_of(const trust::Run& run) {
    std::vector<Depot> depots;
    const auto directories = repositories_of(run);
    for (const auto& declared : run.manifest.backups.repositories) {
        Depot depot;
        depot.number = static_cast<int>(depots.size()) + 1;
        depot.name = declared.name;
        if (declared.is_s3()) {
            depot.path = "/" + run.manifest.name + "/pgbackrest";
            depot.bucket = resolved(run, declared, declared.s3_bucket);
            depot.endpoint = resolved(run, declared, declared.s3_endpoint);
            depot.region = resolved(run, declared, declared.s3_region);
            depot.key = Secret(resolved(run, declared, declared.s3_key));
            depot.secret = Secret(resolved(run, declared, declared.s3_secret));
        } else {
            const auto found = std::ranges::find(directories, declared.name, &Repository::name);
            depot.path = found->path() / "pgbackrest";
        }
        depots.push_back(std::move(depot));
    }
    return depots;
}

Depot depot_named(const trust::Run& run, const std::string& name) {
    std::vector<std::string> names;
    for (auto& depot : depots_of(run)) {
        if (name.empty() || depot.name == name) {
            return depot;
        }
        names.push_back(depot.name);
    }
    throw Error(Code::usage,
                fmt::format("there is no repository {}; there are {}", name, join(names, ", ")));
}

pg::Connection connect(const trust::Run& run) {
    if (run.manifest.databases.empty()) {
        throw Error(Code::backup_missing, "the platform has no database");
    }
    auto settings = trust::server_settings(run, run.manifest.databases.front());
    settings.application = "caisson backup";
    return pg::Connection(settings);
}

Cluster cluster_of(const trust::Run& run) {
    auto connection = connect(run);
    const auto row =
        connection
            .query(
                "select (select system_identifier from pg_control_system())::text as system, "
                "(select timeline_id from pg_control_checkpoint())::text as timeline, "
                "split_part(current_setting('server_version'), ' ', 1) as version, "
                "(select setting from pg_settings where name = 'wal_segment_size') as segment, "
                "(select sum(pg_database_size(oid)) from pg_database)::text as bytes, "
                "current_setting('archive_mode') <> 'off' as archives")
            .front();
    Cluster cluster;
    cluster.system_identifier = row.string("system");
    cluster.timeline = static_cast<std::uint32_t>(std::stoul(row.string("timeline")));
    cluster.server_version = row.string("version");
    cluster.major = connection.server_version() / 10000;
    cluster.segment_bytes = std::stoull(row.string("segment"));
    cluster.bytes = std::stoull(row.string("bytes"));
    cluster.is_archiving = row.boolean("archives");
    add_place(run, connection, cluster);
    cluster.stanza.name = stanza_name(run, cluster.system_identifier);
    return cluster;
}

Engine::Engine(const trust::Run& run)
    : configuration_(home_of(run).file()), account_(owner_of(run)) {
    const auto found = find_program("pgbackrest", {"/usr/bin", "/usr/local/bin"});
    if (!found) {
        throw Error(Code::server_missing,
                    "physical backups need pgBackRest, and it is not installed",
                    "apt-get install pgbackrest");
    }
    program_ = *found;
    const auto answer = caisson::run({{program_, "version"}, {}, {}, {}, {}}, 10s);
    const auto version = parse_version(answer.output);
    if (!version || *version < oldest_version) {
        throw Error(Code::server_missing,
                    fmt::format("physical backups need pgBackRest {} or newer, and {} says {}",
                                oldest_version.text(), program_.string(), trim(answer.output)),
                    "apt-get install pgbackrest");
    }
    version_ = *version;
    passfile_ = run.state.passfile();
    if (!run.is_private() && !run.manifest.databases.empty()) {
        password_ = trust::server_settings(run, run.manifest.databases.front()).password;
    }
    has_key_ = run.manifest.backups.encrypt;
}

std::map<std::string, std::string> Engine::environment() const {
    std::map<std::string, std::string> environment{{"LC_ALL", "C"}, {"TZ", "UTC"}};
    if (password_.empty()) {
        environment["PGPASSFILE"] = passfile_;
    } else {
        environment["PGPASSWORD"] = password_.reveal();
    }
    return environment;
}

Answer Engine::run(const std::string& stanza, const std::string& command,
                   const std::vector<std::string>& arguments,
                   const std::function<void(std::string_view)>& tell) const {
    Command program{
        {program_, "--config=" + configuration_.string(), "--stanza=" + stanza, command},
        environment(),
        fs::path("/"),
        account_,
        {}};
    program.arguments.insert(program.arguments.end(), arguments.begin(), arguments.end());
    program.gives_way = command == "backup";
    Child child(program, Child::Flow::read);
    Answer answer;
    Lines lines(tell);
    std::array<char, 65536> buffer{};
    while (const auto got = child.read(buffer, longest_silence)) {
        answer.output.append(buffer.data(), got);
        lines.add({buffer.data(), got});
    }
    auto finished = child.finish(longest_silence);
    answer.errors = std::move(finished.errors);
    if (finished.status != 0) {
        auto complaint = complaint_of(answer.errors);
        if (!complaint) {
            complaint = complaint_of(answer.output);
        }
        if (!complaint) {
            complaint =
                Complaint{0, finished.status > 128
                                 ? fmt::format("it was ended by signal {}", finished.status - 128)
                                 : std::string(trim(answer.errors))};
        }
        const auto info = unreadable_info(*complaint);
        throw error_of(command, finished.status, *complaint,
                       info ? look_at(*info) : InfoFile::elsewhere, has_key_);
    }
    return answer;
}

bool Engine::end_orphans(const std::string& command) const {
    bool had_any = false;
    // Its workers inherit its lock, and outlive it by the file that they copy.
    for (const auto& argument : {command, command + ":local"}) {
        const auto ours =
            servers::processes_with("pgbackrest", "--config=" + configuration_.string());
        auto orphans = servers::processes_with("pgbackrest", argument);
        std::erase_if(orphans, [&](pid_t each) { return !std::ranges::count(ours, each); });
        servers::end_processes(orphans, SIGTERM, 10s);
        had_any = had_any || !orphans.empty();
    }
    return had_any;
}

}  // namespace caisson::backups::physical

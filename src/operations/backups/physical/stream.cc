// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/stream.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <signal.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/pg/connection.h"
#include "lifecycle/servers/processes.h"
#include "lifecycle/servers/programs.h"
#include "operations/backups/physical/engine.h"
#include "operations/backups/physical/files.h"
#include "operations/backups/physical/trim.h"

namespace caisson::backups::physical {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view application = "caisson stream";

fs::path receiver_program(const trust::Run& run, int major) {
    fs::path newest;
    for (const auto& each : servers::installed_postgres(run.variables)) {
        std::error_code ignored;
        const auto program = each.program("pg_receivewal");
        if (fs::exists(program, ignored) && (newest.empty() || each.major == major)) {
            newest = program;
        }
    }
    if (newest.empty()) {
        throw Error(Code::server_missing, "pg_receivewal is not installed",
                    "apt-get install postgresql-client");
    }
    return newest;
}

}  // namespace

fs::path stream_directory(const trust::Run& run, const std::string& system_identifier) {
    return run.state.backups() / "stream" / system_identifier;
}

std::vector<StreamedSegment> streamed_segments(const trust::Run& run,
                                               const std::string& system_identifier) {
    std::vector<StreamedSegment> segments;
    std::error_code failure;
    for (const auto& entry :
         fs::directory_iterator(stream_directory(run, system_identifier), failure)) {
        const auto name = entry.path().filename().string();
        const bool is_partial = name.ends_with(".partial");
        const auto segment = parse_segment(std::string_view(name).substr(0, 24));
        if (segment && (name.size() == 24 || is_partial)) {
            segments.push_back({*segment, entry.path(), is_partial});
        }
    }
    std::ranges::sort(segments, {}, &StreamedSegment::segment);
    return segments;
}

class Stream::Watch {
 public:
    Watch(trust::Run run, std::function<void(const std::string&)> tell, Limits limits)
        : run_(std::move(run)), tell_(std::move(tell)), limits_(limits) {}
    ~Watch() { end(); }

    void start() {
        const std::lock_guard guard(mutex_);
        if (!thread_.joinable()) {
            is_ending_ = false;
            thread_ = std::thread([this] { watch(); });
        }
    }

    void end() {
        {
            const std::lock_guard guard(mutex_);
            is_ending_ = true;
        }
        wake_.notify_all();
        if (thread_.joinable()) {
            thread_.join();
        }
        thread_ = {};
    }

    void drop_slot() {
        try {
            auto connection = connect(run_);
            connection.query(
                "select pg_drop_replication_slot(slot_name) from "
                "pg_replication_slots where slot_name = $1 and not active",
                {stream_slot});
        } catch (const Error& error) {
            say("the slot of the stream could not be dropped: " + error.message());
        }
    }

    StreamStatus status() const {
        StreamStatus status;
        {
            const std::lock_guard guard(mutex_);
            status.restarts = restarts_;
            status.problem = problem_;
        }
        try {
            auto connection = connect(run_);
            const auto rows = connection.query(
                "select state = 'streaming' as streams, write_lsn::text as received, "
                "coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), write_lsn), 0)::bigint as lag from "
                "pg_stat_replication where application_name = $1 and pid in (select active_pid "
                "from pg_replication_slots where slot_name = $2)",
                {application, stream_slot});
            if (!rows.empty()) {
                status.is_streaming = rows.front().boolean("streams");
                status.received = rows.front().string("received");
                status.lag_bytes = static_cast<std::uint64_t>(
                    std::max<std::int64_t>(0, rows.front().integer("lag")));
            }
        } catch (const Error& error) {
            status.problem = status.problem.empty() ? error.message() : status.problem;
        }
        return status;
    }

 private:
    void say(const std::string& sentence) {
        if (tell_) {
            tell_(sentence);
        }
    }

    /// Whether the time passed without an order to end.
    bool pause(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        return !wake_.wait_for(lock, time, [this] { return is_ending_; });
    }

    void watch() {
        auto delay = limits_.first_delay;
        while (true) {
            const Stopwatch lived;
            std::string problem;
            try {
                problem = receive();
            } catch (const Error& error) {
                problem = error.message();
            }
            {
                const std::lock_guard guard(mutex_);
                if (is_ending_) {
                    return;
                }
                problem_ = problem;
                ++restarts_;
            }
            delay = lived.elapsed() > 10s ? limits_.first_delay
                                          : std::min(delay * 2, limits_.longest_delay);
            say(fmt::format("the stream of the log ended: {}; again in {}", problem, human(delay)));
            if (!pause(delay)) {
                return;
            }
        }
    }

    /// Runs the receiver until it ends by itself or we are told to. Why it ended.
    std::string receive() {
        const auto cluster = cluster_of(run_);
        const auto directory = stream_directory(run_, cluster.system_identifier);
        const auto owner = owner_of(run_);
        prepare_state(run_);
        make_directory(directory.parent_path(), 0700, owner);
        make_directory(directory, 0700, owner);
        // One whose daemon was killed still holds the slot.
        const std::string in_directory = "--directory=" + directory.string();
        servers::end_processes(servers::processes_with("pg_receivewal", in_directory), SIGTERM, 5s);
        make_slot();
        const auto settings = trust::server_settings(run_, run_.manifest.databases.front());
        Command command{{receiver_program(run_, cluster.major), in_directory,
                         "--slot=" + std::string(stream_slot), "--no-loop", "--no-password",
                         "--status-interval=1", "--host=" + settings.host,
                         "--port=" + std::to_string(settings.port), "--username=" + settings.user},
                        {{"LC_ALL", "C"}, {"PGAPPNAME", std::string(application)}},
                        fs::path("/"),
                        owner,
                        {}};
        if (settings.password.empty()) {
            command.environment["PGPASSFILE"] = settings.passfile;
        } else {
            command.environment["PGPASSWORD"] = settings.password.reveal();
        }
        const auto log = directory / "log";
        write_file(log, "", 0600, owner);
        const auto process = caisson::start(command, log);
        {
            const std::lock_guard guard(mutex_);
            problem_.clear();
        }
        auto problem = follow(process, log, cluster);
        set_aside_foreign(directory, problem);
        return problem;
    }

    /// After a restore to an earlier moment the server knows nothing of what was received since: it
    /// is kept under another name, and the stream begins anew.
    void set_aside_foreign(const fs::path& directory, const std::string& problem) {
        const bool is_foreign =
            problem.find("is not in this server's history") != std::string::npos ||
            problem.find("has already been removed") != std::string::npos;
        if (is_foreign) {
            const fs::path aside =
                fmt::format("{}.before-{}", directory.string(), random_uuid().substr(0, 8));
            fs::rename(directory, aside);
            say(fmt::format("what was received before was set aside as {}", aside.string()));
        }
    }

    void make_slot() {
        auto connection = connect(run_);
        connection.query(
            "select pg_create_physical_replication_slot($1, true) where not exists "
            "(select from pg_replication_slots where slot_name = $1)",
            {stream_slot});
    }

    std::string follow(pid_t process, const fs::path& log, const Cluster& cluster) {
        Stopwatch since_trim;
        while (is_alive(process)) {
            if (!pause(100ms)) {
                ::kill(process, SIGINT);
                if (!wait_until_gone(process, 5s)) {
                    ::kill(process, SIGKILL);
                    wait_until_gone(process, 5s);
                }
                reap(process);
                return "it was told to";
            }
            if (since_trim.elapsed() > limits_.trim_interval) {
                since_trim = Stopwatch();
                trim_archived(cluster);
            }
        }
        reap(process);
        const auto lines = split(caisson::trim(read_own(log).value_or("")), '\n');
        return lines.empty() ? "it said nothing" : lines.back();
    }

    /// What every repository has, or had until nobody needed it, is not needed here; the last two
    /// whole ones stay all the same.
    void trim_archived(const Cluster& cluster) {
        auto segments = streamed_segments(run_, cluster.system_identifier);
        std::erase_if(segments, &StreamedSegment::is_partial);
        const auto depots = depots_of(run_);
        std::map<std::string, std::vector<Span>> trimmed;
        for (const auto& repository : repositories_of(run_)) {
            trimmed[repository.name()] =
                trimmed_spans(repository, cluster.stanza.name, cluster.segment_bytes);
        }
        for (std::size_t i = 0; i + 2 < segments.size(); ++i) {
            const auto name = segment_name(segments[i].segment, cluster.segment_bytes);
            const bool is_everywhere = std::ranges::all_of(depots, [&](const Depot& depot) {
                return depot.is_directory() &&
                       (is_archived(depot, cluster.stanza.name, name) ||
                        without({{segments[i].segment, 1}}, trimmed[depot.name]).empty());
            });
            std::error_code ignored;
            if (is_everywhere) {
                fs::remove(segments[i].path, ignored);
            }
        }
    }

    trust::Run run_;
    std::function<void(const std::string&)> tell_;
    Limits limits_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool is_ending_ = false;
    std::uint64_t restarts_ = 0;
    std::string problem_;
    std::thread thread_;
};

Stream::Stream(trust::Run run, std::function<void(const std::string&)> tell)
    : Stream(std::move(run), std::move(tell), Limits()) {}
Stream::Stream(trust::Run run, std::function<void(const std::string&)> tell, Limits limits)
    : watch_(std::make_unique<Watch>(std::move(run), std::move(tell), limits)) {}
Stream::~Stream() = default;

void Stream::start() { watch_->start(); }
void Stream::stop() {
    watch_->end();
    watch_->drop_slot();
}
StreamStatus Stream::status() const { return watch_->status(); }

}  // namespace caisson::backups::physical

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>

#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "app/cli/history.h"
#include "app/cli/migration_files.h"
#include "app/cli/serve_alerts.h"
#include "app/cli/serve_backups.h"
#include "app/cli/serve_log.h"
#include "app/cli/serve_monitor.h"
#include "app/cli/serve_own.h"
#include "app/cli/steps.h"
#include "app/cli/verification.h"
#include "app/cli/version.h"
#include "app/daemon/daemon.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/redis/connection.h"
#include "lifecycle/servers/processes.h"
#include "lifecycle/servers/servers.h"
#include "lifecycle/servers/supervisor.h"
#include "serving/cache/inspect.h"
#include "serving/cache/outbox.h"
#include "serving/cache/relay.h"
#include "trust/pool.h"
#include "trust/redis.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

std::optional<daemon::Verification> stored_verification(const trust::Run& run) {
    const auto text = read_own(run.state.verification());
    if (!text) {
        return std::nullopt;
    }
    boost::system::error_code failure;
    const auto value = boost::json::parse(*text, failure);
    if (failure) {
        return std::nullopt;  // Cut off by a crash: the next verification writes it anew.
    }
    daemon::Verification verification;
    verification.report = *text;
    const auto& counts = value.at("counts");
    verification.total = counts.at("run").to_number<std::size_t>();
    // Warnings are told in the report; they do not make it a failed one.
    verification.passed = verification.total - counts.at("grave").to_number<std::size_t>();
    for (const auto& database : value.at("databases").as_array()) {
        verification.at = database.at("started_at").as_string().c_str();
    }
    return verification;
}

daemon::Verification verify_now(const trust::Run& run, const std::vector<Verification>& loaded) {
    std::vector<checks::Report> reports;
    for (const auto& what : loaded) {
        pg::Connection connection(verifier_settings(run, what.database));
        reports.push_back(verify_database(what, connection));
    }
    const auto counts = checks::counts(reports);
    daemon::Verification verification{checks::to_json(reports), counts.run - counts.grave,
                                      counts.run, timestamp_now()};
    if (run.is_private()) {
        write_file(run.state.verification(), verification.report, 0640);
    }
    return verification;
}

void ping_redis(redis::Settings target) {
    target.connect_limit = 1s;
    target.answer_limit = 1s;
    redis::Connection(target).command({"PING"});
}

daemon::Supervision supervise(const trust::Run& run) {
    struct Shared {
        std::unique_ptr<servers::Supervisor> supervisor;
        std::atomic<std::uint64_t> restarts{0};
    };
    auto shared = std::make_shared<Shared>();
    const auto tell = [state = shared.get()](const servers::Event& event) {
        state->restarts += event.kind == servers::Event::Kind::restarted ? 1 : 0;
        const auto name = "server_" + servers::name(event.kind);
        const log::Fields fields = {
            {"server", servers::name(event.server)},
            {"process", static_cast<std::int64_t>(event.process)},
            {"message", event.message},
            {"ms", std::chrono::duration<double, std::milli>(event.took).count()}};
        const bool calm = event.kind == servers::Event::Kind::watching ||
                          event.kind == servers::Event::Kind::rotated ||
                          event.kind == servers::Event::Kind::stopped;
        calm ? log::info(name, fields) : log::warning(name, fields);
    };
    return {[shared, run, tell] {
                shared->supervisor = std::make_unique<servers::Supervisor>(run, tell);
            },
            [shared] { shared->supervisor.reset(); }, [shared] { return shared->restarts.load(); }};
}

/// Carries changes of tables that cached values are made of to Redis, where a key declares such.
daemon::Supervision with_relay(const trust::Run& run, daemon::Supervision inner) {
    if (cache::watched_tables(run.manifest.cache_keys).empty() || !trust::redis_settings(run)) {
        return inner;
    }
    const auto relay = std::make_shared<std::unique_ptr<cache::BackgroundRelay>>();
    const auto tell = [](const cache::RelayStats& stats) {
        const log::Fields fields = {{"telling", stats.is_telling},
                                    {"changes", static_cast<std::int64_t>(stats.changes)},
                                    {"error", stats.is_telling ? "" : stats.last_failure}};
        stats.is_telling ? log::info("cache_changes", fields)
                         : log::warning("cache_changes", fields);
    };
    return {[relay, run, tell, start = inner.start] {
                if (start) {
                    start();
                }
                auto redis = trust::redis_client(run);
                redis->application = "caisson-relay";
                std::vector<pg::Settings> databases;
                for (const auto& database : run.manifest.databases) {
                    databases.push_back(trust::role_settings(run, database, trust::Role::service));
                    databases.back().application = "caisson-relay";
                }
                *relay = std::make_unique<cache::BackgroundRelay>(
                    databases, *redis, cache::watched_tables(run.manifest.cache_keys), tell);
            },
            [relay, stop = inner.stop] {
                relay->reset();
                if (stop) {
                    stop();
                }
            },
            inner.restarts};
}

std::uint16_t port_of(const std::string& text) {
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failure != std::errc() || end != text.data() + text.size()) {
        throw Error(Code::usage, fmt::format("\"{}\" is no port", text),
                    "give a number from 0 (any free one) to 65535");
    }
    return port;
}

/// Everything is read here, before we become an account that may not be able to read the platform's
/// files.
daemon::Parts parts_of(Context& context) {
    const auto run = context.run();
    auto loaded = std::make_shared<std::vector<Verification>>();
    for (const auto& database : run.manifest.databases) {
        loaded->push_back(load_verification(run, database));
    }
    daemon::Parts parts;
    parts.platform = run.manifest.name;
    parts.title = run.manifest.title.empty() ? run.manifest.name : run.manifest.title;
    parts.environment = run.environment.name;
    parts.version = version();
    parts.listen = context.arguments().value("--listen", run.manifest.api.listen);
    parts.port = run.manifest.api.port;
    parts.health = run.manifest.api.health;
    if (context.arguments().has("--port")) {
        parts.port = port_of(context.arguments().value("--port"));
    }
    parts.token = run.state.api_token();
    for (const auto& what : *loaded) {
        daemon::Database database;
        database.name = what.database.name;
        database.settings = verifier_settings(run, what.database);
        const auto files =
            std::make_shared<MigrationFiles>(what.database.migrations, run.manifest.features,
                                             MigrationFiles::Files(loaded, &what.files));
        database.migrations = [files](pg::Connection& connection) {
            return files->state(connection);
        };
        database.monitor = trust::role_settings(run, what.database, trust::Role::monitor);
        database.wait_as(trust::pool_limits(run, what.database, database.pool));
        parts.databases.push_back(std::move(database));
    }
    if (trust::redis_settings(run)) {
        parts.redis.push_back({"redis", [run] { ping_redis(*trust::redis_client(run)); }});
    }
    parts.verify = [run, loaded] { return verify_now(run, *loaded); };
    parts.last_verification = [run] { return stored_verification(run); };
    if (run.is_private()) {
        parts.supervision = supervise(run);
    }
    parts.supervision = with_relay(run, std::move(parts.supervision));
    const auto backups = std::make_shared<ServedBackups>(run);
    parts.supervision = with_backups(backups, std::move(parts.supervision));
    const auto monitor = std::make_shared<ServedMonitor>(run);
    monitor->more([backups](monitor::Sample& sample) { backups->read(sample); });
    parts.offer = [monitor, run](std::function<daemon::Own()> own) {
        monitor->more([own = std::move(own), run](monitor::Sample& sample) {
            add_own(own(), sample);
            read_cache(run, sample);
        });
    };
    const auto alerts = std::make_shared<ServedAlerts>(run);
    parts.supervision =
        with_alerts(alerts, monitor, with_monitor(monitor, std::move(parts.supervision)));
    parts.supervision = with_log(run, std::move(parts.supervision));
    parts.monitor = [monitor] { return monitor->json(); };
    parts.more_metrics = [run, backups, monitor, alerts] {
        return (has_cache(run) ? cache_figures(run) : std::string()) + backups->metrics() +
               monitor->metrics() + alerts->metrics();
    };
    return parts;
}

void require_free_port(std::uint16_t port) {
    const auto holder = port == 0 ? std::nullopt : servers::who_listens(port);
    if (holder) {
        throw Error(
            Code::port_taken, fmt::format("port {} of the API is held by {}", port, holder->text()),
            "stop that process, or choose another [api] port in caisson.toml; the servers stay up");
    }
}

void write_record(Context& context, const daemon::Ready& ready, const std::string& manifest) {
    write_file(context.run().state.daemon_record(),
               json_text(boost::json::object{
                   {"process", ::getpid()},
                   {"began", servers::beginning_of(::getpid())},
                   {"address", ready.url},
                   {"started_at", timestamp_now()},
                   {"manifest", manifest},
                   {"background", context.arguments().has("--ready-descriptor")}}),
               0640);
}

/// `caisson serve --ready-descriptor N`: tells the process that started us how it went, in one
/// line.
void tell_starter(Context& context, const std::string& line) {
    if (const auto number = context.arguments().value("--ready-descriptor"); !number.empty()) {
        const int descriptor = std::atoi(number.c_str());
        const std::string text = line + "\n";
        [[maybe_unused]] const auto written = ::write(descriptor, text.data(), text.size());
        ::close(descriptor);
    }
}

Exit run_serve(Context& context) {
    if (const auto running = read_daemon_record(context.run())) {
        throw Error(Code::locked,
                    fmt::format("a daemon of this platform runs already: process {} at {}",
                                running->process, running->address),
                    "caisson down ends it");
    }
    if (context.dry_run()) {
        context.print(fmt::format(
            "would serve {} at {}:{}", context.run().manifest.name,
            context.arguments().value("--listen", context.run().manifest.api.listen),
            context.arguments().value("--port", std::to_string(context.run().manifest.api.port))));
        return Exit::fine;
    }
    return serve_until_stopped(context);
}

/// Reads one line from the child, or learns that it ended.
std::string line_of_child(int descriptor, std::chrono::milliseconds limit) {
    std::string line;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (line.empty() || line.back() != '\n') {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                              deadline - std::chrono::steady_clock::now())
                              .count();
        std::array<pollfd, 2> waits = {pollfd{descriptor, POLLIN, 0},
                                       pollfd{interrupt::descriptor(), POLLIN, 0}};
        if (left <= 0 || ::poll(waits.data(), waits.size(), static_cast<int>(left)) == 0) {
            return "error the daemon did not say within " + human(limit) + " that it is ready";
        }
        interrupt::check();
        std::array<char, 4096> buffer{};
        const auto got = ::read(descriptor, buffer.data(), buffer.size());
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return line.empty() ? "error the daemon ended before it was ready" : line;
        }
        line.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    return std::string(trim(line));
}

/// How the child said that it went wrong: `error CODE message`.
Error error_from(const std::string& line, const trust::Run& run) {
    const auto rest = line.rfind("error ", 0) == 0 ? line.substr(6) : line;
    for (const auto& kind : error_kinds()) {
        if (rest.rfind(std::string(kind.name) + " ", 0) == 0) {
            Error error(kind.code, rest.substr(kind.name.size() + 1));
            error.with("log", run.state.daemon_log().string());
            return error;
        }
    }
    Error error(Code::daemon_failed, rest);
    error.with("log", run.state.daemon_log().string());
    return error;
}

}  // namespace

Exit serve_until_stopped(Context& context) {
    try {
        const auto run = context.run();
        make_directory(run.state.root, 0700, run.account);
        const auto manifest = manifest_stamp(run);  // While we may still read it.
        auto parts = parts_of(context);
        require_free_port(parts.port);  // While we may still see whose it is.
        if (run.account) {
            give_log(run);
            become(*run.account);
        }
        const int status = daemon::serve(std::move(parts), [&](const daemon::Ready& ready) {
            write_record(context, ready, manifest);
            context.print(fmt::format("serving at {}; Ctrl-C ends it", ready.url));
            tell_starter(context, "ready " + ready.url);
        });
        std::error_code ignored;
        fs::remove(run.state.daemon_record(), ignored);
        if (status != 0) {
            return Exit::bug;
        }
        // As everywhere, Ctrl-C is 130; ended by a process manager is what serving was meant to do.
        return interrupt::from_keyboard() ? Exit::interrupted : Exit::fine;
    } catch (const Error& error) {
        tell_starter(context, fmt::format("error {} {}", kind_of(error.code()).name,
                                          replace_all(error.message(), "\n", " ")));
        throw;
    }
}

bool stop_daemon(const trust::Run& run) {
    const auto record = read_daemon_record(run);
    if (!record) {
        return false;
    }
    ::kill(record->process, SIGTERM);
    if (!wait_until_gone(record->process, 60s)) {
        throw Error(Code::daemon_failed,
                    fmt::format("the daemon (process {}) did not end within 60 s of SIGTERM",
                                record->process),
                    fmt::format("look at {}; then: kill -9 {}", run.state.daemon_log().string(),
                                record->process));
    }
    return true;
}

StepSummary start_daemon(Context& context) {
    const auto& run = context.run();
    StepSummary summary;
    if (const auto running = read_daemon_record(run)) {
        summary.text = fmt::format("{} (process {})", running->address, running->process);
        const bool is_behind =
            !running->manifest.empty() && running->manifest != manifest_stamp(run);
        if (!is_behind || !running->is_in_background) {
            if (is_behind) {
                summary.notes.emplace_back(
                    "the daemon began with another caisson.toml: restart it where it was started");
            }
            return summary;
        }
        stop_daemon(run);
        summary.notes.emplace_back("caisson.toml is another one: the daemon was started anew");
    }
    make_directory(run.state.root, 0700, run.account);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw Error(Code::internal, "cannot make a pipe");
    }
    Command command;
    command.arguments = {fs::read_symlink("/proc/self/exe").string(),
                         "-C",
                         run.manifest.directory.string(),
                         "-e",
                         run.environment.name,
                         "serve",
                         "--ready-descriptor",
                         std::to_string(ends[1])};
    for (const auto& [name, value] : run.variables) {
        if (name.rfind("PG", 0) == 0) {  // Programs are started without them; this one reads them
            command.environment[name] = value;  // as we do: the manifest may name them.
        }
    }
    // It starts as we are, reads the platform's files, and then becomes the servers' account by
    // itself.
    start(command, run.state.daemon_log(), ends[1]);
    ::close(ends[1]);
    std::string line;
    try {
        line = line_of_child(ends[0], 60s);
    } catch (...) {
        ::close(ends[0]);
        throw;
    }
    ::close(ends[0]);
    if (line.rfind("ready ", 0) != 0) {
        throw error_from(line, run);
    }
    summary.text = line.substr(6);
    summary.changed = true;
    return summary;
}

std::vector<Verb> serve_verbs() {
    return {{"serve",
             "answers over HTTP, and keeps the private servers alive, until it is stopped",
             "Health, readiness, metrics, verification, a status page: docs/reference/serve.md. "
             "Listens on loopback unless the\n"
             "manifest says otherwise; beyond loopback everything but liveness and health asks for "
             "a bearer token.",
             {{"--listen", "ADDRESS", "instead of the manifest's [api] listen", {}},
              {"--port", "PORT", "instead of the manifest's [api] port; 0 for any free one", {}},
              {"--ready-descriptor",
               "N",
               "write \"ready URL\" to this descriptor (for process managers)",
               {}}},
             "",
             "  caisson serve\n  caisson -e production serve --listen 0.0.0.0",
             Needs::platform,
             run_serve}};
}

}  // namespace caisson::cli

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "app/cli/backup_keep.h"
#include "app/cli/history.h"
#include "app/cli/monitor.h"
#include "app/cli/steps.h"
#include "app/cli/verdict.h"
#include "base/text.h"
#include "drivers/http/client.h"
#include "lifecycle/servers/servers.h"
#include "operations/monitor/alerts/watch.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

/// A server that hangs does not keep the screen waiting.
constexpr std::chrono::seconds patience{2};

class Screen {
 public:
    explicit Screen(Context& context) : context_(context) {}

    void add(Part part) {
        context_.print(fmt::format("{} {:<16} {}", mark_of(part.mark), part.name, part.text));
        for (const auto& line : part.below) {
            context_.print("    " + line);
        }
        part.json["name"] = part.name;
        part.json["fine"] = part.mark == Mark::fine;
        part.json["mark"] = word_of(part.mark);
        part.json["text"] = part.text;
        rows_.push_back(part.json);
        parts_.push_back(std::move(part));
    }
    void row(const std::string& name, bool fine, const std::string& text, const std::string& reason,
             boost::json::object json) {
        add({.name = name,
             .mark = fine ? Mark::fine : Mark::bad,
             .text = text,
             .reason = fine ? "" : name + reason,
             .json = std::move(json)});
        is_broken_ = is_broken_ || !fine;
    }

    Exit end(Moment now) {
        const auto verdict = verdict_of(parts_, now);
        context_.print(verdict.mark == Mark::fine     ? verdict.text
                       : verdict.mark == Mark::notice ? context_.yellow(verdict.text)
                                                      : context_.red(verdict.text));
        if (is_broken_) {
            context_.print("caisson doctor says why, caisson up mends what it can");
        }
        context_.result() = {
            {"healthy", verdict.mark != Mark::bad},
            {"verdict", verdict.mark == Mark::fine     ? "healthy"
                        : verdict.mark == Mark::notice ? "attention"
                                                       : "unhealthy"},
            {"text", verdict.text},
            {"since", verdict.since ? boost::json::value(timestamp(*verdict.since)) : nullptr},
            {"parts", std::move(rows_)}};
        return verdict.mark == Mark::bad ? Exit::findings : Exit::fine;
    }

 private:
    std::string mark_of(Mark mark) const {
        return mark == Mark::fine     ? context_.green("✓")
               : mark == Mark::notice ? context_.yellow("!")
                                      : context_.red("✗");
    }
    static std::string_view word_of(Mark mark) {
        return mark == Mark::fine ? "fine" : mark == Mark::notice ? "notice" : "bad";
    }

    Context& context_;
    boost::json::array rows_;
    std::vector<Part> parts_;
    bool is_broken_ = false;  ///< Something that runs, or should.
};

void show_database(Context& context, Screen& screen, const platform::Database& database) {
    const auto& run = context.run();
    try {
        const Stopwatch watch;
        auto settings = trust::role_settings(run, database, trust::Role::service);
        settings.connect_limit = patience;
        pg::Connection connection(settings);
        connection.limit_waits(patience);
        const auto judgement = trust::judge(connection, run, database);
        const auto took = watch.elapsed();
        if (judgement.standing != trust::Standing::ours) {
            screen.row(database.name, false, judgement.explanation, " is not ours", {});
            return;
        }
        const auto files = sources::load(database.migrations, run.manifest.features);
        const auto states =
            migrations::status(files, migrations::read_history(connection), run.manifest.features);
        const bool matches = history_findings(states, run.manifest.migrations).empty();
        screen.row(database.name, matches,
                   fmt::format("connected in {}; migrations: {}", human(took), summary_of(states)),
                   " lacks migrations",
                   {{"connected", true},
                    {"milliseconds", std::chrono::duration<double, std::milli>(took).count()}});
    } catch (const Error& error) {
        screen.row(database.name, false, error.message(), " cannot be asked",
                   {{"connected", false}, {"error", to_json(error)}});
    }
}

std::optional<Moment> written_at(const fs::path& file) {
    struct stat found {};
    return ::stat(file.c_str(), &found) == 0
               ? std::optional(Moment(std::chrono::seconds(found.st_mtime)))
               : std::nullopt;
}

/// Its answer waits as long as the slowest server may take, one that hangs
/// (docs/reference/serve.md).
constexpr auto longest_answer = std::chrono::milliseconds(2'500);

/// What /health says; nothing where nobody answers.
void ask_health(const std::string& address, DaemonSigns& daemon) {
    const auto begin = address.find("://");
    const auto colon = address.rfind(':');
    if (begin == std::string::npos || colon <= begin) {
        return;
    }
    try {
        auto host = address.substr(begin + 3, colon - begin - 3);
        if (host.starts_with("[")) {
            host = host.substr(1, host.size() - 2);
        }
        const auto port = static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1)));
        const auto answer = http::get(host, port, "/health", longest_answer);
        const auto health = boost::json::parse(answer.body);
        // A daemon of the version before says none.
        if (const auto* const degraded = health.as_object().if_contains("degraded")) {
            for (const auto& what : degraded->as_array()) {
                daemon.degraded.emplace_back(what.as_string());
            }
        }
        daemon.health = health.at("status").as_string().c_str();
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
    } catch (const std::exception&) {
        daemon.degraded.clear();  // Somebody else listens there.
    }
}

/// What is left of the daemon.
DaemonSigns signs_of(const trust::Run& run) {
    DaemonSigns daemon;
    if (const auto record = read_daemon_record(run)) {
        daemon.runs = true;
        daemon.address = record->address;
        daemon.process = record->process;
        ask_health(record->address, daemon);
    }
    daemon.has_record = written_at(run.state.daemon_record()).has_value();
    daemon.last_heard = std::max(written_at(run.state.daemon_log()), written_at(look_file(run)));
    return daemon;
}

/// What its monitor has written; nothing here asks a server.
Watched watched_of(const trust::Run& run, bool daemon_runs, Moment now) {
    Watched watched;
    watched.now = now;
    watched.daemon_runs = daemon_runs;
    watched.collects = monitor_settings(run).collect;
    watched.has_rules = run.manifest.alerting.is_on;
    watched.look = read_look(run);
    watched.book = alerts::read_book(run);
    watched.rules = alerts::rules_of(run.manifest.alerting).rules;
    watched.orders = alerts::read_orders(run);
    watched.windows = run.manifest.alerting.silences;
    watched.pages = alerts::pages_of(run);
    return watched;
}

Part backups_of(const trust::Run& run, Moment now) {
    const auto& backups = run.manifest.backups;
    std::vector<std::string> notes;
    const auto jobs = schedule::jobs_of(backups);
    std::vector<schedule::Age> ages;
    if (!jobs.empty()) {
        const auto history =
            schedule::settled(schedule::load(schedule_file(run), notes), jobs, now, notes);
        ages = schedule::ages(jobs, history, now);
    }
    return backups_part(ages, read_look(run), backups.is_declared, run.environment.is_protected,
                        now);
}

/// What is written there may not be ours to read, or name a variable that nobody has set.
template <typename Make>
void add_or_say(Screen& screen, const std::string& name, Make make) {
    try {
        screen.add(make());
    } catch (const Error& error) {
        screen.add({.name = name,
                    .mark = Mark::notice,
                    .text = "unknown: " + error.message(),
                    .reason = name + " unknown"});
    }
}

void show_servers(Context& context, Screen& screen) {
    for (const auto& server : servers::status(context.run())) {
        const auto text =
            server.answering ? fmt::format("{}, process {}, answers in {}", server.version,
                                           server.process, human(server.latency))
            : server.running()
                ? fmt::format("process {} does not answer: {}", server.process, server.detail)
                : "does not run" + (server.detail.empty() ? "" : ": " + server.detail);
        screen.row(servers::name(server.server), server.answering, text, " does not answer",
                   {{"process", server.process}, {"version", server.version}});
    }
}

Exit run_status(Context& context) {
    const auto& run = context.run();
    Screen screen(context);
    context.print(context.bold(fmt::format(
        "{} in environment {}", run.manifest.title.empty() ? run.manifest.name : run.manifest.title,
        run.environment.name)));
    if (run.is_private()) {
        show_servers(context, screen);
    }
    for (const auto& database : context.databases()) {
        show_database(context, screen, database);
    }
    const auto now = moment_now();
    DaemonSigns daemon;
    add_or_say(screen, "API", [&] {
        daemon = signs_of(run);
        return daemon_part(daemon, now);
    });
    add_or_say(screen, "monitor", [&] { return monitor_part(watched_of(run, daemon.runs, now)); });
    add_or_say(screen, "backups", [&] { return backups_of(run, now); });
    return screen.end(now);
}

}  // namespace

std::vector<Verb> status_verbs() {
    return {{"status",
             "one screen: healthy or not, why, since when, what to do",
             "Servers and databases are asked for no more than an answer; what the monitor and the "
             "backups say is what the daemon has\nwritten, with its age: alerts that fire, since "
             "when, what to do first, what is unknown. Exit status 7 when it is not healthy.",
             {},
             "",
             "  caisson status\n  caisson status --json",
             Needs::platform,
             run_status}};
}

}  // namespace caisson::cli

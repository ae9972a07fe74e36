// SPDX-License-Identifier: Apache-2.0
// Probes of the machine: programs, account, state directory, space, ports, containers, build tools.
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "app/cli/doctor.h"
#include "app/cli/steps.h"
#include "base/process.h"
#include "base/text.h"
#include "lifecycle/servers/servers.h"
#include "operations/monitor/alerts/watch.h"

namespace caisson::cli {
namespace {

using Level = Diagnosis::Level;

/// What a first start takes: the data directory, WAL, and room to work (LUM-8).
constexpr std::uint64_t space_needed = std::uint64_t{1} << 30U;

std::vector<Diagnosis> ask_programs(const trust::Run& run) {
    if (!run.is_private()) {
        return {};
    }
    const auto programs = servers::find_programs(run);
    return {{Level::fine, "server_programs",
             fmt::format("PostgreSQL {} in {}", programs.postgres.major,
                         programs.postgres.directory.string()),
             ""}};
}

/// The first directory on the way to `place` that the servers' account cannot pass through.
std::optional<fs::path> closed_to_the_servers(const trust::Run& run, const fs::path& place) {
    const auto enters = [&](const fs::path& directory) {
        return caisson::run({{"test", "-x", directory.string()}, {}, {}, run.account, {}},
                            std::chrono::seconds(5))
            .fine();
    };
    if (!run.is_private() || !run.account || enters(place)) {
        return std::nullopt;
    }
    fs::path reached;
    for (const auto& step : place) {
        reached /= step;
        if (!enters(reached)) {
            return reached;
        }
    }
    return place;
}

std::vector<Diagnosis> ask_state(const trust::Run& run) {
    const auto base = run.state.root.parent_path();
    fs::path existing = base;
    std::error_code ignored;
    while (!fs::exists(existing, ignored) && existing.has_relative_path()) {
        existing = existing.parent_path();
    }
    std::vector<Diagnosis> found;
    if (::access(existing.c_str(), W_OK) != 0) {
        found.push_back({Level::problem, "state_unusable",
                         fmt::format("{} is not writable", existing.string()),
                         "make it writable, or name another directory: export CAISSON_STATE=DIR"});
    } else if (const auto closed = closed_to_the_servers(run, existing)) {
        found.push_back({Level::problem, "state_unusable",
                         fmt::format("account {}, which the servers run as, cannot enter {}",
                                     run.account->name, closed->string()),
                         fmt::format("chmod o+x {}; or name another directory: export "
                                     "CAISSON_STATE=DIR",
                                     closed->string())});
    } else {
        found.push_back({Level::fine, "state_directory", run.state.root.string(), ""});
    }
    const auto space = space_at(existing);
    if (run.is_private() && space.free < space_needed) {
        found.push_back(
            {Level::problem, "disk_full",
             fmt::format("{} free of {} at {}; a private server wants {}", human_bytes(space.free),
                         human_bytes(space.total), existing.string(), human_bytes(space_needed)),
             fmt::format("free some space there, or name another directory in CAISSON_STATE; see: "
                         "du -xh --max-depth=2 {} | sort -h | tail",
                         existing.string())});
    } else {
        found.push_back({Level::fine, "disk_space",
                         fmt::format("{} free at {}", human_bytes(space.free), existing.string()),
                         ""});
    }
    return found;
}

/// A port that the platform wants and somebody else holds.
std::vector<Diagnosis> ask_ports(const trust::Run& run) {
    struct Wanted {
        std::string what;
        std::optional<std::uint16_t> port;
        std::string setting;
        pid_t ours;
    };
    pid_t postgres = -1;
    pid_t redis = -1;
    if (run.is_private()) {
        for (const auto& server : servers::status(run)) {
            (server.server == servers::Server::postgres ? postgres : redis) = server.process;
        }
    }
    const auto daemon = read_daemon_record(run);
    const std::array wanted = {
        Wanted{"PostgreSQL", run.is_private() ? run.manifest.server.postgres_port : std::nullopt,
               "[server.postgres] port", postgres},
        Wanted{"Redis", run.is_private() ? run.manifest.server.redis_port : std::nullopt,
               "[server.redis] port", redis},
        Wanted{"the API", run.manifest.api.port, "[api] port", daemon ? daemon->process : -1}};
    std::vector<Diagnosis> found;
    for (const auto& [what, port, setting, ours] : wanted) {
        if (!port || *port == 0) {
            continue;
        }
        const auto holder = servers::who_listens(*port);
        if (holder && holder->process != ours) {
            found.push_back(
                {Level::problem, "port_taken",
                 fmt::format("port {} of {} is held by {}", *port, what, holder->text()),
                 fmt::format("stop it: kill {}; or choose another port in caisson.toml under {}",
                             holder->process, setting)});
        } else {
            found.push_back({Level::fine, "port",
                             holder ? fmt::format("{}: {} is ours", *port, what)
                                    : fmt::format("{} is free for {}", *port, what),
                             ""});
        }
    }
    return found;
}

/// Only where the platform is deployed with containers.
std::vector<Diagnosis> ask_containers(const trust::Run& run) {
    bool composed = false;
    for (const char* const name :
         {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.dev.yml"}) {
        composed = composed || fs::exists(run.manifest.directory / name);
    }
    if (!composed) {
        return {};
    }
    if (!find_program("docker")) {
        return {{Level::problem, "container_engine",
                 "the platform has a compose file, and docker is not installed",
                 "apt-get install docker.io; or do without containers: caisson up"}};
    }
    const auto answer =
        caisson::run({{"docker", "info", "--format", "{{.ServerVersion}}"}, {}, {}, {}, {}},
                     std::chrono::seconds(5));
    if (!answer.fine()) {
        return {{Level::problem, "container_engine",
                 fmt::format("the container engine does not answer: {}",
                             trim(answer.errors.substr(0, answer.errors.find('\n')))),
                 "start it: systemctl start docker; reinstall it if it stays away; or do without "
                 "containers: caisson up"}};
    }
    return {{Level::fine, "container_engine", fmt::format("docker {}", trim(answer.output)), ""}};
}

/// Only in a source checkout: what a build needs.
std::vector<Diagnosis> ask_build(const trust::Run&) {
    const auto checkout = fs::read_symlink("/proc/self/exe").parent_path() / "../../..";
    if (!fs::exists(checkout / "script/setup")) {
        return {};
    }
    std::vector<std::string> missing;
    for (const char* const program : {"g++", "cmake", "ninja"}) {
        if (!find_program(program)) {
            missing.emplace_back(program);
        }
    }
    if (!missing.empty()) {
        return {{Level::problem, "build_fails",
                 fmt::format("a build would fail: {} not found", join(missing, ", ")),
                 "script/setup"}};
    }
    return {{Level::fine, "build_tools", "g++, cmake and ninja are there", ""}};
}

/// The application's own build, where there is one beside the platform: its error is shown by its
/// own command.
std::vector<Diagnosis> ask_application(const trust::Run& run) {
    const auto manifest = run.manifest.directory / "package.json";
    const auto text = read_if_exists(manifest);
    if (!text || text->find("\"build\"") == std::string::npos) {
        return {};
    }
    if (!find_program("npm")) {
        return {{Level::problem, "application_build",
                 "package.json has a build, and npm is not installed", "apt-get install npm"}};
    }
    if (!fs::exists(run.manifest.directory / "node_modules")) {
        return {{Level::problem, "application_build",
                 "package.json has a build, and its packages are not installed",
                 fmt::format("cd {} && npm ci && npm run build", run.manifest.directory.string())}};
    }
    return {
        {Level::note, "application_build",
         "the application has a build of its own; Caisson does not run it",
         fmt::format("see its errors: cd {} && npm run build", run.manifest.directory.string())}};
}

/// The daemon would not begin with it.
std::vector<Diagnosis> ask_alerts(const trust::Run& run) {
    alerts::check(run);
    return {};
}

}  // namespace

std::vector<Probe> machine_probes() {
    return {{"programs", ask_programs},    {"state", ask_state}, {"ports", ask_ports},
            {"alerts", ask_alerts},        {"build", ask_build}, {"application", ask_application},
            {"containers", ask_containers}};
}

}  // namespace caisson::cli

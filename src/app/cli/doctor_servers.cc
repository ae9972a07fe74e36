// SPDX-License-Identifier: Apache-2.0
// Probes of the servers: do they run, do they answer, are they the right ones.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include "app/cli/doctor.h"
#include "base/text.h"
#include "drivers/pg/connection.h"
#include "lifecycle/servers/servers.h"

namespace caisson::cli {
namespace {

using Level = Diagnosis::Level;
using namespace std::chrono_literals;

/// What servers that are gone left behind. Live ones keep these files for themselves.
std::vector<std::string> stale_files(const trust::Run& run) {
    std::vector<std::string> traces;
    for (const auto& server : servers::status(run)) {
        if (server.running()) {
            continue;
        }
        const auto file = server.server == servers::Server::postgres
                              ? run.state.sockets / fmt::format(".s.PGSQL.{}", run.postgres_port())
                              : run.state.redis_socket();
        std::error_code ignored;
        if (fs::exists(file, ignored)) {
            traces.push_back(fmt::format("{} is left of a {} that is gone", file.string(),
                                         servers::name(server.server)));
        }
    }
    return traces;
}

std::vector<Diagnosis> ask_private_servers(const trust::Run& run) {
    if (!run.is_private()) {
        return {};
    }
    std::vector<Diagnosis> found;
    for (const auto& server : servers::status(run)) {
        const auto name = servers::name(server.server);
        if (server.answering) {
            found.push_back({Level::fine, lower(name),
                             fmt::format("version {}, process {}, answers in {}", server.version,
                                         server.process, human(server.latency)),
                             ""});
        } else if (server.running()) {
            found.push_back({Level::problem, "server_starting",
                             fmt::format("{} runs (process {}) and does not answer: {}", name,
                                         server.process, server.detail),
                             "it is still starting, or recovering after a crash: wait half a "
                             "minute and ask again; if it stays: caisson down && caisson up"});
        } else {
            found.push_back({Level::problem, "server_down",
                             fmt::format("{} does not run{}", name,
                                         server.detail.empty() ? "" : ": " + server.detail),
                             "start it: caisson up"});
        }
    }
    for (const auto& trace : stale_files(run)) {
        found.push_back({Level::problem, "stale_socket", trace, "caisson up clears it away"});
    }
    return found;
}

/// Whether a name can be looked up. Addresses and socket directories need no look-up.
std::optional<std::string> look_up_failure(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* addresses = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &addresses);
    if (failure == 0) {
        ::freeaddrinfo(addresses);
        return std::nullopt;
    }
    return ::gai_strerror(failure);
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host.rfind("127.", 0) == 0 || host == "::1";
}

/// What a refused connection means, by what the server or the system said.
Diagnosis of_refusal(const std::string& host, const Error& error) {
    const auto& text = error.message();
    const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
    if (has("starting up") || has("not yet accepting") ||
        error.fact("sqlstate") == pg::sqlstate::cannot_connect_now) {
        return {Level::problem, "server_starting", text,
                "the server is still starting: wait half a minute and ask again"};
    }
    if (has("did not answer")) {
        return {Level::problem, "server_hangs", text,
                fmt::format(
                    "the port is open and nobody answers: restart the server on {}; its data stays",
                    host)};
    }
    if (has("authentication failed") || has("no password supplied") ||
        has("no pg_hba.conf entry")) {
        return {Level::problem, "access_refused", text,
                "check user and password: caisson env check; and the server's pg_hba.conf"};
    }
    if (has("does not exist")) {
        return {Level::problem, "database_missing", text, "make it: caisson provision"};
    }
    if (has("could not translate") || has("Name or service not known")) {
        return {Level::problem, "wrong_host", text,
                "correct the host name in the environment: caisson env check"};
    }
    return {Level::problem, "cannot_connect", text,
            is_loopback(host)
                ? "nothing listens there: start the server; inside a container, the database's "
                  "host is its service name "
                  "(DATABASE_HOST=postgres), not localhost"
                : fmt::format("is the server up and reachable? try: pg_isready -h {}", host)};
}

std::vector<Diagnosis> ask_remote_server(const trust::Run& run) {
    if (run.is_private()) {
        return {};
    }
    std::vector<Diagnosis> found;
    std::string last;
    for (const auto& database : run.manifest.databases) {
        auto settings = trust::server_settings(run, database);
        if (settings.host + std::to_string(settings.port) == last) {
            continue;
        }
        last = settings.host + std::to_string(settings.port);
        if (settings.host.rfind('/', 0) != 0) {
            if (const auto failure = look_up_failure(settings.host)) {
                found.push_back(
                    {Level::problem, "wrong_host",
                     fmt::format("the host {} cannot be looked up: {}", settings.host, *failure),
                     "correct DATABASE_HOST (or the host in caisson.toml); a service name such as "
                     "\"postgres\" is known only inside its own network"});
                continue;
            }
        }
        settings.connect_limit = 5s;
        try {
            pg::Connection connection(settings);
            connection.limit_waits(5s);
            const auto version =
                connection.query("show server_version").front().string("server_version");
            const bool old = connection.server_version() < 150000;
            found.push_back(
                {old ? Level::problem : Level::fine, old ? "wrong_version" : "postgres",
                 fmt::format("PostgreSQL {} at {}", version, settings.host),
                 old ? "Caisson works with PostgreSQL 15 and later: upgrade the server" : ""});
        } catch (const Error& error) {
            found.push_back(of_refusal(settings.host, error));
        }
    }
    return found;
}

}  // namespace

std::vector<Probe> server_probes() {
    return {{"private servers", ask_private_servers}, {"remote server", ask_remote_server}};
}

}  // namespace caisson::cli

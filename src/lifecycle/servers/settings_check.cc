// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "lifecycle/servers/configuration.h"
#include "lifecycle/servers/directories.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;

using Refused = std::map<std::string, std::string>;  ///< Setting to reason.

/// What would take the server out of our hands, with what to write instead.
const std::map<std::string, std::string> reserved_in_postgres = {
    {"listen_addresses", "give the server a loopback port with `port`"},
    {"unix_socket_directories", "sockets lie in the state directory"},
    {"unix_socket_group", "sockets are the servers' own"},
    {"unix_socket_permissions", "sockets are the servers' own"},
    {"data_directory", "data lies in the state directory"},
    {"config_file", "Caisson writes the configuration"},
    {"hba_file", "Caisson writes the rules of access"},
    {"ident_file", "Caisson writes the rules of access"},
    {"external_pid_file", "Caisson finds its servers by itself"},
    {"password_encryption", "passwords are SCRAM verifiers"},
    {"logging_collector", "logs lie in the state directory"},
    {"log_destination", "logs lie in the state directory"},
    {"log_line_prefix", "Caisson reads the log"},
    {"lc_messages", "Caisson reads the log"},
    {"include", "write the settings themselves"},
    {"include_dir", "write the settings themselves"},
    {"include_if_exists", "write the settings themselves"},
};
const std::map<std::string, std::string> reserved_in_redis = {
    {"bind", "give the server a loopback port with `port`"},
    {"unixsocket", "sockets lie in the state directory"},
    {"unixsocketperm", "sockets are the servers' own"},
    {"dir", "data lies in the state directory"},
    {"requirepass", "the password is generated"},
    {"daemonize", "Caisson watches over its servers"},
    {"supervised", "Caisson watches over its servers"},
    {"logfile", "logs lie in the state directory"},
    {"pidfile", "Caisson finds its servers by itself"},
    {"include", "write the settings themselves"},
    {"rename-command", "Caisson needs the commands by their names"},
    {"aclfile", "Caisson keeps the accounts"},
};

Refused refuse_reserved(const std::map<std::string, std::string>& settings,
                        const std::map<std::string, std::string>& reserved) {
    Refused refused;
    for (const auto& [name, value] : settings) {
        if (const auto found = reserved.find(lower(name)); found != reserved.end()) {
            refused[name] = "it is set by Caisson: " + found->second;
        } else if (name.empty() || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                          "0123456789_.-") != std::string::npos) {
            refused[name] = "it is not the name of a setting";
        }
    }
    return refused;
}

[[noreturn]] void throw_refused(const trust::Run& run, const std::string& table,
                                const Refused& refused) {
    std::vector<std::string> lines;
    for (const auto& [name, reason] : refused) {
        lines.push_back(fmt::format("[server.{}] {}: {}", table, name, reason));
    }
    throw Error(Code::platform_invalid,
                lines.size() == 1 ? lines[0]
                                  : fmt::format("{}:\n  {}", counted(lines.size(), "wrong setting"),
                                                join(lines, "\n  ")),
                fmt::format("mend {}", run.manifest.file.string()))
        .with("place", run.manifest.file.string());
}

/// A file for a server program to read, gone with the value.
class Draft {
 public:
    Draft(const trust::Run& run, const std::string& name)
        : path_(run.state.root / fmt::format("{}.{}.draft", name, ::getpid())),
          account_(run.account) {}
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() { ::unlink(path_.c_str()); }
    const fs::path& write(const std::string& text) const {
        write_file(path_, text, 0600, account_);
        return path_;
    }

 private:
    fs::path path_;
    std::optional<Account> account_;
};

/// Names of all settings, for "did you mean".
std::vector<std::string> setting_names(const PostgresPrograms& programs) {
    std::vector<std::string> names;
    const auto answer =
        run({{programs.program("postgres"), "--describe-config"}, {}, {}, {}, {}}, 10s);
    for (const auto& line : split(answer.output, '\n')) {
        names.push_back(line.substr(0, line.find('\t')));
    }
    return names;
}

/// Reads PostgreSQL's complaints: `LOG:  invalid value for parameter "work_mem": "abc"` and the
/// like, each with the name in quotes, followed by its HINT.
Refused complaints(const std::string& errors, const std::map<std::string, std::string>& settings) {
    Refused refused;
    std::string last;
    for (const auto& line : split(errors, '\n')) {
        constexpr std::string_view hint = "HINT:  ";
        if (const auto at = line.find(hint); at != std::string::npos && !last.empty()) {
            refused[last] += "; " + line.substr(at + hint.size());
            continue;
        }
        constexpr std::string_view mark = "parameter \"";
        const auto begin = line.find(mark);
        if (line.find("LOG:  ") == std::string::npos || begin == std::string::npos) {
            continue;
        }
        const auto from = begin + mark.size();
        const std::string named = line.substr(from, line.find('"', from) - from);
        // PostgreSQL prints its own spelling: TimeZone.
        for (const auto& [name, value] : settings) {
            if (lower(name) == lower(named)) {
                last = name;
                const std::string said = line.substr(line.find("LOG:  ") + 6);
                refused[name] = said.substr(0, said.find(" in file "));
            }
        }
    }
    return refused;
}

void check_libraries(const trust::Run& run, const PostgresPrograms& programs, Refused& refused) {
    const auto& settings = run.manifest.server.postgres;
    const auto wanted = settings.find("shared_preload_libraries");
    if (wanted == settings.end() || !programs.has_library("libpqwalreceiver")) {
        return;  // Without that one the libraries lie where we do not look.
    }
    for (const auto& part : split(wanted->second, ',')) {
        const std::string name(trim(part));
        if (!name.empty() && name.find('/') == std::string::npos && !programs.has_library(name)) {
            refused["shared_preload_libraries"] =
                fmt::format("PostgreSQL {} has no library {} here; apt-cache search postgresql-{}",
                            programs.major, name, programs.major);
        }
    }
}

}  // namespace

void check_postgres_settings(const trust::Run& run, const PostgresPrograms& programs) {
    trust::Run trial = run;
    auto& settings = trial.manifest.server.postgres;
    Refused refused = refuse_reserved(settings, reserved_in_postgres);
    check_libraries(run, programs, refused);
    const Draft draft(run, "postgresql");
    std::vector<std::string> known;
    // Unknown names hide wrong values from us, so that what was refused is taken out and the rest
    // asked about again.
    while (true) {
        std::erase_if(settings, [&](const auto& entry) { return refused.contains(entry.first); });
        const auto path = draft.write(postgres_configuration(trial, programs));
        const auto answer = caisson::run({{programs.program("postgres"), "-C", "port", "-D",
                                           run.state.root, "-c", "config_file=" + path.string()},
                                          {{"LC_ALL", "C"}},
                                          {},
                                          server_owner(run),
                                          {}},
                                         10s);
        if (answer.fine()) {
            break;
        }
        const auto found = complaints(answer.errors, settings);
        if (found.empty()) {
            throw Error(Code::server_failed, "PostgreSQL refuses its configuration: " +
                                                 std::string(trim(answer.errors)));
        }
        for (const auto& [name, reason] : found) {
            refused[name] = reason;
            if (reason.rfind("unrecognized", 0) == 0) {
                known = known.empty() ? setting_names(programs) : known;
                const auto near = nearest(name, known);
                refused[name] =
                    fmt::format("PostgreSQL {} has no such setting{}", programs.major,
                                near.empty() ? "" : fmt::format("; did you mean {}?", near));
            }
        }
    }
    if (!refused.empty()) {
        throw_refused(run, "postgres", refused);
    }
}

void check_redis_settings(const trust::Run& run, const fs::path& redis_server) {
    trust::Run trial = run;
    auto& settings = trial.manifest.server.redis;
    Refused refused = refuse_reserved(settings, reserved_in_redis);
    const Draft draft(run, "redis");
    // Redis stops at the first mistake and has no way to check a file; a last line that is always
    // wrong keeps it from starting when everything before it is right.
    constexpr std::string_view last = "caisson-end-of-check yes";
    while (true) {
        std::erase_if(settings, [&](const auto& entry) { return refused.contains(entry.first); });
        const auto path =
            draft.write(redis_configuration(trial, Secret("check")) + std::string(last));
        const auto answer =
            caisson::run({{redis_server, path}, {}, {}, server_owner(run), {}}, 10s);
        const std::string said = answer.output + answer.errors;
        const auto begin = said.find(">>> '");
        const auto end = said.find("'\n", begin);
        if (begin == std::string::npos || end == std::string::npos) {
            throw Error(Code::server_failed,
                        "Redis refuses its configuration: " + std::string(trim(said)));
        }
        const std::string line = said.substr(begin + 5, end - begin - 5);
        if (line == last) {
            break;
        }
        const std::string name = line.substr(0, line.find(' '));
        if (!settings.contains(name)) {
            throw Error(Code::server_failed,
                        fmt::format("Redis refuses `{}`: {}", name, trim(said.substr(end + 2))));
        }
        refused[name] = fmt::format("`{}`: {}", line, lower(trim(said.substr(end + 2))));
    }
    if (!refused.empty()) {
        throw_refused(run, "redis", refused);
    }
}

}  // namespace caisson::servers

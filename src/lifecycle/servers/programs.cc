// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/programs.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;

std::string value_of(const platform::Variables& variables, const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
}

bool is_server_directory(const fs::path& directory) {
    return ::access((directory / "postgres").c_str(), X_OK) == 0 &&
           ::access((directory / "initdb").c_str(), X_OK) == 0;
}

/// Where the programs lie that a directory of links leads to: it may have links to some of them.
fs::path real_directory(const fs::path& directory) {
    std::error_code failure;
    const auto real = fs::canonical(directory / "postgres", failure).parent_path();
    return !failure && is_server_directory(real) ? real : directory;
}

/// The leading number of "15.20", "16beta1", "15"; 0 when there is none.
int leading_number(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)".
int major_of(const fs::path& directory) {
    const auto answer = run({{directory / "postgres", "--version"}, {}, {}, {}, {}}, 10s);
    const auto marker = answer.output.find("(PostgreSQL) ");
    return marker == std::string::npos
               ? 0
               : leading_number(std::string_view(answer.output).substr(marker + 13));
}

/// Adds those of `parent`/`prefix`NUMBER/bin, whose name tells the version.
void add_versioned(std::vector<PostgresPrograms>& found, const fs::path& parent,
                   const std::string& prefix) {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(parent, failure)) {
        const std::string name = entry.path().filename();
        if (name.rfind(prefix, 0) == 0) {
            const int major = leading_number(std::string_view(name).substr(prefix.size()));
            if (major > 0 && is_server_directory(entry.path() / "bin")) {
                found.push_back({entry.path() / "bin", major});
            }
        }
    }
}

std::string list_of_majors(const std::vector<PostgresPrograms>& installed) {
    std::vector<std::string> majors;
    for (const auto& one : installed) {
        majors.push_back(std::to_string(one.major));
    }
    return join(majors, ", ");
}

}  // namespace

bool PostgresPrograms::has_library(const std::string& name) const {
    std::error_code failure;
    const auto real = fs::canonical(program("postgres"), failure).parent_path();
    return std::ranges::any_of(
        std::vector<fs::path>{real / "../lib", real / "../lib/postgresql"},
        [&](const fs::path& place) { return fs::exists(place / (name + ".so")); });
}

std::vector<PostgresPrograms> installed_postgres(const platform::Variables& variables) {
    std::vector<PostgresPrograms> found;
    if (const fs::path named = value_of(variables, "CAISSON_POSTGRES"); !named.empty()) {
        if (is_server_directory(named)) {
            found.push_back({named, major_of(named)});
        }
        return found;
    }
    for (const auto& part : split(value_of(variables, "PATH"), ':')) {
        if (!part.empty() && is_server_directory(part)) {
            const auto directory = real_directory(part);
            found.push_back({directory, major_of(directory)});
        }
    }
    add_versioned(found, "/usr/lib/postgresql", "");
    add_versioned(found, "/usr", "pgsql-");
    std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return a.major > b.major; });
    return found;
}

std::optional<int> data_major(const trust::Run& run) {
    const auto text = read_if_exists(run.state.postgres_data() / "PG_VERSION");
    const int major = leading_number(trim(text.value_or("")));
    return major > 0 ? std::optional(major) : std::nullopt;
}

Programs find_programs(const trust::Run& run) {
    const auto installed = installed_postgres(run.variables);
    const auto wanted = data_major(run);
    const auto fitting = std::ranges::find_if(
        installed, [&](const auto& one) { return !wanted || one.major == *wanted; });
    if (wanted && fitting == installed.end() && !installed.empty()) {
        throw Error(
            Code::state_other_major,
            fmt::format("the data in {} was made by PostgreSQL {}, and this machine has {}",
                        run.state.postgres_data().string(), *wanted, list_of_majors(installed)),
            fmt::format("install that version (apt-get install postgresql-{0}) and run the same "
                        "command again; to carry the data over to {1}, dump it with version {0} "
                        "(pg_dump --format=custom), then `caisson down --wipe`, `caisson up` and "
                        "pg_restore",
                        *wanted, installed.front().major));
    }
    if (fitting == installed.end()) {
        throw Error(Code::server_missing,
                    fmt::format("PostgreSQL {}is not installed: no directory with postgres and "
                                "initdb on PATH or below /usr/lib/postgresql",
                                wanted ? fmt::format("{} ", *wanted) : ""),
                    fmt::format("install it: script/setup, or apt-get install postgresql-{}",
                                wanted.value_or(15)));
    }
    Programs programs{*fitting, {}};
    if (run.manifest.server.has_redis) {
        const auto redis =
            find_program("redis-server", {"/usr/bin", "/usr/sbin", "/usr/local/bin"});
        if (!redis) {
            throw Error(Code::server_missing, "Redis is not installed: no redis-server on PATH",
                        "install it: script/setup, or apt-get install redis-server");
        }
        programs.redis = *redis;
    }
    return programs;
}

}  // namespace caisson::servers

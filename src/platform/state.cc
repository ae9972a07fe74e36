// SPDX-License-Identifier: Apache-2.0
#include "platform/state.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/crypto.h"

namespace caisson::platform {
namespace {

/// A Unix socket's path has 107 bytes (unix(7): sun_path, with its final zero); PostgreSQL adds
/// this, with its lock.
constexpr std::string_view longest_socket_name = "/.s.PGSQL.65535.lock";
constexpr std::size_t longest_socket_path = 107;

bool holds_sockets(const fs::path& directory) {
    return directory.native().size() + longest_socket_name.size() <= longest_socket_path;
}

/// The variable's path; relative ones are not valid (XDG Base Directory Specification) and count as
/// not set.
std::optional<fs::path> absolute_path(const std::map<std::string, std::string>& variables,
                                      const std::string& name) {
    const auto found = variables.find(name);
    if (found == variables.end() || !found->second.starts_with('/')) {
        return std::nullopt;
    }
    return fs::path(found->second).lexically_normal();
}

fs::path without_final_slash(const fs::path& path) {
    return path.has_filename() ? path : path.parent_path();
}

fs::path base_directory(const std::map<std::string, std::string>& variables, bool is_root) {
    if (const auto own = variables.find("CAISSON_STATE");
        own != variables.end() && !own->second.empty()) {
        return without_final_slash(fs::absolute(own->second).lexically_normal());
    }
    if (is_root) {
        return "/var/lib/caisson";
    }
    if (const auto state = absolute_path(variables, "XDG_STATE_HOME")) {
        return *state / "caisson";
    }
    const auto home = absolute_path(variables, "HOME");
    return (home ? *home : fs::path(current_account().home)) / ".local" / "state" / "caisson";
}

/// A short directory that belongs to this state alone.
fs::path short_directory(const fs::path& root, const std::map<std::string, std::string>& variables,
                         bool is_root) {
    const auto hash = sha256_hex(root.native()).substr(0, 12);
    if (is_root) {
        return fs::path("/run/caisson") / hash;
    }
    if (const auto run_time = absolute_path(variables, "XDG_RUNTIME_DIR")) {
        if (auto directory = *run_time / ("caisson-" + hash); holds_sockets(directory)) {
            return directory;
        }
    }
    return fmt::format("/tmp/caisson-{}-{}", ::geteuid(), hash);
}

}  // namespace

State state_of(const Manifest& manifest, const Environment& environment,
               const std::map<std::string, std::string>& variables, bool is_root) {
    State state;
    state.root = base_directory(variables, is_root) /
                 fmt::format("{}-{}-{}", manifest.name, environment.name,
                             sha256_hex(manifest.directory.native()).substr(0, 8));
    state.sockets = state.root / "run";
    if (!holds_sockets(state.sockets)) {
        state.sockets = short_directory(state.root, variables, is_root);
    }
    return state;
}

std::optional<Account> server_account() {
    if (::geteuid() != 0) {
        return std::nullopt;
    }
    auto account = find_account("caisson");
    if (!account) {
        throw Error(Code::account_missing,
                    "the system has no account \"caisson\"; expected one for private servers, "
                    "which never run as root");
    }
    return account;
}

}  // namespace caisson::platform

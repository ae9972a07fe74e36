// SPDX-License-Identifier: Apache-2.0
#include "trust/redis.h"

#include <fmt/format.h>

namespace caisson::trust {

std::optional<redis::Settings> redis_client(const Run& run) {
    const auto known = redis_settings(run);
    if (!known) {
        return std::nullopt;
    }
    redis::Settings settings;
    settings.socket = known->socket;
    settings.host = known->host;
    settings.port = known->port;
    settings.user = known->user;
    settings.password = known->password;
    settings.database = known->database;
    if (known->tls) {
        throw Error(
            Code::cannot_connect,
            fmt::format("Redis at {} asks for TLS, which Caisson does not speak to Redis yet",
                        settings.text()),
            "go through a local TLS tunnel, and name that in the manifest");
    }
    return settings;
}

std::string redis_name(const redis::Settings& settings) {
    const auto where = settings.socket.empty() ? fmt::format("{}:{}", settings.host, settings.port)
                                               : fs::path(settings.socket).filename().string();
    return fmt::format("{}/{}", where, settings.database);
}

}  // namespace caisson::trust

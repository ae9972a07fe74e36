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
        settings.tls = redis::Tls{known->tls_root, {}, known->verifies};
    }
    return settings;
}

std::string redis_name(const redis::Settings& settings) {
    const auto where = settings.socket.empty() ? fmt::format("{}:{}", settings.host, settings.port)
                                               : fs::path(settings.socket).filename().string();
    return fmt::format("{}/{}", where, settings.database);
}

}  // namespace caisson::trust

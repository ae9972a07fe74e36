// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/redis_program.h"

#include <fmt/format.h>

#include "base/error.h"

namespace caisson::backups {

Command redis_snapshot(const trust::RedisSettings& redis) {
    Command command;
    command.arguments = {"redis-cli"};
    const auto add = [&](const std::vector<std::string>& words) {
        command.arguments.insert(command.arguments.end(), words.begin(), words.end());
    };
    if (redis.socket.empty()) {
        add({"-h", redis.host, "-p", std::to_string(redis.port)});
    } else {
        add({"-s", redis.socket});
    }
    if (!redis.user.empty()) {
        add({"--user", redis.user});
    }
    if (redis.tls) {
        add({"--tls"});
        if (redis.socket.empty()) {
            add({"--sni", redis.host});
        }
        if (!redis.verifies) {
            add({"--insecure"});
        } else if (!redis.tls_root.empty()) {
            add({"--cacert", redis.tls_root});
        } else {
            throw Error(
                Code::usage,
                fmt::format("redis-cli cannot tell whether {} is the server that it "
                            "connects to: it takes any certificate that the system trusts",
                            redis.host),
                "name the server's own authority as tls_root of the environment's Redis, or "
                "leave Redis out of the sets: redis = false in [backups]");
        }
    }
    add({"--no-auth-warning", "--rdb", "-"});
    if (!redis.password.empty()) {
        command.environment["REDISCLI_AUTH"] = redis.password.reveal();
    }
    return command;
}

}  // namespace caisson::backups

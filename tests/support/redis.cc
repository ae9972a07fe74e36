// SPDX-License-Identifier: Apache-2.0
#include "tests/support/redis.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "drivers/redis/connection.h"

namespace caisson::test {

using namespace std::chrono_literals;

Redis& Redis::shared() {
    static Redis server;
    return server;
}

Redis::Redis()
    : directory_(fs::temp_directory_path() / fmt::format("caisson-redis-{}", ::getpid())) {
    make_directory(directory_, 0700);
    write_file(
        directory_ / "redis.conf",
        fmt::format("port 0\nunixsocket {0}/redis.sock\ndir {0}\nrequirepass test\nsave \"\"\n",
                    directory_.string()),
        0600);
    // The guard ends the server when this program is gone, even by kill -9.
    const auto guard = fmt::format(
        "redis-server {0}/redis.conf & while [ -d /proc/{1} ] && kill -0 $! 2>/dev/null; do sleep "
        "0.2; done; kill -KILL $!; wait; rm -rf {0}",
        directory_.string(), ::getpid());
    process_ = start({{"/bin/sh", "-c", guard}, {}, {}, {}, {}}, directory_ / "log");
    for (int attempt = 0;; ++attempt) {
        try {
            const redis::Connection connection(settings());
            return;
        } catch (const Error&) {
            if (attempt > 3000) {
                throw;
            }
            ::poll(nullptr, 0, 10);
        }
    }
}

Redis::~Redis() {
    try {
        redis::Connection(settings()).command({"SHUTDOWN", "NOSAVE"});
    } catch (const Error&) {
        // It ends without an answer; the guard removes what is left.
    }
    try {
        wait_until_gone(process_, 5s);
        remove_tree(directory_);
    } catch (const Error&) {
    }
}

redis::Settings Redis::settings() const {
    redis::Settings settings;
    settings.socket = directory_ / "redis.sock";
    settings.password = Secret("test");
    return settings;
}

}  // namespace caisson::test

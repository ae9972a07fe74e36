// SPDX-License-Identifier: Apache-2.0
// The other side of bench/cache: what hiredis alone needs for the same, and an application that
// feels it.
//   floor_redis SOCKET PASSWORD scan COUNT       raw SCAN loop; keys seen
//   floor_redis SOCKET PASSWORD ttl COUNT        the same with a pipelined PTTL for each key
//   floor_redis SOCKET PASSWORD client SECONDS   a GET every 0.2 ms until SIGTERM or the end:
//                                                "requests p50 p99 p99.9 max" in microseconds
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <hiredis/hiredis.h>

namespace {

volatile std::sig_atomic_t stopped = 0;

redisReply* checked(redisContext* redis, void* raw) {
    auto* const reply = static_cast<redisReply*>(raw);
    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        std::fprintf(stderr, "floor_redis: %s\n", reply ? reply->str : redis->errstr);
        std::exit(1);
    }
    return reply;
}

void scan(redisContext* redis, int count, bool with_ttl) {
    std::string cursor = "0";
    std::size_t keys = 0;
    std::size_t without_ttl = 0;
    do {
        auto* const reply =
            checked(redis, redisCommand(redis, "SCAN %s COUNT %d", cursor.c_str(), count));
        cursor = reply->element[0]->str;
        const auto& found = *reply->element[1];
        keys += found.elements;
        for (std::size_t i = 0; with_ttl && i < found.elements; ++i) {
            redisAppendCommand(redis, "PTTL %b", found.element[i]->str, found.element[i]->len);
        }
        for (std::size_t i = 0; with_ttl && i < found.elements; ++i) {
            void* raw = nullptr;
            redisGetReply(redis, &raw);
            auto* const ttl = checked(redis, raw);
            without_ttl += ttl->integer == -1 ? 1 : 0;
            freeReplyObject(ttl);
        }
        freeReplyObject(reply);
    } while (cursor != "0");
    std::printf("%zu %zu\n", keys, without_ttl);
}

void client(redisContext* redis, double seconds) {
    using clock = std::chrono::steady_clock;
    std::vector<double> taken;
    const auto end = clock::now() + std::chrono::duration<double>(seconds);
    for (unsigned i = 0; !stopped && clock::now() < end; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        const auto start = clock::now();
        freeReplyObject(
            checked(redis, redisCommand(redis, "GET session:%u", i * 2654435761U % 1000000U)));
        taken.push_back(std::chrono::duration<double, std::micro>(clock::now() - start).count());
    }
    std::sort(taken.begin(), taken.end());
    const auto at = [&](double share) {
        return taken.empty()
                   ? 0
                   : taken[static_cast<std::size_t>(share * static_cast<double>(taken.size() - 1))];
    };
    std::printf("%zu %.0f %.0f %.0f %.0f\n", taken.size(), at(0.5), at(0.99), at(0.999), at(1));
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) {
        return 2;
    }
    std::signal(SIGTERM, [](int) { stopped = 1; });
    auto* const redis = redisConnectUnix(arguments[1]);
    freeReplyObject(checked(redis, redisCommand(redis, "AUTH %s", arguments[2])));
    const std::string what = arguments[3];
    if (what == "client") {
        client(redis, std::atof(arguments[4]));
    } else {
        scan(redis, std::atoi(arguments[4]), what == "ttl");
    }
    redisFree(redis);
}

// SPDX-License-Identifier: Apache-2.0
// Hits in Redis through one redis::Client.
//   redis_hits SOCKET CALLERS SECONDS     "requests/s requests-a-write us-of-processor-a-request"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "drivers/redis/client.h"

namespace {

namespace asio = boost::asio;
namespace redis = caisson::redis;
using Clock = std::chrono::steady_clock;

asio::awaitable<void> call(redis::Client& client, unsigned seed, Clock::time_point end, int& left) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> pick(0, 99'999);
    while (Clock::now() < end) {
        redis::Command command{"GET"};
        char key[24];
        std::snprintf(key, sizeof key, "key:%012d", pick(random));
        command.emplace_back(key);
        const auto reply = co_await client.command(std::move(command));
        if (reply.value.size() != 100) {
            std::fprintf(stderr, "redis_hits: a miss\n");
            std::exit(1);
        }
    }
    if (--left == 0) {
        client.close();
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::fprintf(stderr, "redis_hits SOCKET CALLERS SECONDS\n");
        return 2;
    }
    asio::io_context io(1);
    redis::Settings settings;
    settings.socket = arguments[1];
    redis::Client client(io.get_executor(), settings);
    int callers = std::atoi(arguments[2]);
    const double seconds = std::atof(arguments[3]);
    const auto start = Clock::now();
    const auto end =
        start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    const auto processor = std::clock();
    int left = callers;
    for (int i = 0; i < callers; ++i) {
        asio::co_spawn(io, call(client, static_cast<unsigned>(i), end, left), asio::detached);
    }
    io.run();
    const auto stats = client.stats();
    const double taken = std::chrono::duration<double>(Clock::now() - start).count();
    const auto answered = static_cast<double>(stats.answered);
    std::printf("%.0f %.1f %.2f\n", answered / taken, answered / static_cast<double>(stats.writes),
                1e6 * static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC / answered);
}

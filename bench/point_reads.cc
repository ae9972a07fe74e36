// SPDX-License-Identifier: Apache-2.0
// Point reads by primary key over one connection: raw libpq, and a lane, in the same program.
//   point_reads DIRECTORY_OF_SOCKET USER DATABASE ROUNDS SECONDS
// prints "mode reads_per_second processor_microseconds_per_read" a line and round, the client's.
// The modes take turns, so that a busy moment of the machine meets all.
//   floor        libpq's pipeline, 64 in flight, a Sync each, one thread, poll()
//   lane         64 coroutines that each await one read after the other
//   lane_awake  the same, with LaneLimits::awake of 50 us
//   floor_16     libpq's pipeline, 1024 in flight, a Sync every 16
//   lane_16      one caller's batches, a Sync every 16
//   unpipelined  libpq, one read after the other
//   floor_session, lane_session, pool_session   the same with the session set in each request
#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/resource.h>

#include "drivers/pg/lane.h"
#include "drivers/pg/pool.h"

namespace {

namespace asio = boost::asio;
namespace pg = caisson::pg;
using Clock = std::chrono::steady_clock;

constexpr const char* sql = "select id, name from items where id = $1";
constexpr const char* session_sql =
    "select set_config('app.current_user_id', $1, true), set_config('role', $2, true), "
    "set_config('statement_timeout', $3, true)";
constexpr std::int64_t items = 100'000;

struct Place {
    std::string directory;
    std::string user;
    std::string database;
    pg::Settings settings() const {
        pg::Settings settings;
        settings.host = directory;
        settings.user = user;
        settings.database = database;
        return settings;
    }
};

/// The same numbers for everybody.
struct Numbers {
    std::uint64_t state = 88172645463325252U;
    std::int64_t next() {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        return static_cast<std::int64_t>(state % items);
    }
};

/// Of the last measurement, for what the processor spent on each.
std::uint64_t reads_done = 0;

double processor_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

[[noreturn]] void fail(const char* what, PGconn* connection = nullptr) {
    std::fprintf(stderr, "point_reads: %s: %s\n", what,
                 connection ? PQerrorMessage(connection) : "");
    std::exit(1);
}

class Raw {
 public:
    explicit Raw(const Place& place) {
        const std::array<const char*, 4> keys = {"host", "user", "dbname", nullptr};
        const std::array<const char*, 4> values = {place.directory.c_str(), place.user.c_str(),
                                                   place.database.c_str(), nullptr};
        connection_ = PQconnectdbParams(keys.data(), values.data(), 0);
        if (PQstatus(connection_) != CONNECTION_OK) {
            fail("connect", connection_);
        }
        PQclear(PQprepare(connection_, "read", sql, 0, nullptr));
        PQclear(PQprepare(connection_, "session", session_sql, 0, nullptr));
        PQsetnonblocking(connection_, 1);
    }
    Raw(const Raw&) = delete;
    Raw& operator=(const Raw&) = delete;
    ~Raw() { PQfinish(connection_); }

    double unpipelined(double seconds) {
        PQsetnonblocking(connection_, 0);
        const auto start = Clock::now();
        const auto end = start + std::chrono::duration<double>(seconds);
        std::uint64_t count = 0;
        while (Clock::now() < end) {
            const auto id = __builtin_bswap64(static_cast<std::uint64_t>(numbers_.next()));
            const char* value = reinterpret_cast<const char*>(&id);
            const int length = 8;
            const int format = 1;
            take(PQexecPrepared(connection_, "read", 1, &value, &length, &format, 1));
            ++count;
        }
        PQsetnonblocking(connection_, 1);
        return rate(count, start);
    }

    double pipelined(double seconds, int depth, int together, bool with_session) {
        PQenterPipelineMode(connection_);
        const auto start = Clock::now();
        const auto end = start + std::chrono::duration<double>(seconds);
        std::uint64_t count = 0;
        int in_flight = 0;
        bool is_over = false;
        while (true) {
            while (!is_over && in_flight < depth) {
                if (with_session) {
                    send_session();
                }
                for (int i = 0; i < together; ++i) {
                    send();
                }
                PQpipelineSync(connection_);
                in_flight += together;
            }
            if (in_flight == 0) {
                break;
            }
            const int unsent = PQflush(connection_);
            pollfd wait{PQsocket(connection_),
                        static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN), 0};
            ::poll(&wait, 1, -1);
            if (PQconsumeInput(connection_) == 0) {
                fail("read", connection_);
            }
            while (in_flight > 0 && PQisBusy(connection_) == 0) {
                PGresult* const result = PQgetResult(connection_);
                if (!result) {
                    continue;
                }
                if (PQresultStatus(result) == PGRES_TUPLES_OK && PQnfields(result) == 2) {
                    take(result);
                    ++count;
                } else if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
                    in_flight -= together;
                    PQclear(result);
                } else if (PQresultStatus(result) == PGRES_TUPLES_OK) {
                    PQclear(result);
                } else {
                    fail("result", connection_);
                }
            }
            is_over = is_over || Clock::now() >= end;
        }
        const double reads = rate(count, start);
        PQexitPipelineMode(connection_);
        return reads;
    }

 private:
    static double rate(std::uint64_t count, Clock::time_point start) {
        reads_done = count;
        return static_cast<double>(count) /
               std::chrono::duration<double>(Clock::now() - start).count();
    }
    void send() {
        const auto id = __builtin_bswap64(static_cast<std::uint64_t>(numbers_.next()));
        const char* value = reinterpret_cast<const char*>(&id);
        const int length = 8;
        const int format = 1;
        if (PQsendQueryPrepared(connection_, "read", 1, &value, &length, &format, 1) != 1) {
            fail("send", connection_);
        }
    }
    void send_session() {
        const std::array<const char*, 3> values = {"3d1a8e52", "none", "30000"};
        const std::array<int, 3> lengths = {8, 4, 5};
        const std::array<int, 3> formats = {1, 1, 1};
        if (PQsendQueryPrepared(connection_, "session", 3, values.data(), lengths.data(),
                                formats.data(), 1) != 1) {
            fail("send", connection_);
        }
    }
    void take(PGresult* result) {
        std::uint64_t id = 0;
        __builtin_memcpy(&id, PQgetvalue(result, 0, 0), sizeof id);
        sum_ += __builtin_bswap64(id) + static_cast<unsigned char>(*PQgetvalue(result, 0, 1));
        PQclear(result);
    }

    PGconn* connection_;
    Numbers numbers_;
    std::uint64_t sum_ = 0;
};

struct Run {
    Numbers numbers;
    std::uint64_t count = 0;
    std::uint64_t sum = 0;
    int left = 0;
    Clock::time_point end;
};

void take(Run& run, const pg::Rows& rows) {
    const auto row = rows.front();
    run.sum += static_cast<std::uint64_t>(row.get<std::int64_t>(0)) +
               static_cast<unsigned char>(row.get<std::string_view>(1).front());
    ++run.count;
}

/// How long a lane looks for more answers before its thread may sleep.
std::chrono::microseconds awake = pg::LaneLimits{}.awake;

asio::awaitable<pg::Lane> open(const Place& place, pg::Lane*) {
    pg::LaneLimits limits;
    limits.awake = awake;
    return pg::Lane::open(place.settings(), limits);
}
asio::awaitable<pg::Pool> open(const Place& place, pg::Pool*) {
    pg::PoolLimits limits;
    limits.min = 1;
    limits.max = 1;
    co_return pg::Pool(co_await asio::this_coro::executor, place.settings(), limits);
}

/// Callers until the time is over, on a thread of their own; `ask` gives a read of a source.
template <typename Source, typename Ask>
double callers(const Place& place, double seconds, Ask ask, int at_once = 64) {
    asio::io_context io(1);
    Run run;
    double reads = 0;
    const auto stop = [&io](const std::exception_ptr& failure) {
        if (failure) {
            io.stop();
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            const auto source =
                std::make_shared<Source>(co_await open(place, static_cast<Source*>(nullptr)));
            // The first read prepares the statement.
            co_await ask(*source, run);
            const auto start = Clock::now();
            run.count = 0;
            run.end = start + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(seconds));
            run.left = at_once;
            for (int i = 0; i < at_once; ++i) {
                asio::co_spawn(
                    io,
                    [&run, &ask, source]() -> asio::awaitable<void> {
                        while (Clock::now() < run.end) {
                            co_await ask(*source, run);
                        }
                    },
                    [&, source, start](const std::exception_ptr& failure) {
                        stop(failure);
                        if (--run.left == 0) {
                            reads_done = run.count;
                            reads = static_cast<double>(run.count) /
                                    std::chrono::duration<double>(Clock::now() - start).count();
                            io.stop();
                        }
                    });
            }
        },
        stop);
    io.run();
    return reads;
}

const pg::Statement& statement() {
    static const pg::Statement read(sql);
    return read;
}

const pg::Session& session() {
    static const pg::Session user("3d1a8e52");
    return user;
}

asio::awaitable<void> read_plain(pg::Lane& lane, Run& run) {
    take(run, co_await lane.query(statement(), pg::Arguments(run.numbers.next())));
}

template <typename Source>
asio::awaitable<void> read_as_somebody(Source& source, Run& run) {
    take(run, co_await source.query(session(), statement(), pg::Arguments(run.numbers.next())));
}

asio::awaitable<void> read_batch(pg::Lane& lane, Run& run) {
    std::vector<pg::Query> queries;
    queries.reserve(1024);
    for (int i = 0; i < 1024; ++i) {
        queries.push_back({statement(), pg::Arguments(run.numbers.next())});
    }
    for (const auto& rows : co_await lane.batches(std::move(queries), 16)) {
        take(run, rows);
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 6) {
        return 2;
    }
    const Place place{arguments[1], arguments[2], arguments[3]};
    const int rounds = std::atoi(arguments[4]);
    const double seconds = std::atof(arguments[5]);
    const std::vector<std::pair<const char*, std::function<double()>>> modes = {
        {"floor", [&] { return Raw(place).pipelined(seconds, 64, 1, false); }},
        {"lane", [&] { return callers<pg::Lane>(place, seconds, read_plain); }},
        {"lane_awake",
         [&] {
             const auto before = std::exchange(awake, std::chrono::microseconds(50));
             const double reads = callers<pg::Lane>(place, seconds, read_plain);
             awake = before;
             return reads;
         }},
        {"floor_16", [&] { return Raw(place).pipelined(seconds, 1024, 16, false); }},
        {"lane_16", [&] { return callers<pg::Lane>(place, seconds, read_batch, 1); }},
        {"floor_session", [&] { return Raw(place).pipelined(seconds, 64, 1, true); }},
        {"lane_session",
         [&] { return callers<pg::Lane>(place, seconds, read_as_somebody<pg::Lane>); }},
        {"pool_session",
         [&] { return callers<pg::Pool>(place, seconds, read_as_somebody<pg::Pool>); }},
        {"unpipelined", [&] { return Raw(place).unpipelined(seconds); }},
    };
    for (int round = 0; round < rounds; ++round) {
        for (const auto& [name, measure] : modes) {
            const double before = processor_seconds();
            const double rate = measure();
            const double spent = processor_seconds() - before;
            std::printf("%s %.0f %.2f\n", name, rate,
                        1e6 * spent / static_cast<double>(reads_done));
            std::fflush(stdout);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
// A primary and its replicas: where requests go, and what a fail-over does to them.
#include <atomic>
#include <set>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "drivers/pg/connection.h"
#include "drivers/pg/router.h"
#include "tests/support/cluster.h"
#include "tests/support/coroutine.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using routing::Clock;
using routing::Host;
using std::chrono::milliseconds;

asio::awaitable<void> pause(milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

/// Until `holds`, for at most 20 s.
asio::awaitable<void> until(std::function<bool()> holds) {
    const auto end = Clock::now() + 20s;
    while (!holds()) {
        if (Clock::now() > end) {
            throw std::runtime_error("it did not come to hold");
        }
        co_await pause(5ms);
    }
}

class RouterTest : public testing::Test {
 protected:
    RouterTest() {
        Connection(primary_.settings())
            .script("create table entries (id int8 primary key, note text)");
        one_ = test::Cluster::replica_of(primary_);
        two_ = test::Cluster::replica_of(primary_);
    }

    static RouterLimits limits() {
        RouterLimits limits;
        limits.probe = 50ms;
        return limits;
    }
    std::vector<Settings> hosts() const {
        return {primary_.settings(), one_->settings(), two_->settings()};
    }
    /// Runs `body` once every host was seen.
    void with_router(std::function<asio::awaitable<void>(Router&)> body) {
        test::run([&]() -> asio::awaitable<void> {
            Router router(co_await asio::this_coro::executor, hosts(), limits());
            co_await until([&] {
                const auto stats = router.stats();
                return std::ranges::all_of(stats.hosts, [](const auto& host) {
                    return host.role == Host::Role::primary || host.behind.has_value();
                });
            });
            co_await body(router);
        });
    }

    test::Cluster primary_;
    std::unique_ptr<test::Cluster> one_;
    std::unique_ptr<test::Cluster> two_;
};

const Statement where("select current_setting('data_directory') as place");
const Statement count_entries("select count(*) as n from entries");
const Statement insert_entry("insert into entries values ($1, $2)");

asio::awaitable<std::string> place_of(Router& router, ReadOptions options) {
    const auto rows =
        co_await router.read(Session::nobody(), where, Arguments(), std::move(options));
    co_return rows.front().get<std::string>("place");
}

ReadOptions stale(Staleness staleness = {}) {
    ReadOptions options;
    options.staleness = staleness;
    return options;
}

TEST_F(RouterTest, ReadsWithAStalenessGoToReplicasAndAllOthersToThePrimary) {
    with_router([](Router& router) -> asio::awaitable<void> {
        std::set<std::string> fresh;
        std::set<std::string> old;
        for (int i = 0; i < 20; ++i) {
            fresh.insert(co_await place_of(router, {}));
            old.insert(co_await place_of(router, stale({.time = 5s, .bytes = 1 << 20})));
        }
        EXPECT_EQ(fresh.size(), 1U);
        EXPECT_EQ(old.size(), 2U);
        EXPECT_FALSE(old.contains(*fresh.begin()));
    });
}

TEST_F(RouterTest, WhoeverCarriesTheTokenOfAWriteReadsIt) {
    with_router([&](Router& router) -> asio::awaitable<void> {
        // Replay stands still at both, so that only the token leads to the primary.
        for (const auto* replica : {one_.get(), two_.get()}) {
            Connection(replica->settings()).query("select pg_wal_replay_pause()");
        }
        for (std::int64_t id = 1; id <= 10; ++id) {
            Arguments arguments(id, std::string("note"));
            co_await router.write(Session::nobody(), insert_entry, std::move(arguments));
            const auto carried = WriteToken::parse((co_await router.token()).text());
            auto options = stale();
            options.after = carried;
            const auto rows =
                co_await router.read(Session::nobody(), count_entries, Arguments(), options);
            EXPECT_EQ(rows.front().get<std::int64_t>("n"), id);
            const auto without =
                co_await router.read(Session::nobody(), count_entries, Arguments(), stale());
            EXPECT_EQ(without.front().get<std::int64_t>("n"), 0);
        }
        const auto token = co_await router.token();
        for (const auto* replica : {one_.get(), two_.get()}) {
            Connection(replica->settings()).query("select pg_wal_replay_resume()");
        }
        const auto before = router.stats().to_replicas;
        auto options = stale();
        options.after = token;
        while (router.stats().to_replicas == before) {  // Once they have it they answer, too.
            const auto rows =
                co_await router.read(Session::nobody(), count_entries, Arguments(), options);
            EXPECT_EQ(rows.front().get<std::int64_t>("n"), 10);
            co_await pause(5ms);
        }
    });
}

TEST_F(RouterTest, AReplicaThatFallsBehindItsBoundsIsLeftAlone) {
    with_router([&](Router& router) -> asio::awaitable<void> {
        const auto primary = co_await place_of(router, {});
        for (const auto* replica : {one_.get(), two_.get()}) {
            Connection(replica->settings()).query("select pg_wal_replay_pause()");
        }
        Arguments arguments(std::int64_t{1}, std::string(100'000, 'x'));
        co_await router.write(Session::nobody(), insert_entry, std::move(arguments));
        co_await pause(600ms);
        EXPECT_EQ(co_await place_of(router, stale({.time = 300ms})), primary);
        EXPECT_EQ(co_await place_of(router, stale({.bytes = 1})), primary);
        EXPECT_NE(co_await place_of(router, stale({.time = 1h})), primary);
    });
}

TEST_F(RouterTest, ReadsGoOnWhenAReplicaDies) {
    with_router([&](Router& router) -> asio::awaitable<void> {
        bool is_over = false;
        std::uint64_t right = 0;
        std::vector<asio::awaitable<void>> all;
        for (int i = 0; i < 10; ++i) {
            all.push_back(
                [](Router& to, bool& over, std::uint64_t& count) -> asio::awaitable<void> {
                    while (!over) {
                        co_await place_of(to, stale());  // What fails ends the test.
                        ++count;
                    }
                }(router, is_over, right));
        }
        all.push_back(
            [](test::Cluster& replica, bool& over, std::uint64_t& count) -> asio::awaitable<void> {
                co_await until([&] { return count > 200; });
                replica.kill();
                const auto before = count;
                co_await until([&] { return count > before + 500; });
                over = true;
            }(*one_, is_over, right));
        co_await test::all(std::move(all));
        EXPECT_EQ(router.stats().hosts[1].role, Host::Role::unreachable);
    });
}

/// Writes numbers one after the other, and keeps what the router said of each.
struct Ledger {
    std::set<std::int64_t> acknowledged;
    std::set<std::int64_t> unknown;  ///< Their fate is: they may have run.
    std::uint64_t refused = 0;
    std::uint64_t fatal = 0;
    bool is_over = false;
};

asio::awaitable<void> write_numbers(Router& router, Ledger& ledger, std::int64_t first) {
    for (auto id = first; !ledger.is_over; id += 10) {
        Arguments arguments(id, std::string("n"));
        try {
            co_await router.write(Session::nobody(), insert_entry, std::move(arguments));
            ledger.acknowledged.insert(id);
        } catch (const Unanswered& error) {
            error.may_have_run() ? void(ledger.unknown.insert(id)) : void(++ledger.refused);
        } catch (const DatabaseError&) {
            ++ledger.fatal;  // Above all a duplicate: it was sent twice.
        }
    }
}

TEST_F(RouterTest, AFailOverIsFollowedWithinAProbeAndNoWriteRunsTwice) {
    // What is acknowledged is on the replica, so that the fail-over itself loses nothing.
    {
        Connection admin(primary_.settings());
        admin.query("alter system set synchronous_standby_names = '1 (*)'");
        admin.query("select pg_reload_conf()");
        // Only the replica that will be promoted counts.
        two_->stop();
    }
    Ledger ledger;
    milliseconds outage{0};
    test::run([&]() -> asio::awaitable<void> {
        Router router(co_await asio::this_coro::executor, hosts(), limits());
        std::vector<asio::awaitable<void>> all;
        for (int i = 0; i < 10; ++i) {
            all.push_back(write_numbers(router, ledger, i));
        }
        all.push_back([](test::Cluster& primary, test::Cluster& replica, Router& to, Ledger& kept,
                         milliseconds& gap) -> asio::awaitable<void> {
            co_await until([&] { return kept.acknowledged.size() > 300; });
            primary.kill();
            std::atomic<bool> is_done{false};
            std::thread thread([&] {
                replica.promote();
                is_done = true;
            });
            co_await until([&] { return is_done.load(); });
            thread.join();
            const auto back = Clock::now();
            const auto before = kept.acknowledged.size();
            co_await until([&] { return kept.acknowledged.size() > before; });
            gap = std::chrono::duration_cast<milliseconds>(Clock::now() - back);
            co_await until([&] { return kept.acknowledged.size() > before + 300; });
            EXPECT_EQ(to.stats().fail_overs, 1U);
            kept.is_over = true;
        }(primary_, *one_, router, ledger, outage));
        co_await test::all(std::move(all));
    });
    EXPECT_EQ(ledger.fatal, 0U);
    std::set<std::int64_t> stored;
    Connection check(one_->settings());
    for (const auto row : check.query("select id from entries")) {
        stored.insert(row.integer("id"));
    }
    for (const auto id : ledger.acknowledged) {
        EXPECT_TRUE(stored.contains(id)) << id << " was acknowledged and is gone";
    }
    for (const auto id : stored) {
        EXPECT_TRUE(ledger.acknowledged.contains(id) || ledger.unknown.contains(id)) << id;
    }
    RecordProperty("outage_ms", static_cast<int>(outage.count()));
    EXPECT_LT(outage, 10s);  // It is recorded; a busy machine does not decide.
}

TEST_F(RouterTest, AnOldPrimaryThatComesBackGetsNothingMore) {
    with_router([&](Router& router) -> asio::awaitable<void> {
        primary_.pause();
        std::atomic<bool> is_done{false};
        std::thread thread([&] {
            one_->promote();
            is_done = true;
        });
        co_await until([&] { return is_done.load(); });
        thread.join();
        co_await until([&] { return router.stats().fail_overs == 1; });
        primary_.resume();
        co_await until([&] { return router.stats().hosts[0].role == Host::Role::primary; });
        for (std::int64_t id = 1; id <= 20; ++id) {
            Arguments arguments(id, std::string("new"));
            co_await router.write(Session::nobody(), insert_entry, std::move(arguments));
        }
        EXPECT_EQ(Connection(one_->settings()).query("select from entries").size(), 20U);
        EXPECT_EQ(Connection(primary_.settings()).query("select from entries").size(), 0U);
        EXPECT_EQ((co_await router.token()).timeline, 2U);
    });
}

TEST_F(RouterTest, APrimaryThatRefusesWritesSaysSoAtOnce) {
    Connection admin(primary_.settings());
    admin.query("alter system set default_transaction_read_only = on");
    admin.query("select pg_reload_conf()");
    with_router([](Router& router) -> asio::awaitable<void> {
        const auto start = Clock::now();
        std::string sqlstate;
        try {
            Arguments arguments(std::int64_t{1}, std::string("n"));
            co_await router.write(Session::nobody(), insert_entry, std::move(arguments));
        } catch (const DatabaseError& error) {
            sqlstate = error.sqlstate;
        }
        EXPECT_EQ(sqlstate, "25006");
        EXPECT_LT(Clock::now() - start, 10s);
    });
}

TEST_F(RouterTest, WithoutAPrimaryTheErrorSaysWhatIsKnownOfEachHost) {
    with_router([&](Router& router) -> asio::awaitable<void> {
        primary_.kill();
        std::string message;
        try {
            Arguments arguments(std::int64_t{1}, std::string("n"));
            co_await router.write(Session::nobody(), insert_entry, std::move(arguments),
                                  {.deadline = 600ms});
        } catch (const Unanswered& error) {
            message = error.message();
            EXPECT_FALSE(error.may_have_run());
        }
        EXPECT_NE(message.find("no primary"), std::string::npos) << message;
        EXPECT_NE(message.find("is a replica"), std::string::npos) << message;
        // Replicas go on answering whoever takes what they have.
        EXPECT_FALSE((co_await place_of(router, stale())).empty());
    });
}

}  // namespace
}  // namespace caisson::pg

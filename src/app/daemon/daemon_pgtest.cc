// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <future>
#include <thread>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "app/daemon/daemon.h"
#include "base/clock.h"
#include "base/error.h"
#include "drivers/http/client.h"
#include "drivers/pg/quote.h"
#include "tests/support/postgres.h"
#include "tests/support/raw_client.h"

namespace caisson::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class DaemonTest : public testing::Test {
 protected:
    Parts parts() {
        Parts parts;
        parts.platform = "lumina";
        parts.title = "Lumina & friends";
        parts.environment = "test";
        parts.version = "1.2.3";
        parts.token = directory_.path() / "api-token";
        parts.health = {"/api/ai/health"};
        auto& database = parts.databases.emplace_back();
        database.name = "compliance_db";
        database.settings = database_.settings();
        database.migrations = [this](pg::Connection& link) {
            const auto row = link.query("select 2 as applied").front();
            return MigrationState{static_cast<std::size_t>(row.integer("applied")), pending_,
                                  "002"};
        };
        parts.redis = {{"redis", [this] {
                            if (redis_is_away_) {
                                throw Error(Code::cannot_connect, "redis at secret.host is away");
                            }
                        }}};
        return parts;
    }

    static http::Response ask(const Daemon& daemon, const std::string& target,
                              http::Headers headers = {}, const std::string& method = "GET") {
        http::Call call;
        call.method = method;
        call.port = daemon.ready().port;
        call.target = target;
        call.headers = std::move(headers);
        call.limit = 30s;
        return http::send(call);
    }
    static boost::json::object health(const Daemon& daemon) {
        return boost::json::parse(ask(daemon, "/health").body).as_object();
    }
    /// Asks until /health has this status, and gives its body.
    static std::string await_status(const Daemon& daemon, int status) {
        const Stopwatch watch;
        while (watch.elapsed() < 20s) {
            auto response = ask(daemon, "/api/v1/health");
            if (response.status == status) {
                return response.body;
            }
            ::poll(nullptr, 0, 20);
        }
        return "never";
    }
    /// Takes the database away as far as clients can tell, or gives it back.
    void set_reachable(bool reachable) {
        pg::Connection admin(test::Postgres::shared().settings());
        admin.query(fmt::format("alter database {} allow_connections {}",
                                pg::identifier(database_.name()), reachable));
        if (!reachable) {
            admin.query(
                "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = $1",
                {database_.name()});
        }
    }

    test::Database database_;
    test::Directory directory_;
    std::atomic<bool> redis_is_away_{false};
    std::size_t pending_ = 0;
};

TEST_F(DaemonTest, HealthTellsOfEverythingItDependsOn) {
    const Daemon daemon(parts());
    for (const auto* path : {"/health", "/api/v1/health"}) {
        const auto response = ask(daemon, path, {{"X-Request-Id", "trace-1"}});
        ASSERT_EQ(response.status, 200) << response.body;
        EXPECT_EQ(http::find_header(response.headers, "X-Request-Id"), "trace-1");
        EXPECT_EQ(http::find_header(response.headers, "Cache-Control"), "no-store");
        const auto body = boost::json::parse(response.body).as_object();
        EXPECT_EQ(body.at("status"), "healthy");
        EXPECT_EQ(body.at("database"), "connected");
        EXPECT_EQ(body.at("redis"), "connected");
        EXPECT_EQ(body.at("databases").at(0).at("name"), "compliance_db");
        EXPECT_GT(body.at("databases").at(0).at("latency_ms").as_double(), 0);
        EXPECT_EQ(body.at("migrations").at(0).at("applied"), 2);
        EXPECT_GE(body.at("pool").at("size").as_int64(), 1);
        EXPECT_EQ(body.at("pool").at("max"), 4);
        EXPECT_EQ(body.at("request_id"), "trace-1");
    }
    EXPECT_EQ(ask(daemon, "/livez").status, 200);
    EXPECT_EQ(ask(daemon, "/readyz").status, 200);
}

TEST_F(DaemonTest, FurtherPathsAnswerAsHealthDoes) {
    const Daemon daemon(parts());
    const auto response = ask(daemon, "/api/ai/health");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(boost::json::parse(response.body).at("database").as_string(), "connected");
    auto taken = parts();
    taken.health = {
        "/metrics"};  // Answered without a token it would tell what is nobody's business.
    EXPECT_THROW(Daemon{std::move(taken)}, Error);
}

TEST_F(DaemonTest, DatabaseMetricsAreTheDatabasesOwnAndUnknownIsNotZero) {
    auto with_another = parts();
    with_another.databases.push_back(with_another.databases.front());
    with_another.databases.back().name = "away";
    with_another.databases.back().monitor = database_.settings();
    with_another.databases.back().monitor.database = "nowhere";
    const Daemon daemon(std::move(with_another));
    const auto body = boost::json::parse(ask(daemon, "/v1/database/metrics").body);
    const auto& first = body.at("databases").as_array().at(0).as_object();
    EXPECT_EQ(first.at("name").as_string(), "compliance_db");
    EXPECT_GT(first.at("size_bytes").as_int64(), 1'000'000);
    EXPECT_GT(first.at("connections").at("max").as_int64(), 0);
    EXPECT_GE(first.at("transactions").at("committed").as_int64(), 1);
    const auto& second = body.at("databases").as_array().at(1).as_object();
    EXPECT_EQ(second.at("status").as_string(), "unreachable");
    EXPECT_FALSE(second.contains("size_bytes"));
}

TEST_F(DaemonTest, WithoutItsDatabaseItIs503AndComesBackByItself) {
    const Daemon daemon(parts());
    await_status(daemon, 200);
    set_reachable(false);
    const auto away = await_status(daemon, 503);
    EXPECT_THAT(away, HasSubstr("\"database\":\"unreachable\""));
    EXPECT_THAT(away, HasSubstr("\"state\":\"unknown\""));
    EXPECT_EQ(ask(daemon, "/readyz").status, 503);
    EXPECT_EQ(ask(daemon, "/livez").status, 200);
    set_reachable(true);
    EXPECT_THAT(await_status(daemon, 200), HasSubstr("\"database\":\"connected\""));
}

TEST_F(DaemonTest, HealthIsRightSoon) {
    const Daemon daemon(parts());
    await_status(daemon, 200);
    set_reachable(false);
    const Stopwatch watch;
    await_status(daemon, 503);
    std::printf(
        "unhealthy after %lld ms\n",
        static_cast<long long>(
            std::chrono::duration_cast<std::chrono::milliseconds>(watch.elapsed()).count()));
    // The quarter, a probe, and what a busy machine may add.
    EXPECT_LT(watch.elapsed(), 20s);
    set_reachable(true);
}

TEST_F(DaemonTest, WithoutRedisItIsDegradedAndNamesNoHost) {
    const Daemon daemon(parts());
    redis_is_away_ = true;
    std::string body;
    const Stopwatch watch;
    while (body.find("degraded") == std::string::npos && watch.elapsed() < 10s) {
        const auto response = ask(daemon, "/health");
        EXPECT_EQ(response.status, 200);
        body = response.body;
    }
    EXPECT_THAT(body, HasSubstr("\"redis\":\"unreachable\""));
    EXPECT_THAT(body, Not(HasSubstr("secret.host")));
}

TEST_F(DaemonTest, OnLoopbackNobodyIsAskedForAToken) {
    const Daemon daemon(parts());
    EXPECT_FALSE(daemon.ready().asks_token);
    EXPECT_EQ(ask(daemon, "/metrics").status, 200);
    EXPECT_TRUE(fs::exists(directory_.path() / "api-token"));
}

TEST_F(DaemonTest, BeyondLoopbackEverythingButHealthAsksForTheToken) {
    auto open = parts();
    open.always_ask_token = true;
    const Daemon daemon(open);
    EXPECT_TRUE(daemon.ready().asks_token);
    for (const auto* path : {"/livez", "/readyz", "/health", "/api/v1/health"}) {
        EXPECT_EQ(ask(daemon, path).status, 200) << path;
    }
    for (const auto* path : {"/", "/metrics", "/api/v1/verification", "/nothing"}) {
        const auto response = ask(daemon, path);
        EXPECT_EQ(response.status, 401) << path;
        EXPECT_THAT(std::string(*http::find_header(response.headers, "WWW-Authenticate")),
                    HasSubstr("Bearer"));
    }
    EXPECT_EQ(ask(daemon, "/metrics", {{"Authorization", "Bearer wrong"}}).status, 401);
    auto token = read_file(open.token);
    token.pop_back();
    EXPECT_EQ(ask(daemon, "/metrics", {{"Authorization", "Bearer " + token}}).status, 200);
}

TEST_F(DaemonTest, BeyondLoopbackWithoutAPlaceForTheTokenItDoesNotStart) {
    auto open = parts();
    open.listen = "0.0.0.0";
    open.token.clear();
    EXPECT_THROW(Daemon{open}, Error);
}

TEST_F(DaemonTest, VerificationsRunOneAtATimeAndAreRemembered) {
    std::promise<void> begun;
    std::promise<void> door;
    auto given = parts();
    given.verify = [&] {
        begun.set_value();
        door.get_future().wait();
        return Verification{"{\"passed\":15}", 15, 15, "2026-03-03T08:00:00.000Z"};
    };
    const Daemon daemon(given);
    EXPECT_EQ(ask(daemon, "/api/v1/verification").status, 404);
    auto first = std::async(std::launch::async,
                            [&] { return ask(daemon, "/api/v1/verification", {}, "POST"); });
    begun.get_future().wait();
    const auto second = ask(daemon, "/api/v1/verification", {}, "POST");
    EXPECT_EQ(second.status, 409);
    EXPECT_THAT(second.body, HasSubstr("urn:caisson:error:locked"));
    door.set_value();
    EXPECT_EQ(first.get().body, "{\"passed\":15}");
    EXPECT_EQ(ask(daemon, "/api/v1/verification").body, "{\"passed\":15}");
    EXPECT_THAT(ask(daemon, "/metrics").body,
                HasSubstr("caisson_verifications_total{outcome=\"passed\"} 1\n"));
}

TEST_F(DaemonTest, WhatAVerificationThrowsIsAProblem) {
    auto given = parts();
    given.verify = []() -> Verification {
        throw Error(Code::cannot_connect, "the server is away");
    };
    const Daemon daemon(given);
    const auto response = ask(daemon, "/api/v1/verification", {}, "POST");
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.body, HasSubstr("the server is away"));
    const auto foreign =
        ask(daemon, "/api/v1/verification", {{"Origin", "http://evil.example"}}, "POST");
    EXPECT_EQ(foreign.status, 403);
}

TEST_F(DaemonTest, TheReportOfAnotherProcessIsShown) {
    auto given = parts();
    given.last_verification = [] {
        return std::optional(
            Verification{"{\"by\":\"verify\"}", 14, 15, "2026-03-03T08:00:00.000Z"});
    };
    const Daemon daemon(given);
    EXPECT_EQ(ask(daemon, "/api/v1/verification").body, "{\"by\":\"verify\"}");
    EXPECT_EQ(health(daemon).at("verification").at("status"), "failed");
}

TEST_F(DaemonTest, TheStatusPageShowsTheState) {
    const Daemon daemon(parts());
    await_status(daemon, 200);
    const auto page = ask(daemon, "/");
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr("<h1>Lumina &amp; friends</h1>"));
    EXPECT_THAT(page.body, HasSubstr("database compliance_db: connected"));
}

TEST_F(DaemonTest, FiguresTellOfRequestsProbesAndThePool) {
    auto given = parts();
    given.supervision.restarts = [] { return std::uint64_t{4}; };
    const Daemon daemon(given);
    ask(daemon, "/health");
    ask(daemon, "/no/such/path");
    const auto text = ask(daemon, "/metrics").body;
    for (const auto* line :
         {"caisson_http_requests_total{method=\"GET\",route=\"/health\",status=\"200\"} 1\n",
          "caisson_http_requests_total{method=\"GET\",route=\"other\",status=\"404\"} 1\n",
          "caisson_http_request_duration_seconds_count{route=\"/health\"} 1\n",
          "caisson_up{kind=\"database\",name=\"compliance_db\"} 1\n",
          "caisson_up{kind=\"redis\",name=\"redis\"} 1\n",
          "caisson_migrations_applied{database=\"compliance_db\"} 2\n",
          "caisson_pool_connections{database=\"compliance_db\",state=\"in_use\"} 0\n",
          "caisson_pool_connections{database=\"compliance_db\",state=\"max\"} 4\n",
          "caisson_server_restarts_total 4\n", "caisson_http_requests_in_flight 1\n",
          "version=\"1.2.3\"", "process_resident_memory_bytes "}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
}

TEST_F(DaemonTest, OpenMetricsNamesARequestOfEachBucket) {
    auto given = parts();
    given.more_metrics = [] { return "# HELP pg_x X\n# TYPE pg_x counter\npg_x 1\n"; };
    const Daemon daemon(given);
    ask(daemon, "/livez", {{"X-Request-Id", "the-one"}});
    const auto open = ask(daemon, "/metrics", {{"Accept", "application/openmetrics-text"}});
    EXPECT_EQ(http::find_header(open.headers, "Content-Type"),
              "application/openmetrics-text; version=1.0.0; charset=utf-8");
    EXPECT_THAT(open.body, HasSubstr("# {request_id=\"the-one\"} "));
    EXPECT_THAT(open.body, HasSubstr("# TYPE caisson_http_requests counter\n"));
    EXPECT_THAT(open.body, HasSubstr("# TYPE pg_x unknown\n"));
    EXPECT_TRUE(open.body.ends_with("# EOF\n"));
    EXPECT_THAT(ask(daemon, "/metrics").body, Not(HasSubstr("the-one")));
}

TEST_F(DaemonTest, EveryFigureOfThePoolIsTold) {
    auto given = parts();
    given.databases.front().pool.max = 1;
    const Daemon daemon(given);
    ask(daemon, "/health");
    const auto text = ask(daemon, "/metrics").body;
    const auto told = [&](const std::string& name, const std::string& value) {
        EXPECT_THAT(text,
                    HasSubstr("caisson_pool_" + name + "{database=\"compliance_db\"} " + value));
    };
    for (const auto* name : {"alone", "opening", "in_flight", "waiting", "waiting_alone",
                             "not_opened_total", "broken_total", "unused_total", "retired_total",
                             "timeouts_total", "refused_total", "moved_total", "run_again_total"}) {
        told(name, "0\n");
    }
    told("opened_total", "1\n");
    told("answered_total", "");
    told("prepares_total", "");
    const auto body = boost::json::parse(ask(daemon, "/v1/database/metrics").body);
    const auto& pool = body.at("databases").at(0).at("pool");
    EXPECT_EQ(pool.at("size").as_int64(), 1);
    EXPECT_EQ(pool.at("opened").as_int64(), 1);
    EXPECT_EQ(pool.at("broken").as_int64(), 0);
}

TEST_F(DaemonTest, ManyWhoAskAtOnceAreAnsweredFromOneProbe) {
    const Daemon daemon(parts());
    std::vector<std::unique_ptr<test::RawClient>> clients;
    for (int i = 0; i < 100; ++i) {
        clients.push_back(std::make_unique<test::RawClient>(daemon.ready().port));
        clients.back()->say("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    for (const auto& client : clients) {
        EXPECT_THAT(client->hear_until("request_id", 20s), HasSubstr("\"database\":\"connected\""));
    }
}

TEST_F(DaemonTest, SupervisionRunsAsLongAsTheDaemon) {
    int running = 0;
    auto given = parts();
    given.supervision = {[&] { ++running; }, [&] { --running; }, {}};
    {
        Daemon daemon(given);
        EXPECT_EQ(running, 1);
        EXPECT_TRUE(daemon.stop());
    }
    EXPECT_EQ(running, 0);
}

TEST_F(DaemonTest, ATakenPortIsAnErrorBeforeAnythingIsStarted) {
    const Daemon first(parts());
    auto second = parts();
    bool started = false;
    second.port = first.ready().port;
    second.supervision.start = [&] { started = true; };
    try {
        const Daemon refused(second);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::port_taken);
    }
    EXPECT_FALSE(started);
}

}  // namespace
}  // namespace caisson::daemon

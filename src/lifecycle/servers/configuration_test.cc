// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "lifecycle/servers/server_log.h"

namespace caisson::servers {
namespace {

using testing::HasSubstr;
using testing::Not;

trust::Run run_with(const std::map<std::string, std::string>& postgres,
                    const std::map<std::string, std::string>& redis = {}) {
    trust::Run run;
    run.manifest.name = "lumina";
    run.manifest.server.postgres = postgres;
    run.manifest.server.redis = redis;
    run.state.root = "/state";
    run.state.sockets = "/state/with, comma/run";
    return run;
}

TEST(PostgresConfiguration, ValuesCannotLeaveTheirQuotes) {
    const auto text = postgres_configuration(run_with({{"search_path", "a'b\\c\nport = 1"}}), {});
    EXPECT_THAT(text, HasSubstr("search_path = 'a''b\\\\c\\nport = 1'\n"));
    EXPECT_THAT(text, HasSubstr("unix_socket_directories = '\"/state/with, comma/run\"'\n"));
}

TEST(PostgresConfiguration, OnlyAPortOpensLoopback) {
    auto run = run_with({});
    EXPECT_THAT(postgres_configuration(run, {}), HasSubstr("listen_addresses = ''\n"));
    run.manifest.server.postgres_port = 5433;
    const auto text = postgres_configuration(run, {});
    EXPECT_THAT(text, HasSubstr("listen_addresses = '127.0.0.1"));
    EXPECT_THAT(text, HasSubstr("port = '5433'"));
}

TEST(PostgresConfiguration, AccessIsByScramAndBeyondTheSocketByTlsAlone) {
    for (const auto& line : split(access_rules(), '\n')) {
        if (!line.empty() && line[0] != '#') {
            EXPECT_THAT(line, HasSubstr("scram-sha-256"));
            EXPECT_TRUE(line.starts_with("local ") || line.starts_with("hostssl ")) << line;
        }
    }
}

TEST(RedisConfiguration, ValuesCannotBecomeLines) {
    const auto text = redis_configuration(
        run_with({},
                 {{"save", "900 1 300 10"}, {"notify-keyspace-events", ""}, {"x", "a\nport 1"}}),
        Secret("pass word\"#"));
    EXPECT_THAT(text, HasSubstr("\nsave 900 1 300 10\n"));
    EXPECT_THAT(text, HasSubstr("\nnotify-keyspace-events \"\"\n"));
    EXPECT_THAT(text, HasSubstr("\nx \"a\\x0aport\" 1\n"));
    EXPECT_THAT(text, HasSubstr("\nrequirepass \"pass word\\\"#\"\n"));
    EXPECT_THAT(text, HasSubstr("\nport 0\n"));
}

TEST(ServerLog, TheLastWordsAreTheReason) {
    EXPECT_EQ(last_words("2026-11-21 03:00:00 UTC [1] LOG:  starting\n"
                         "2026-11-21 03:00:00 UTC [1] FATAL:  could not map memory\n"
                         "2026-11-21 03:00:00 UTC [1] HINT:  reduce shared_buffers\n"
                         "2026-11-21 03:00:00 UTC [1] LOG:  database system is shut down\n"),
              "FATAL: could not map memory; HINT: reduce shared_buffers");
    EXPECT_EQ(last_words("12:M 21 Nov 2026 03:00:00.000 # Bad file format\n\n"), "Bad file format");
    EXPECT_EQ(last_words(""), "");
}

TEST(ServerLog, TheCauseDecidesTheKindOfError) {
    const auto code = [](const std::string& words) {
        return failure_of("PostgreSQL", "did not start", words, "/log").code();
    };
    EXPECT_EQ(code("FATAL: could not write: No space left on device"), Code::disk_full);
    EXPECT_EQ(code("FATAL: could not create any TCP/IP sockets"), Code::port_taken);
    EXPECT_EQ(code("FATAL: x: Permission denied"), Code::state_unusable);
    EXPECT_EQ(code("FATAL: something else"), Code::server_failed);
}

}  // namespace
}  // namespace caisson::servers

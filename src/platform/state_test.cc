// SPDX-License-Identifier: Apache-2.0
#include "platform/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/crypto.h"

namespace caisson::platform {
namespace {

using testing::StartsWith;
using Values = std::map<std::string, std::string>;

State state(const Values& variables, bool is_root,
            const std::string& directory = "/srv/platforms/lumina") {
    Manifest manifest;
    manifest.name = "lumina";
    manifest.directory = directory;
    Environment environment;
    environment.name = "local";
    return state_of(manifest, environment, variables, is_root);
}

const std::string key = "lumina-local-" + sha256_hex("/srv/platforms/lumina").substr(0, 8);

TEST(State, LiesWhereTheVariablesSay) {
    EXPECT_EQ(state({{"CAISSON_STATE", "/s"}, {"HOME", "/h"}}, true).root, fs::path("/s") / key);
    EXPECT_EQ(state({{"CAISSON_STATE", "/s/"}}, false).root, fs::path("/s") / key);
    EXPECT_EQ(state({{"HOME", "/root"}, {"XDG_STATE_HOME", "/x"}}, true).root,
              fs::path("/var/lib/caisson") / key);
    EXPECT_EQ(state({{"HOME", "/h"}, {"XDG_STATE_HOME", "/x"}}, false).root,
              fs::path("/x/caisson") / key);
    EXPECT_EQ(state({{"HOME", "/h"}}, false).root, fs::path("/h/.local/state/caisson") / key);
    EXPECT_EQ(state({{"HOME", "/h"}, {"XDG_STATE_HOME", "relative"}}, false).root,
              fs::path("/h/.local/state/caisson") / key);
    EXPECT_EQ(state({{"HOME", "/h"}, {"CAISSON_STATE", ""}}, false).root,
              fs::path("/h/.local/state/caisson") / key);
    EXPECT_TRUE(state({{"CAISSON_STATE", "here"}}, false).root.is_absolute());
    EXPECT_TRUE(state({}, false).root.is_absolute());
}

TEST(State, OfTwoCopiesOfAPlatformIsNotTheSame) {
    EXPECT_NE(state({{"CAISSON_STATE", "/s"}}, true, "/a").root,
              state({{"CAISSON_STATE", "/s"}}, true, "/b").root);
}

TEST(State, PathsLieBelowItsRoot) {
    const auto each = state({{"CAISSON_STATE", "/s"}}, true);
    for (const auto& path :
         {each.sockets, each.postgres_data(), each.postgres_log(), each.redis_socket(),
          each.redis_log(), each.passfile(), each.redis_password(), each.api_token(),
          each.daemon_log(), each.daemon_record(), each.verification(), each.lock()}) {
        EXPECT_THAT(path.string(), StartsWith(each.root.string() + "/"));
    }
}

TEST(State, SocketsFitIntoWhatTheKernelAllowsHoweverLongTheRootIs) {
    const std::string name = "/.s.PGSQL.65535.lock";
    for (std::size_t length = 1; length < 300; ++length) {
        const auto base = "/" + std::string(length, 'x');
        for (const bool is_root : {false, true}) {
            for (const auto& run_time : {std::string(), std::string("/run/user/1000"), base}) {
                const auto each =
                    state({{"CAISSON_STATE", base}, {"XDG_RUNTIME_DIR", run_time}}, is_root);
                ASSERT_LE((each.sockets.string() + name).size(), 107U) << length;
                const bool would_fit = ((each.root / "run").string() + name).size() <= 107;
                ASSERT_EQ(each.sockets == each.root / "run", would_fit) << length;
            }
        }
    }
}

TEST(State, ShortDirectoriesBelongToOneStateEach) {
    const auto base = "/" + std::string(200, 'x');
    const auto user = state({{"CAISSON_STATE", base}, {"XDG_RUNTIME_DIR", "/run/user/7"}}, false);
    EXPECT_THAT(user.sockets.string(), StartsWith("/run/user/7/caisson-"));
    EXPECT_NE(
        user.sockets,
        state({{"CAISSON_STATE", base + "y"}, {"XDG_RUNTIME_DIR", "/run/user/7"}}, false).sockets);
    EXPECT_THAT(state({{"CAISSON_STATE", base}}, true).sockets.string(),
                StartsWith("/run/caisson/"));
    EXPECT_THAT(state({{"CAISSON_STATE", base}}, false).sockets.string(),
                StartsWith("/tmp/caisson-" + std::to_string(::geteuid()) + "-"));
}

TEST(State, ServersRunAsAnAccountOfTheirOwnOnlyFromRoot) {
    if (::geteuid() != 0) {
        EXPECT_FALSE(server_account());
    } else if (find_account("caisson")) {
        EXPECT_EQ(server_account()->name, "caisson");
        EXPECT_NE(server_account()->user, 0U);
    } else {
        EXPECT_THROW(server_account(), Error);
    }
}

}  // namespace
}  // namespace caisson::platform

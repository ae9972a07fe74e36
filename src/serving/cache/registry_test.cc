// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/registry.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;

platform::CacheKey declared(std::string pattern, bool is_shared = false) {
    platform::CacheKey key;
    key.pattern = std::move(pattern);
    key.ttl = 60s;
    key.is_shared = is_shared;
    return key;
}

TEST(Registry, TheSessionIsInTheKey) {
    const Registry registry({declared("business:{tenant}:{role}:{id}")});
    const pg::Session anna("anna", "app");
    const auto key = registry.key(anna, "business:{tenant}:{role}:{id}", {"42"});
    EXPECT_EQ(key.name(), "business:anna:app:42");
    EXPECT_EQ(key.session().user(), "anna");
    EXPECT_EQ(
        registry.key(pg::Session("bob", "app"), "business:{tenant}:{role}:{id}", {"42"}).name(),
        "business:bob:app:42");
    EXPECT_EQ(registry.key(pg::Session("anna"), "business:{tenant}:{role}:{id}", {"42"}).name(),
              "business:anna:%:42");
}

TEST(Registry, ASharedKeyIsLoadedAsNobody) {
    const Registry registry({declared("rates:{currency}", true)});
    const auto key = registry.key(pg::Session("anna", "app"), "rates:{currency}", {"EUR"});
    EXPECT_EQ(key.name(), "rates:EUR");
    EXPECT_EQ(key.session().user(), "");
    EXPECT_EQ(key.session().role(), "");
}

TEST(Registry, APatternThatCouldMixTenantsIsRefused) {
    const Registry registry({declared("business:{id}"), declared("business:{tenant}:{id}")});
    for (const char* pattern : {"business:{id}", "business:{tenant}:{id}", "busines:{id}"}) {
        try {
            registry.key(pg::Session("anna"), pattern, {"42"});
            FAIL() << pattern;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::usage);
        }
    }
}

TEST(Registry, AWrongNumberOfValuesIsRefused) {
    const Registry registry({declared("a:{tenant}:{role}:{x}:{y}")});
    for (const auto& values :
         {std::vector<std::string>{"1"}, std::vector<std::string>{"1", "2", "3"}}) {
        EXPECT_THROW(registry.key(pg::Session("anna"), "a:{tenant}:{role}:{x}:{y}", values), Error);
    }
}

/// Users, roles and values of the bytes that mean something in a key: equal names only for equal
/// everything.
TEST(Registry, DifferentSessionsAndValuesHaveDifferentNames) {
    const Registry registry({declared("a:{tenant}:{role}:{x}:{y}")});
    std::mt19937 random(1);
    const auto any = [&] {
        std::string text;
        for (auto left = random() % 4; left > 0; --left) {
            text += ":%{}a3 \n"[random() % 8];
        }
        return text;
    };
    std::map<std::string, std::vector<std::string>> seen;
    for (int i = 0; i < 50'000; ++i) {
        const std::vector<std::string> all = {"u" + any(), any(), any(), any()};
        const auto name =
            registry.key(pg::Session(all[0], all[1]), "a:{tenant}:{role}:{x}:{y}", {all[2], all[3]})
                .name();
        const auto [found, is_new] = seen.emplace(name, all);
        EXPECT_EQ(found->second, all);
    }
}

TEST(Registry, TagsNameTheTablesAndTheRows) {
    auto key = declared("a:{tenant}:{role}:{id}");
    key.tables = {{"rates", "", ""}, {"kyb.businesses", "id", "id"}};
    const Registry registry({key});
    EXPECT_EQ(
        registry.key(pg::Session("anna"), key.pattern, {"4:2"}).tags(),
        (std::vector<std::string>{"any|rates", "all|kyb.businesses", "row|kyb.businesses|id|4:2"}));
}

}  // namespace
}  // namespace caisson::cache

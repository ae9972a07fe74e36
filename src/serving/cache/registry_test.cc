// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/registry.h"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"
#include "serving/cache/marks.h"

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
    const Registry registry({declared("business:{tenant}:{role}:{id}")}, "login");
    const pg::Session anna("anna", "app");
    const auto key = registry.key(anna, "business:{tenant}:{role}:{id}", {"42"});
    EXPECT_EQ(key.name(), "business:anna:app:42");
    EXPECT_EQ(key.session().user(), "anna");
    EXPECT_EQ(
        registry.key(pg::Session("bob", "app"), "business:{tenant}:{role}:{id}", {"42"}).name(),
        "business:bob:app:42");
    EXPECT_EQ(registry.key(pg::Session("anna"), "business:{tenant}:{role}:{id}", {"42"}).name(),
              "business:anna:login:42");
}

TEST(Registry, ASharedKeyIsLoadedAsNobody) {
    const Registry registry({declared("rates:{currency}", true)}, "login");
    const auto key = registry.key(pg::Session("anna", "app"), "rates:{currency}", {"EUR"});
    EXPECT_EQ(key.name(), "rates:EUR");
    EXPECT_EQ(key.session().user(), "");
    EXPECT_EQ(key.session().role(), "");
}

TEST(Registry, APatternThatCouldMixTenantsIsRefused) {
    const Registry registry({declared("business:{id}"), declared("business:{tenant}:{id}"),
                             declared("business:{tenant}:{role}-{id}")},
                            "login");
    for (const char* pattern : {"business:{id}", "business:{tenant}:{id}", "busines:{id}",
                                "business:{tenant}:{role}-{id}"}) {
        try {
            registry.key(pg::Session("anna"), pattern, {"42"});
            FAIL() << pattern;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::usage);
        }
    }
}

TEST(Registry, AWrongNumberOfValuesIsRefused) {
    const Registry registry({declared("a:{tenant}:{role}:{x}:{y}")}, "login");
    for (const auto& values :
         {std::vector<std::string>{"1"}, std::vector<std::string>{"1", "2", "3"}}) {
        EXPECT_THROW(registry.key(pg::Session("anna"), "a:{tenant}:{role}:{x}:{y}", values), Error);
    }
}

/// Users, roles and values of the bytes that mean something in a key: equal names only for equal
/// everything.
TEST(Registry, DifferentSessionsAndValuesHaveDifferentNames) {
    const Registry registry({declared("a:{tenant}:{role}:{x}:{y}")}, "login");
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
    const Registry registry({key}, "login");
    EXPECT_EQ(
        registry.key(pg::Session("anna"), key.pattern, {"4:2"}).tags(),
        (std::vector<std::string>{"any|rates", "all|kyb.businesses", "row|kyb.businesses|id|4:2"}));
}

/// A trigger tells rows as PostgreSQL writes their values; a caller writes them as it likes.
TEST(Registry, AValueHasTheTagThatItsRowIsToldBy) {
    auto key = declared("a:{tenant}:{role}:{id}");
    key.tables = {{"t", "id", "id"}};
    const Registry registry({key}, "login");
    const auto has = [&](const std::string& value, const std::string& row) {
        const auto tags = registry.key(pg::Session("anna"), key.pattern, {value}).tags();
        return std::ranges::find(tags, row_tag("t", "id", row)) != tags.end();
    };
    EXPECT_TRUE(has("042", "42"));
    EXPECT_TRUE(has("042", "042"));  // Of a column of text.
    EXPECT_TRUE(has(" +7\n", "7"));
    EXPECT_TRUE(has("-0", "0"));
    EXPECT_TRUE(has("0x1_F", "31"));
    EXPECT_TRUE(has("-9223372036854775808", "-9223372036854775808"));
    const std::string uuid = "0a0b0c0d-1e1f-4000-8000-00000000ffee";
    EXPECT_TRUE(has("0A0B0C0D-1E1F-4000-8000-00000000FFEE", uuid));
    EXPECT_TRUE(has("{0a0b0c0d-1e1f-4000-8000-00000000ffee}", uuid));
    EXPECT_TRUE(has("0a0b-0c0d1e1f4000-80000000-0000ffee", uuid));
    EXPECT_EQ(canonical_value("0a0b0c0d-1e1f-4000-8000-00000000ffe"),
              "0a0b0c0d-1e1f-4000-8000-00000000ffe");
    EXPECT_EQ(canonical_value("Zürich"), "Zürich");
    EXPECT_EQ(canonical_value(""), "");
    // Texts that differ have names that differ, whatever they would mean as numbers.
    EXPECT_NE(registry.key(pg::Session("anna"), key.pattern, {"042"}).name(),
              registry.key(pg::Session("anna"), key.pattern, {"42"}).name());
}

TEST(Registry, ALoginIsAPartOfKeysOfSessionsWithoutARole) {
    const auto of = [](const std::string& login) {
        return Registry({declared("a:{tenant}:{role}"), declared("b:{x}", true)}, login);
    };
    const auto first = of("app_reader");
    const auto second = of("app_service");
    const auto key = [](const Registry& registry, const std::string& role = {}) {
        return registry.key(pg::Session("anna", role), "a:{tenant}:{role}", {});
    };
    EXPECT_EQ(key(first).name(), "a:anna:app_reader");
    EXPECT_EQ(key(second).name(), "a:anna:app_service");
    EXPECT_EQ(key(first, "x").name(), key(second, "x").name());
    // A shared one has no place for it in its name, and is told apart by what is sealed.
    EXPECT_NE(first.key(pg::Session("anna"), "b:{x}", {"1"}).identity(),
              second.key(pg::Session("anna"), "b:{x}", {"1"}).identity());
    EXPECT_THROW(of(""), Error);
}

TEST(Registry, KeysOfTwoPatternsWithOneNameAreToldApart) {
    const Registry registry({declared("a:{x}", true), declared("{x}:{y}", true)}, "login");
    const auto one = registry.key(pg::Session("anna"), "a:{x}", {"1"});
    const auto other = registry.key(pg::Session("anna"), "{x}:{y}", {"a", "1"});
    EXPECT_EQ(one.name(), other.name());
    EXPECT_NE(one.local_name(), other.local_name());
    EXPECT_NE(one.identity(), other.identity());
    EXPECT_EQ(one.identity(), registry.key(pg::Session("bob"), "a:{x}", {"1"}).identity());
}

TEST(Registry, ValuesMustNotRunIntoEachOther) {
    const auto is_fine = [](const char* pattern) {
        return is_unambiguous(platform::parse_key_pattern(pattern));
    };
    EXPECT_TRUE(is_fine("a:{x}:{y}"));
    EXPECT_TRUE(is_fine("{x}b:c{y}"));
    EXPECT_TRUE(is_fine("a-{x}"));
    EXPECT_FALSE(is_fine("a:{x}-{y}"));
    EXPECT_FALSE(is_fine("a:{x}:{y}b{z*}"));
}

}  // namespace
}  // namespace caisson::cache

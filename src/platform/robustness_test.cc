// SPDX-License-Identifier: Apache-2.0
/// Whatever is read, the parsers end with values or with mistakes that have a place; they never
/// crash or hang.
#include <random>

#include <gtest/gtest.h>

#include "base/text.h"
#include "platform/environment.h"
#include "platform/grants.h"
#include "platform/platform.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

/// Cuts, doubles, swaps and overwrites: a text as it is half-way through being edited, or damaged.
class Mutator {
 public:
    explicit Mutator(unsigned seed) : random_(seed) {}

    std::string mutated(std::string text) {
        const auto times = 1 + below(4);
        for (std::size_t i = 0; i < times && !text.empty(); ++i) {
            const auto at = below(text.size());
            const auto length = 1 + below(std::min<std::size_t>(text.size() - at, 40));
            switch (below(5)) {
                case 0:
                    text.erase(at, length);
                    break;
                case 1:
                    text.insert(below(text.size()), text.substr(at, length));
                    break;
                case 2:
                    text[at] = static_cast<char>(below(256));
                    break;
                case 3:
                    text[at] = interesting[below(interesting.size())];
                    break;
                default:
                    text.insert(at, 1, interesting[below(interesting.size())]);
            }
        }
        return text;
    }

 private:
    std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

    static constexpr std::string_view interesting = "\"'[]{}=.,#\n\\${}%@:/?-0";
    std::mt19937 random_;
};

TEST(Robustness, DamagedManifestsGiveMistakesWithPlaces) {
    Mutator mutator(20260303);
    const std::string sound = manifest_example();
    std::size_t with_mistakes = 0;
    for (int i = 0; i < 4000; ++i) {
        const auto text = mutator.mutated(sound);
        const auto parsed = parse(text, "/nowhere");
        with_mistakes += parsed.mistakes.empty() ? 0U : 1U;
        for (const auto& mistake : parsed.mistakes) {
            ASSERT_GT(mistake.place.line, 0U) << mistake.message << "\n" << text;
            ASSERT_GT(mistake.place.column, 0U) << mistake.message << "\n" << text;
            ASSERT_FALSE(mistake.message.empty());
        }
    }
    EXPECT_GT(with_mistakes, 1000U);
}

TEST(Robustness, ManifestsCutAnywhereAreReadOrRefused) {
    const std::string sound = manifest_example();
    for (std::size_t end = 0; end < sound.size(); ++end) {
        const auto parsed = parse(sound.substr(0, end), "/nowhere");
        EXPECT_TRUE(!parsed.mistakes.empty() || !parsed.manifest.databases.empty());
    }
}

TEST(Robustness, DeepNestingIsRefusedAndDoesNotExhaustTheStack) {
    for (const std::string opening : {"[", "{a="}) {
        std::string text = "x = ";
        for (int i = 0; i < 100'000; ++i) {
            text += opening;
        }
        EXPECT_FALSE(parse(text, "/nowhere").mistakes.empty());
    }
    std::string dotted = "a";
    for (int i = 0; i < 100'000; ++i) {
        dotted += i % 50 == 0 ? ".\"\n\"" : ".a";
    }
    EXPECT_FALSE(parse(dotted + " = 1", "/nowhere").mistakes.empty());
}

TEST(Robustness, DamagedUrlsEnvFilesAndGrantsAreReadOrRefused) {
    Mutator mutator(7);
    for (int i = 0; i < 20'000; ++i) {
        try {
            parse_url(
                mutator.mutated(
                    "postgresql://us%20er:p%40ss@[::1]:5432/data?sslmode=require&host=/run/x#f"),
                {});
        } catch (const Error& error) {
            ASSERT_EQ(error.code(), Code::variable_invalid);
        }
        try {
            parse_env_file(
                mutator.mutated("# c\nexport A=\"b\\n c\" # d\nE='f\ng'\nH=i # j\r\nK=\n"));
        } catch (const Error& error) {
            ASSERT_EQ(error.code(), Code::variable_invalid);
        }
        std::string why;
        parse_grant(
            mutator.mutated("select (a, \"b\"), update on table \"x\".y, z(text, numeric(1,2))"),
            why);
        parse_duration(mutator.mutated("1h30m 5.5s"));
        parse_bytes(mutator.mutated("1.5 GiB"));
    }
}

}  // namespace
}  // namespace caisson::platform

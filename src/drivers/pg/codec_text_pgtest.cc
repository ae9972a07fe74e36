// SPDX-License-Identifier: Apache-2.0
// Random values go to the server in binary and come back in binary and in text, as the server
// itself writes them: both are read as the same value.
#include <limits>
#include <random>
#include <tuple>

#include <gtest/gtest.h>

#include "drivers/pg/arguments.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/rows.h"
#include "drivers/pg/statement.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

using std::chrono::microseconds;

constexpr int rounds = 100;
/// A column beside the value that is never sent in binary: then none is.
constexpr std::string_view in_text = ", 'a'::tsquery as beside";

/// What there is of each kind, at random, with ends and oddities more often than they occur.
class Random {
 public:
    bool chance(int one_in) { return number<int>(1, one_in) == 1; }
    template <typename T>
    T number(T least, T most) {
        return std::uniform_int_distribution<T>(least, most)(engine_);
    }
    template <typename T>
    T integer() {
        using Limits = std::numeric_limits<T>;
        if (chance(8)) {
            return chance(2) ? Limits::min() : Limits::max();
        }
        return chance(3) ? number<T>(-3, 3) : number<T>(Limits::min(), Limits::max());
    }
    std::string string() {
        static const std::vector<std::string> pieces = {
            "\"",   "\\",   ",",  ";",  "{", "}", "(", ")", "[", "]", " ",
            "NULL", "null", "\n", "\t", "a", "b", "=", ":", "-", "'", "h\xc3\xa9"};
        std::string text;
        for (auto size = number<int>(0, 6); size > 0; --size) {
            text += pieces[number<std::size_t>(0, pieces.size() - 1)];
        }
        return text;
    }
    Interval interval() {
        return {chance(3) ? 0 : integer<std::int32_t>(), chance(3) ? 0 : integer<std::int32_t>(),
                microseconds(chance(3) ? 0 : integer<std::int64_t>())};
    }
    Timestamp timestamp() {
        if (chance(8)) {
            return chance(2) ? Timestamp::min() : Timestamp::max();
        }
        // From 4713 BC to 294246, or of this century.
        return chance(2) ? Timestamp(microseconds(number<std::int64_t>(-210'000'000'000'000'000,
                                                                       9'223'371'000'000'000'000)))
                         : Timestamp(microseconds(number<std::int64_t>(0, 4'000'000'000'000'000)));
    }
    Date date() {
        if (chance(8)) {
            return chance(2) ? Date::min() : Date::max();
        }
        return Date(std::chrono::days(chance(2) ? number<int>(-2'440'588, 2'145'042'905)
                                                : number<int>(-1'000'000, 100'000)));
    }
    Numeric numeric() {
        return Numeric(std::to_string(integer<std::int64_t>()) + (chance(2) ? ".5" : ""));
    }
    template <typename Make>
    auto optional(Make make) {
        using T = decltype(make());
        return chance(4) ? std::optional<T>() : std::optional<T>(make());
    }
    template <typename Make>
    auto list(Make make, int least = 0) {
        std::vector<decltype(make())> values;
        for (auto size = number<int>(least, 5); size > 0; --size) {
            values.push_back(make());
        }
        return values;
    }
    template <typename Make>
    auto range(Make make) {
        using T = decltype(make());
        Range<T> range(optional(make), optional(make), chance(2), chance(2));
        if (range.lower && range.upper && *range.upper < *range.lower) {
            std::swap(range.lower, range.upper);
        }
        return range;
    }

 private:
    std::mt19937_64 engine_{20'261'126};
};

class CodecTextTest : public testing::Test {
 protected:
    CodecTextTest() : connection_(settings()) {}

    /// One value, asked for in both formats. `expression` takes it as $1.
    template <typename T>
    void comes_the_same(const std::string& expression, const Arguments& arguments) {
        const auto binary = connection_.fetch("select " + expression + " as value", arguments);
        const auto text = connection_.fetch(
            "select " + expression + " as value" + std::string(in_text), arguments);
        ASSERT_TRUE(binary.field(0, 0).binary) << expression;
        ASSERT_FALSE(text.field(0, 0).binary) << expression;
        EXPECT_EQ(text.front().template get<T>("value"), binary.front().template get<T>("value"))
            << expression << ": " << text.field(0, 0).bytes;
    }
    /// As comes_the_same(), and the value is the one that was sent.
    template <typename T>
    void returns(const std::string& type, const T& value) {
        const std::string expression = "$1::" + type;
        comes_the_same<std::optional<T>>(expression, Arguments(value));
        const auto text = connection_.fetch(
            "select " + expression + " as value" + std::string(in_text), Arguments(value));
        EXPECT_EQ(text.front().template get<T>("value"), value)
            << type << ": " << text.field(0, 0).bytes;
    }
    Settings settings() const {
        auto settings = database_.settings();
        // Its offset had seconds once: +05:53:28.
        settings.session["timezone"] = "Asia/Kolkata";
        return settings;
    }
    test::Database database_;
    Connection connection_;
    Random random_;
};

TEST_F(CodecTextTest, ArraysOfEveryKind) {
    for (int i = 0; i < rounds; ++i) {
        const auto integer = [&] { return random_.integer<std::int64_t>(); };
        const auto string = [&] { return random_.string(); };
        returns("int8[]", random_.list(integer));
        returns("text[]", random_.list(string));
        returns("text[]", random_.list([&] { return random_.optional(string); }));
        returns("bytea[]", random_.list([&] { return Bytes(random_.string()); }));
        returns("bool[]",
                random_.list([&] { return random_.optional([&] { return random_.chance(2); }); }));
        returns("float8[]", random_.list([&] { return static_cast<double>(integer()) / 3; }));
        returns("float4[]", random_.list([&] { return static_cast<float>(integer()) / 3; }));
        returns("numeric[]", random_.list([&] { return random_.numeric(); }));
        returns("date[]", random_.list([&] { return random_.date(); }));
        returns("timestamptz[]", random_.list([&] { return random_.timestamp(); }));
        returns("interval[]", random_.list([&] { return random_.interval(); }));
    }
}

TEST_F(CodecTextTest, ArraysOfTwoDimensionsAndArraysThatBeginElsewhere) {
    using Strings = std::vector<std::optional<std::string>>;
    for (int i = 0; i < rounds; ++i) {
        const auto string = [&] { return random_.optional([&] { return random_.string(); }); };
        const auto first = random_.list(string, 1);
        Strings second;
        for (std::size_t j = 0; j < first.size(); ++j) {
            second.push_back(string());
        }
        comes_the_same<std::vector<Strings>>("array[$1::text[], $2::text[]]",
                                             Arguments(first, second));
        const auto both = connection_.fetch("select array[$1::text[], $2::text[]] as value",
                                            Arguments(first, second));
        EXPECT_EQ(both.front().get<std::vector<Strings>>("value"),
                  (std::vector<Strings>{first, second}));
        EXPECT_THROW(both.front().get<Strings>("value"), Error);
        comes_the_same<std::vector<std::vector<Strings>>>("array[[$1::text[]], [$2::text[]]]",
                                                          Arguments(first, second));
        const auto moved =
            "('[-2:' || cardinality($1::text[]) - 3 || ']=' || $1::text[]::text)::text[]";
        comes_the_same<Strings>(moved, Arguments(first));
    }
}

TEST_F(CodecTextTest, BoxesAndLabelsInArrays) {
    connection_.query("create type mood as enum ('fine', 'so, so', 'a \"b\"')");
    const auto rows = connection_.fetch(
        "select array['(1,1),(0,0)'::box, null] as boxes, array['so, so', null, 'a \"b\"']::mood[] "
        "as moods",
        Arguments());
    using Strings = std::vector<std::optional<std::string>>;
    EXPECT_FALSE(rows.field(0, 0).binary);
    EXPECT_EQ(rows.front().get<Strings>("boxes"), (Strings{"(1,1),(0,0)", std::nullopt}));
    EXPECT_EQ(rows.front().get<Strings>("moods"), (Strings{"so, so", std::nullopt, "a \"b\""}));
}

TEST_F(CodecTextTest, RangesOfEveryKind) {
    for (int i = 0; i < rounds; ++i) {
        const auto comes = [&]<typename T>(const std::string& type, const Range<T>& range) {
            comes_the_same<Range<T>>("$1::" + type, Arguments(range));
        };
        // The largest cannot be made exclusive.
        comes("int4range",
              random_.range([&] { return random_.number<std::int32_t>(-9, 1'000'000); }));
        comes("int8range", random_.range([&] {
            return random_.number<std::int64_t>(-9, std::int64_t{1} << 60U);
        }));
        comes("tstzrange", random_.range([&] { return random_.timestamp(); }));
        comes("daterange", random_.range([&] {
            return Date(std::chrono::days(random_.number<int>(-1'000'000, 1'000'000)));
        }));
        const auto least = random_.number<std::int64_t>(-99, 99);
        const Range<Numeric> numbers(Numeric(std::to_string(least) + ".25"),
                                     Numeric(std::to_string(least + 7)), random_.chance(2),
                                     random_.chance(2));
        returns("numrange", numbers);
    }
    comes_the_same<Range<std::int64_t>>("$1::int8range", Arguments(Range<std::int64_t>(5, 5)));
}

TEST_F(CodecTextTest, CompositesWithAllOfThemInside) {
    using Whole = std::tuple<std::optional<std::int32_t>, std::optional<std::string>, Interval,
                             std::vector<std::optional<std::string>>, Range<Timestamp>,
                             std::tuple<std::string, std::vector<std::int64_t>>>;
    for (int i = 0; i < rounds; ++i) {
        const auto string = [&] { return random_.string(); };
        const auto number = random_.optional([&] { return random_.integer<std::int32_t>(); });
        const auto words = random_.optional(string);
        const auto interval = random_.interval();
        const auto list = random_.list([&] { return random_.optional(string); });
        const auto range = random_.range([&] { return random_.timestamp(); });
        const auto inner = random_.string();
        const auto numbers = random_.list([&] { return random_.integer<std::int64_t>(); });
        comes_the_same<Whole>(
            "row($1::int4, $2::text, $3::interval, $4::text[], $5::tstzrange, row($6::text, "
            "$7::int8[]))",
            Arguments(number, words, interval, list, range, inner, numbers));
    }
}

TEST_F(CodecTextTest, IntervalsUnderEveryStyle) {
    for (const std::string style : {"postgres", "postgres_verbose", "sql_standard", "iso_8601"}) {
        connection_.query("set intervalstyle = " + style);
        for (int i = 0; i < 3 * rounds; ++i) {
            const auto interval = random_.interval();
            returns("interval", interval);
            // Sent as text, too, it is the same.
            const auto read =
                connection_.fetch("select $1::text::interval as value", Arguments(interval));
            EXPECT_EQ(read.front().get<Interval>("value"), interval) << style;
        }
    }
}

TEST_F(CodecTextTest, WhatIsSentWhereTheServerTakesTextIsReadAsItWas) {
    for (int i = 0; i < rounds; ++i) {
        const auto goes = [&]<typename T>(const std::string& type, const T& value) {
            const auto rows =
                connection_.fetch("select $1::text::" + type + " = $2::" + type + " as same",
                                  Arguments(value, value));
            EXPECT_TRUE(rows.front().get<bool>("same")) << type;
        };
        goes("date", random_.date());
        goes("timestamptz", random_.timestamp());
        goes("tstzrange", random_.range([&] { return random_.timestamp(); }));
        goes("daterange", random_.range([&] {
            return Date(std::chrono::days(random_.number<int>(-1'000'000, 1'000'000)));
        }));
        goes("int8range", random_.range([&] {
            return random_.number<std::int64_t>(-9, std::int64_t{1} << 60U);
        }));
        goes("text[]",
             random_.list([&] { return random_.optional([&] { return random_.string(); }); }));
    }
}

}  // namespace
}  // namespace caisson::pg

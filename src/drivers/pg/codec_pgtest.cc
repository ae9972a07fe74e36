// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gtest/gtest.h>

#include "drivers/pg/lane.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// An initializer list beside a co_await is too much for g++ 12.
template <typename T, typename... Values>
std::vector<T> list(Values... values) {
    return {T(values)...};
}

/// A value goes to the server and comes back, and the server reads the same that we wrote.
class CodecServerTest : public testing::Test {
 protected:
    /// Not a coroutine: g++ 12 destroys some temporaries beside a co_await twice.
    template <typename T>
    void returns(const std::string& type, const T& value, const std::string& text) {
        const std::string sql =
            "select $1::" + type + " as value, ($1::" + type + ")::text as written";
        test::run([&]() -> asio::awaitable<void> {
            auto lane = co_await Lane::open(settings());
            const auto rows = co_await lane.query(sql, Arguments(value));
            EXPECT_EQ(rows.front().template get<T>("value"), value) << type << ' ' << text;
            EXPECT_EQ(rows.front().template get<std::string>("written"), text) << type;
            EXPECT_TRUE(rows.field(0, 0).binary) << type;
        });
    }
    Settings settings() const {
        auto settings = database_.settings();
        settings.session["timezone"] = "UTC";
        return settings;
    }
    test::Database database_;
};

TEST_F(CodecServerTest, EveryTypeGoesThereAndComesBack) {
    returns("bool", true, "true");
    returns("int2", std::int16_t{-32768}, "-32768");
    returns("int4", std::numeric_limits<std::int32_t>::min(), "-2147483648");
    returns("int8", std::numeric_limits<std::int64_t>::max(), "9223372036854775807");
    returns("float4", 1.5F, "1.5");
    returns("float8", 0.1, "0.1");
    returns("text", std::string("h\xc3\xa9 \"quoted\" \\"), "h\xc3\xa9 \"quoted\" \\");
    returns("varchar", std::string("v"), "v");
    returns("bytea", Bytes{std::string("\0\1\xff", 3)}, "\\x0001ff");
    returns("uuid", Uuid::from("3d1a8e52-0b7c-4f1e-9a55-0123456789ab"),
            "3d1a8e52-0b7c-4f1e-9a55-0123456789ab");
    const auto day = std::chrono::sys_days(std::chrono::year(2026) / 11 / 26);
    returns("timestamptz", Timestamp(day + 14h + 5min + 6s + 789us),
            "2026-11-26 14:05:06.000789+00");
    returns("timestamptz", Timestamp::max(), "infinity");
    returns("timestamptz", Timestamp::min(), "-infinity");
    returns("timestamp", Timestamp(day), "2026-11-26 00:00:00");
    returns("date", day, "2026-11-26");
    returns("date", Date(std::chrono::sys_days(std::chrono::year(1970) / 1 / 1)), "1970-01-01");
    returns("time", Time{23h + 59min + 1us}, "23:59:00.000001");
    returns("interval", Interval{14, 3, 4h + 5us}, "1 year 2 mons 3 days 04:00:00.000005");
    returns("jsonb", Json{R"({"a": [1, 2]})"}, R"({"a": [1, 2]})");
    returns("json", Json{R"({"a":1})"}, R"({"a":1})");
    returns("inet", Inet{"10.1.2.3"}, "10.1.2.3/32");
    returns("inet", Inet{"2001:db8::/32"}, "2001:db8::/32");
    returns("cidr", Inet{"10.1.0.0/16"}, "10.1.0.0/16");
    returns("int8[]", list<std::int64_t>(1, -2, 3), "{1,-2,3}");
    returns("text[]", list<std::string>("a", "", "b c", "\"q\""), R"({a,"","b c","\"q\""})");
    returns("text[]", list<std::optional<std::string>>("a", std::nullopt), "{a,NULL}");
    returns("uuid[]", list<Uuid>(), "{}");
    returns("numeric[]", list<Numeric>(Numeric{"1.10"}, Numeric{"2"}), "{1.10,2}");
    returns("int8range", Range<std::int64_t>{1, 5}, "[1,5)");
    returns("int8range", Range<std::int64_t>{std::nullopt, 5, false}, "(,5)");
    Range<std::int64_t> empty;
    empty.is_empty = true;
    empty.includes_lower = false;
    returns("int8range", empty, "empty");
    returns("tstzrange", Range<Timestamp>{day, std::nullopt}, "[\"2026-11-26 00:00:00+00\",)");
}

TEST_F(CodecServerTest, NumericsAreWhatTheServerSays) {
    const auto numbers = list<std::string>(
        "0", "-0.5", "12.50", "0.0001", "0.000010", "99999999", "10000", "100000000",
        "123456789012345678901234567890.123456789", "NaN", "Infinity", "-Infinity", "0.00");
    for (const auto& digits : numbers) {
        returns("numeric", Numeric{digits}, digits);
    }
    test::run([&]() -> asio::awaitable<void> {
        auto lane = co_await Lane::open(settings());
        const auto rows = co_await lane.query(
            "select (random() * 10 ^ (i % 40 - 20))::numeric(60, 25) as n, i from "
            "generate_series(1, 2000) as i");
        for (const auto row : rows) {
            const auto number = row.get<Numeric>("n");
            const auto same =
                co_await lane.query("select $1::numeric::text as t", Arguments(number));
            EXPECT_EQ(same.front().get<std::string>("t"), number.digits);
        }
    });
}

TEST_F(CodecServerTest, CompositesAreTuplesEnumsAreLabelsAndOtherTypesComeAsText) {
    test::run([&]() -> asio::awaitable<void> {
        auto lane = co_await Lane::open(database_.settings());
        const auto rows = co_await lane.query("select row(1::int4, 'two'::text, null::bool) as r");
        const auto [one, two, three] =
            rows.front().get<std::tuple<std::int32_t, std::string, std::optional<bool>>>("r");
        EXPECT_EQ(one, 1);
        EXPECT_EQ(two, "two");
        EXPECT_EQ(three, std::nullopt);

        co_await lane.query("create type mood as enum ('fine', 'bad')");
        const auto moods = co_await lane.query(
            "select $1::mood as mood, 42::int8 as n, "
            "'2026-11-26'::date as d",
            Arguments("fine"));
        EXPECT_EQ(moods.front().get<std::string>("mood"), "fine");
        EXPECT_EQ(moods.front().get<std::int64_t>("n"), 42);
        EXPECT_EQ(moods.front().get<Date>("d"),
                  std::chrono::sys_days(std::chrono::year(2026) / 11 / 26));
        EXPECT_TRUE(moods.field(0, 1).binary);

        co_await lane.query("create type pair as (n int4, m mood)");
        const auto pairs = co_await lane.query(
            "select row(7, 'bad')::pair as p, array['fine', 'bad']::mood[] as moods");
        EXPECT_EQ((pairs.front().get<std::tuple<std::int32_t, std::string>>("p")),
                  std::tuple(7, std::string("bad")));
        EXPECT_EQ(pairs.front().get<std::vector<std::string>>("moods"),
                  (std::vector<std::string>{"fine", "bad"}));

        const auto searched = co_await lane.query("select 'a & b'::tsquery as q, 42::int8 as n");
        EXPECT_EQ(searched.front().get<std::string>("q"), "'a' & 'b'");
        EXPECT_EQ(searched.front().get<std::int64_t>("n"), 42);
    });
}

TEST_F(CodecServerTest, AValueNeedNotHaveTheTypeThatTheServerExpects) {
    test::run([&]() -> asio::awaitable<void> {
        auto lane = co_await Lane::open(database_.settings());
        co_await lane.query(
            "create table t (small int2, big int8, exact numeric, ratio float8, id uuid, tags "
            "varchar[], at timestamptz, doc jsonb)");
        co_await lane.query(
            "insert into t values ($1, $2, $3, $4, $5, $6, $7, $8)",
            Arguments(std::int64_t{7}, 8, 9, 10, "3d1a8e52-0b7c-4f1e-9a55-0123456789ab",
                      list<std::string>("a", "b, \"c\""), "2026-11-26T00:00:00Z", R"({"a": 1})"));
        const auto rows = co_await lane.query("select * from t");
        EXPECT_EQ(rows.front().get<std::int16_t>("small"), 7);
        EXPECT_EQ(rows.front().get<Numeric>("exact").digits, "9");
        EXPECT_EQ(rows.front().get<double>("ratio"), 10.0);
        EXPECT_EQ(rows.front().get<std::vector<std::string>>("tags"),
                  (std::vector<std::string>{"a", "b, \"c\""}));
        EXPECT_EQ(rows.front().get<Json>("doc").text, R"({"a": 1})");
    });
}

}  // namespace
}  // namespace caisson::pg

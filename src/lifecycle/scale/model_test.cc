// SPDX-License-Identifier: Apache-2.0
// What each maker makes, of files as people write them.
#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "lifecycle/scale/making_test.h"

namespace caisson::scale {
namespace {

using Texts = std::vector<std::string>;

/// A table t of so many rows with these columns.
std::string table(const std::string& columns, int rows = 1000) {
    return "[tables.t]\nrows = " + std::to_string(rows) + "\n[tables.t.columns]\n" + columns;
}

std::size_t distinct(const Texts& texts) { return std::set(texts.begin(), texts.end()).size(); }

double share(const Texts& texts, const std::string& text) {
    return static_cast<double>(std::count(texts.begin(), texts.end(), text)) /
           static_cast<double>(texts.size());
}

void all_match(const Texts& texts, const std::string& pattern) {
    const std::regex expected(pattern);
    for (const auto& text : texts) {
        EXPECT_TRUE(std::regex_match(text, expected)) << text;
    }
}

TEST(Makers, SequencesConstantsAndUuidsAreWhatTheyAreCalled) {
    const Making making(
        table("a = 'sequence'\nb = { make = 'sequence', from = 100, step = -10 }\n"
              "c = 7\nd = { make = 'value', of = 'x' }\nid = 'uuid'\n"));
    EXPECT_EQ(making.texts("t", "a", 3), (Texts{"1", "2", "3"}));
    EXPECT_EQ(making.texts("t", "b", 3), (Texts{"100", "90", "80"}));
    EXPECT_EQ(making.text("t", "c", 999), "7");
    EXPECT_EQ(making.text("t", "d", 5), "x");
    const auto ids = making.texts("t", "id");
    EXPECT_EQ(distinct(ids), 1000U);
    all_match(ids, "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
}

TEST(Makers, ChoicesFollowTheirWeights) {
    const Making making(
        table("a = { make = 'choice', of = { yes = 3, no = 1, never = 0 } }\n"
              "b = { make = 'choice', of = [1, 2, { make = 'sequence' }], weights = [1, 1, 0] }\n"
              "c = { make = 'boolean', share = 0.2 }\n",
              20000));
    const auto a = making.texts("t", "a");
    EXPECT_NEAR(share(a, "yes"), 0.75, 0.02);
    EXPECT_EQ(share(a, "never"), 0);
    EXPECT_NEAR(share(making.texts("t", "b"), "1"), 0.5, 0.02);
    EXPECT_NEAR(share(making.texts("t", "c"), "true"), 0.2, 0.02);
}

TEST(Makers, NullsAndConditionsLeaveValuesOut) {
    const Making making(table(
        "status = { make = 'choice', of = ['open', 'approved', 'rejected'] }\n"
        "created_at = { make = 'time', from = '2026-01-01', to = '2026-02-01' }\n"
        "decided_at = { make = 'time', after = 'created_at', within = '3d', at_least = '1h', "
        "when = { status = ['approved', 'rejected'] } }\n"
        "reason = { make = 'text', length = [5, 20], when = { status = 'rejected' }, "
        "otherwise = 'none' }\n"
        "seen = { make = 'value', of = true, when = { decided_at = '*' }, otherwise = false }\n"
        "note = { make = 'text', length = 10, nulls = 0.25 }\n",
        4000));
    for (std::uint64_t row = 0; row < 4000; ++row) {
        const auto status = making.text("t", "status", row);
        const auto decided = making.text("t", "decided_at", row);
        EXPECT_EQ(decided.empty(), status == "open") << row;
        EXPECT_EQ(making.text("t", "reason", row) == "none", status != "rejected");
        EXPECT_EQ(making.text("t", "seen", row), status == "open" ? "false" : "true");
        if (!decided.empty()) {
            const auto created = making.text("t", "created_at", row);
            EXPECT_GT(decided, created);
        }
    }
    EXPECT_NEAR(share(making.texts("t", "note"), ""), 0.25, 0.03);
}

TEST(Makers, TimesStayBetweenTheirBounds) {
    const Making making(
        table("a = { make = 'time', from = '2026-01-01', to = '2026-01-02', shape = 'ordered' }\n"
              "b = { make = 'time', from = 2026-01-01T00:00:12Z, every = '12s' }\n"
              "c = { make = 'date', from = 1999-12-30, to = 2000-01-02 }\n"
              "d = { make = 'date', before = 'c', within = '30d' }\n"
              "e = { make = 'time', after = 'a', within = '30d', to = '2026-01-02' }\n"));
    const auto a = making.texts("t", "a");
    EXPECT_TRUE(std::is_sorted(a.begin(), a.end()));
    EXPECT_GE(a.front(), "2026-01-01T00:00:00Z");
    EXPECT_LT(a.back(), "2026-01-02T00:00:00Z");
    EXPECT_EQ(making.texts("t", "b", 2), (Texts{"2026-01-01T00:00:12Z", "2026-01-01T00:00:24Z"}));
    const auto c = making.texts("t", "c");
    EXPECT_EQ(std::set(c.begin(), c.end()),
              (std::set<std::string>{"1999-12-30", "1999-12-31", "2000-01-01", "2000-01-02"}));
    for (std::uint64_t row = 0; row < 1000; ++row) {
        EXPECT_LE(making.text("t", "d", row), making.text("t", "c", row));
        EXPECT_GE(making.text("t", "d", row), "1999-11-30");
        EXPECT_LE(making.text("t", "e", row), "2026-01-02T00:00:00Z");
        EXPECT_GE(making.text("t", "e", row), making.text("t", "a", row));
    }
}

TEST(Makers, ComputedColumnsAreExact) {
    const Making making(table(
        "quantity = { make = 'integer', from = 1, to = 9 }\n"
        "price = { make = 'decimal', from = 0.01, to = 99.99 }\n"
        "amount = { make = 'compute', of = 'quantity * price' }\n"
        "level = { make = 'band', of = 'price', to = { low = 0, high = 50, top = 90 } }\n"
        "word = { make = 'match', of = 'quantity', to = { 1 = 'one', 2 = { make = 'choice', of "
        "= ['two'] } }, otherwise = 'many' }\n"));
    for (std::uint64_t row = 0; row < 1000; ++row) {
        const auto number = [&](const std::string& column) {
            return *parse_decimal(making.text("t", column, row));
        };
        EXPECT_EQ(compare(number("amount"), multiply(number("quantity"), number("price"))), 0);
        const auto level = making.text("t", "level", row);
        const auto price = std::stod(making.text("t", "price", row));
        EXPECT_EQ(level, price < 50 ? "low" : price < 90 ? "high" : "top");
        const auto quantity = making.text("t", "quantity", row);
        EXPECT_EQ(making.text("t", "word", row), quantity == "1"   ? "one"
                                                 : quantity == "2" ? "two"
                                                                   : "many");
    }
}

TEST(Makers, NamesBelongTogether) {
    const Making making(
        table("full_name = 'person'\ngiven = { make = 'person', part = 'given' }\n"
              "family = { make = 'person', part = 'family' }\n"
              "other = { make = 'person', as = 'other' }\n"
              "form = { make = 'pick', list = 'legal_forms' }\n"
              "company = { make = 'company', form = 'form' }\n"
              "email = { make = 'template', text = '{full_name:slug}-{n}@example.com' }\n"
              "city = { make = 'pick', list = 'places', column = 'city' }\n"
              "country = { make = 'pick', list = 'places', column = 'country' }\n"));
    std::map<std::string, std::string> countries;
    int same = 0;
    for (std::uint64_t row = 0; row < 1000; ++row) {
        const auto name = making.text("t", "full_name", row);
        EXPECT_EQ(name, making.text("t", "given", row) + " " + making.text("t", "family", row));
        same += name == making.text("t", "other", row) ? 1 : 0;
        const auto company = making.text("t", "company", row);
        EXPECT_TRUE(company.ends_with(" " + making.text("t", "form", row))) << company;
        const auto city = making.text("t", "city", row);
        const auto country = making.text("t", "country", row);
        EXPECT_EQ(countries.emplace(city, country).first->second, country) << city;
    }
    EXPECT_LT(same, 10);
    EXPECT_EQ(distinct(making.texts("t", "email")), 1000U);
    EXPECT_GT(distinct(making.texts("t", "company")), 900U);
}

TEST(Makers, ListsComeFromTheFileAndFromBesideIt) {
    const Making making(
        "[lists]\nwords = ['a', 'b']\ncodes = { file = 'scale/codes.csv' }\n"
        "lines = { file = 'scale/lines.txt' }\n" +
            table("word = { make = 'pick', list = 'words' }\n"
                  "code = { make = 'pick', list = 'codes', column = 'code' }\n"
                  "title = { make = 'pick', list = 'codes', column = 'title' }\n"
                  "line = { make = 'pick', list = 'lines', at = 'n' }\nn = 'sequence'\n",
                  10000),
        1, {},
        {{"scale/codes.csv", "code,title,weight\n01,\"One, first\",9\n02,Two,1\n03,Never,0\n"},
         {"scale/lines.txt", "# what is what\nzero\n\none\n"}});
    EXPECT_NEAR(share(making.texts("t", "word"), "a"), 0.5, 0.03);
    const auto codes = making.texts("t", "code");
    EXPECT_NEAR(share(codes, "01"), 0.9, 0.02);
    EXPECT_EQ(share(codes, "03"), 0);
    for (std::uint64_t row = 0; row < 100; ++row) {
        EXPECT_EQ(making.text("t", "title", row), codes[row] == "01" ? "One, first" : "Two");
    }
    EXPECT_EQ(making.texts("t", "line", 3), (Texts{"one", "zero", "one"}));
}

TEST(Makers, BytesPoolsAndHashesHaveTheirLengths) {
    const Making making(table(
        "a = { make = 'bytes', length = 32 }\nb = { make = 'bytes', length = [0, 40] }\n"
        "c = { make = 'bytes', length = 20, pool = { name = 'p', size = 50, shape = 'zipf' } }\n"
        "d = { make = 'bytes', length = 20, pool = { name = 'p', size = 50 } }\n"
        "n = 'sequence'\nh = { make = 'hash', of = 'n' }\n"));
    EXPECT_EQ(distinct(making.texts("t", "a")), 1000U);
    all_match(making.texts("t", "a"), "[0-9a-f]{64}");
    const auto lengths = making.texts("t", "b");
    EXPECT_TRUE(std::any_of(lengths.begin(), lengths.end(), [](auto& b) { return b.empty(); }));
    EXPECT_TRUE(
        std::any_of(lengths.begin(), lengths.end(), [](auto& b) { return b.size() == 80; }));
    const auto d = making.texts("t", "d");
    const std::set<std::string> pool(d.begin(), d.end());
    EXPECT_EQ(pool.size(), 50U);
    for (const auto& member : making.texts("t", "c")) {
        EXPECT_TRUE(pool.contains(member));
    }
    EXPECT_EQ(making.text("t", "h", 0),
              "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b");  // Of "1".
}

TEST(Makers, JsonAndArraysAreBuiltAsTheyAreWritten) {
    const Making making(table(
        "a = { make = 'json', of = { name = \"x\\\"y\", n = { make = 'sequence' }, list = "
        "[true, 1.5, { make = 'copy', of = 'b' }], none = { make = 'value', of = 1, nulls = 1 "
        "} } }\n"
        "b = { make = 'value', of = 'inner' }\n"
        "c = { make = 'array', of = ['p', 'q', 'r'], count = [0, 2] }\n"));
    EXPECT_EQ(making.text("t", "a", 1),
              R"({"name": "x\"y", "n": 2, "list": [true, 1.5, "inner"], "none": null})");
    const auto arrays = making.texts("t", "c");
    EXPECT_EQ(std::set(arrays.begin(), arrays.end()),
              (std::set<std::string>{"[]", R"(["p"])", R"(["q"])", R"(["r"])", R"(["p", "q"])",
                                     R"(["p", "r"])", R"(["q", "r"])"}));
}

TEST(Makers, ArraysTakeTemplatesAndOtherMakers) {
    const Making making(
        table("name = { make = 'choice', of = ['a', 'b'] }\n"
              "tags = { make = 'array', of = ['plain', { make = 'template', text = '{name}-{n}' }, "
              "{ make = 'copy', of = 'name', when = { name = 'a' } }], count = 3 }\n"));
    const auto names = making.texts("t", "name");
    const auto tags = making.texts("t", "tags");
    for (std::size_t i = 0; i < names.size(); ++i) {
        // What a maker leaves out is no entry.
        const auto made = "[\"plain\", \"" + names[i] + "-" + std::to_string(i + 1) + "\"";
        EXPECT_EQ(tags[i], made + (names[i] == "a" ? ", \"a\"]" : "]"));
    }
    EXPECT_NE(mistakes_of(table("a = { make = 'array', of = ['x', 1] }"))
                  .find("a list of strings and of { make = … }"),
              std::string::npos);
}

TEST(Makers, VectorsAreTextsOfNumbers) {
    const Making making(
        table("a = { make = 'vector', dimensions = 3 }\n"
              "b = { make = 'vector', dimensions = 2, from = 0, to = 0.5 }\n"));
    const std::string any = "-?(0\\.[0-9]{6}|1\\.0{6})";
    all_match(making.texts("t", "a"), "\\[" + any + "," + any + "," + any + "\\]");
    all_match(making.texts("t", "b"), "\\[0\\.[0-5][0-9]{5},0\\.[0-5][0-9]{5}\\]");
    EXPECT_EQ(distinct(making.texts("t", "a")), 1000U);
    EXPECT_NE(mistakes_of(table("a = { make = 'vector', dimensions = 0 }")).find("expected 1 to"),
              std::string::npos);
}

}  // namespace
}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/svg.h"

#include <ctime>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/docs/drawing.h"
#include "lifecycle/docs/samples.h"

namespace caisson::docs {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Whether every element is closed, in order, and no text holds what would begin one. Knows as much
/// of XML as svg() uses.
testing::AssertionResult is_well_formed(const std::string& text) {
    std::vector<std::string> open;
    for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
        const auto end = text.find('>', at);
        if (end == std::string::npos || text.find('<', at + 1) < end) {
            return testing::AssertionFailure()
                   << "an element does not end: " << text.substr(at, 80);
        }
        const auto tag = text.substr(at + 1, end - at - 1);
        if (tag[0] == '/') {
            if (open.empty() || open.back() != tag.substr(1)) {
                return testing::AssertionFailure() << "nothing to close by " << tag;
            }
            open.pop_back();
        } else if (tag.back() != '/') {
            open.push_back(tag.substr(0, tag.find(' ')));
        }
    }
    return open.empty() ? testing::AssertionSuccess()
                        : testing::AssertionFailure() << open.back() << " is not closed";
}

std::string picture(const schema::Snapshot& snapshot) {
    const auto all = inventory(snapshot);
    return svg(all, edges_of(all), "t");
}

TEST(Svg, ShowsTablesWithKeysColumnsAndTypesAsText) {
    const auto text = picture(test::snapshot_of({
        {"table", "public.users", "table"},
        {"comment", "table public.users", "who & <what>"},
        {"column", "public.users.id", "bigint not null"},
        {"column", "public.users.boss", "bigint"},
        {"column order", "public.users", "id, boss"},
        {"constraint", "public.users.users_pkey", "PRIMARY KEY (id)"},
        {"constraint", "public.users.b", "FOREIGN KEY (boss) REFERENCES public.users(id)"},
    }));
    EXPECT_TRUE(is_well_formed(text));
    EXPECT_THAT(text, HasSubstr("<title>users: who &amp; &lt;what&gt;</title>"));
    EXPECT_THAT(text, HasSubstr(">PK</text>"));
    EXPECT_THAT(text, HasSubstr(">boss</text>"));
    EXPECT_THAT(text, HasSubstr(">bigint?</text>")) << "it may be empty";
    EXPECT_THAT(text, HasSubstr("<path class=\"o\"")) << "so the line is dashed";
    EXPECT_THAT(text, HasSubstr("prefers-color-scheme:dark"));
    EXPECT_THAT(text, Not(HasSubstr("<script")));
}

TEST(Svg, IsWellFormedWhateverNamesHold) {
    EXPECT_TRUE(is_well_formed(picture(test::snapshot_of({
        {"table", "public.\"<a>&\"\"\"", "table"},
        {"comment", "table public.\"<a>&\"\"\"", "]]> \x01 \"quoted\" 'too'\n--> <!--"},
        {"column", "public.\"<a>&\"\"\".\"</svg>\"", "text default '<b>'::text"},
        {"table", "\"</g>\".b", "table"},
    }))));
}

TEST(Svg, CutsWhatIsTooLongAndCountsWhatItLeavesOut) {
    std::vector<schema::Object> objects;
    test::add_table(objects, std::string(55, 'n'), {}, 50);
    const auto text = picture(test::snapshot_of(std::move(objects)));
    EXPECT_THAT(text, HasSubstr(">" + std::string(39, 'n') + "…</text>"));
    EXPECT_THAT(text, HasSubstr(">+ 11 columns</text>"));
}

TEST(Svg, OfManyTablesShowsKeysAlone) {
    const auto text = picture(test::many_tables(60));
    EXPECT_TRUE(is_well_formed(text));
    EXPECT_THAT(text, HasSubstr(">+ 6 columns</text>"));
    EXPECT_THAT(text, Not(HasSubstr(">column_1</text>")));
    EXPECT_THAT(text, HasSubstr(">t0000_id</text>"));
}

TEST(Svg, OfAThousandTablesTakesNoLongerThanAReaderWaits) {
    const auto all = inventory(test::many_tables(1000));
    const auto edges = edges_of(all);
    // Time of the processor: other work beside it does not count.
    const auto start = std::clock();
    const auto text = svg(all, edges, "t");
    const auto seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    EXPECT_TRUE(is_well_formed(text));
    // Far above what it takes, unoptimised too: it guards against another order of growth.
    EXPECT_LT(seconds, 30.0);
}

TEST(Drawing, MeasuresTextByTheColumnsThatItTakes) {
    EXPECT_EQ(columns_of("größe"), 5);
    EXPECT_EQ(columns_of("表"), 2);
    EXPECT_EQ(columns_of("😀"), 2);
    EXPECT_EQ(shortened("größenwahn", 6), "größe…");
    EXPECT_EQ(shortened("kurz", 6), "kurz");
}

TEST(Drawing, RoundsCornersAndMarksEnds) {
    EXPECT_EQ(path_along({{0, 0}, {20, 0}, {20, 30}}), "M0 0L15 0Q20 0 20 5L20 30");
    EXPECT_EQ(path_along({}), "");
    EXPECT_EQ(crows_foot({100, 50}, {80, 50}), "M91 50L100 45M91 50L100 55");
    EXPECT_EQ(bar({0, 50}, {20, 50}), "M6 45V55");
}

}  // namespace
}  // namespace caisson::docs

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/relations.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/docs/samples.h"

namespace caisson::docs {
namespace {

using testing::ElementsAre;

/// Two families of four tables each, and a hub that all of them refer to.
schema::Snapshot families() {
    std::vector<schema::Object> objects;
    test::add_table(objects, "hub");
    for (const std::string family : {"a", "b"}) {
        test::add_table(objects, family + "0", {"hub"});
        for (const std::string member : {"1", "2", "3"}) {
            test::add_table(objects, family + member, {family + "0", "hub"});
        }
    }
    return test::snapshot_of(std::move(objects));
}

std::vector<std::string> names(const Inventory& all, const Group& group) {
    std::vector<std::string> names;
    for (const auto table : group.tables) {
        names.push_back(short_name(all.tables[table].name));
    }
    return names;
}

TEST(Groups, AreOneWhereAllTablesFit) {
    const auto all = inventory(families());
    const auto groups = groups_of(all, edges_of(all), 9);
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_EQ(groups.front().tables.size(), 9U);
}

TEST(Groups, KeepFamiliesTogetherRatherThanTheHubWithAnybody) {
    const auto all = inventory(families());
    const auto groups = groups_of(all, edges_of(all), 5);
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_THAT(names(all, groups[0]), ElementsAre("a0", "a1", "a2", "a3", "hub"));
    EXPECT_THAT(names(all, groups[1]), ElementsAre("b0", "b1", "b2", "b3"));
    EXPECT_EQ(groups[1].title, "b0, b1, …");
}

TEST(Groups, HoldEachTableOnce) {
    const auto all = inventory(test::many_tables(137));
    std::set<std::size_t> seen;
    for (const auto& group : groups_of(all, edges_of(all), 25)) {
        EXPECT_LE(group.tables.size(), 25U);
        for (const auto table : group.tables) {
            EXPECT_TRUE(seen.insert(table).second) << table;
        }
    }
    EXPECT_EQ(seen.size(), 137U);
}

TEST(Edges, LeadFromAPartitionedTableAndToTheTableOfAPartition) {
    const auto all = inventory(test::snapshot_of({
        {"table", "public.events", "table partition by RANGE (at)"},
        {"table", "public.events_2026", "table"},
        {"partition", "public.events_2026", "of public.events FOR VALUES FROM (1) TO (2)"},
        {"table", "public.notes", "table"},
        {"column", "public.notes.event", "bigint"},
        {"constraint", "public.notes.f", "FOREIGN KEY (event) REFERENCES public.events_2026(id)"},
        {"table", "public.child", "table"},
        {"inheritance", "public.child", "of public.notes"},
    }));
    ASSERT_EQ(all.tables.size(), 3U);
    const auto edges = edges_of(all);
    ASSERT_EQ(edges.size(), 2U);
    EXPECT_EQ(all.tables[edges[0].from].name, "public.child");
    EXPECT_TRUE(edges[0].inherits());
    EXPECT_EQ(all.tables[edges[1].to].name, "public.events");
    EXPECT_EQ(all.tables[edges[1].to].partitions.size(), 1U);
}

}  // namespace
}  // namespace caisson::docs

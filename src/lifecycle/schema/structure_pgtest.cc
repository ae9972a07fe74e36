// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "lifecycle/schema/difference.h"
#include "lifecycle/schema/structure.h"
#include "tests/support/postgres.h"

namespace caisson::schema {
namespace {

class StructureTest : public testing::Test {
 protected:
    test::Database database_;
    pg::Connection connection_{database_.settings()};
};

TEST_F(StructureTest, NothingIsRecordedAtFirst) {
    EXPECT_FALSE(recorded(connection_));
    trust::install_catalogue(connection_, {trust::identity_step(), structure_step()});
    EXPECT_FALSE(recorded(connection_));
}

TEST_F(StructureTest, KeepsTheLastStructureWithItsHead) {
    trust::install_catalogue(connection_, {trust::identity_step(), structure_step()});
    connection_.query("create table a (i integer)");
    record(connection_, "001");
    connection_.query("create table b (i integer)");
    const auto second = record(connection_, "002");

    const auto found = recorded(connection_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->head, "002");
    EXPECT_EQ(found->snapshot, second.snapshot);
    EXPECT_EQ(found->snapshot, snapshot(connection_));
    EXPECT_EQ(found->recorded_at, second.recorded_at);
    EXPECT_EQ(found->server_major, connection_.server_version() / 10000);

    connection_.query("drop table b");
    EXPECT_EQ(diff(found->snapshot, snapshot(connection_)).size(), 1U);
}

TEST_F(StructureTest, GoesWithTheTransactionItWasRecordedIn) {
    trust::install_catalogue(connection_, {trust::identity_step(), structure_step()});
    {
        const pg::Transaction transaction(connection_);
        record(connection_, "001");
    }
    EXPECT_FALSE(recorded(connection_));
}

TEST_F(StructureTest, AForgedRecordIsNoticed) {
    trust::install_catalogue(connection_, {trust::identity_step(), structure_step()});
    record(connection_, "001");
    connection_.query("update caisson.structure set snapshot = snapshot || E'table\\tx\\t\\n'");
    EXPECT_THROW(recorded(connection_), Error);
}

}  // namespace
}  // namespace caisson::schema

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/search_path.h"

#include <gtest/gtest.h>

namespace caisson::backups {
namespace {

TEST(SearchPath, IsTheCauseWhereAFunctionOrARelationIsNotFound) {
    EXPECT_TRUE(
        misses_by_path("pg_restore: error: COPY failed for table \"words\": ERROR:  function "
                       "norm(text) does not exist\nLINE 1: norm($1)\n"));
    EXPECT_TRUE(misses_by_path(
        "pg_restore: error: could not execute query: ERROR:  relation \"words\" does not exist"));
    EXPECT_FALSE(misses_by_path(
        "pg_restore: error: could not execute query: ERROR:  role \"clerk\" does not exist"));
    EXPECT_FALSE(misses_by_path(
        "pg_restore: error: COPY failed for table \"words\": ERROR:  duplicate key value"));
    EXPECT_FALSE(misses_by_path(""));
}

}  // namespace
}  // namespace caisson::backups

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/parameters.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::backups {
namespace {

std::string statement(const std::string& name, const std::string& value,
                      const std::string& role = "") {
    return statement_of({role, name, value}, "a \"db\"");
}

TEST(Parameters, AreSaidOfADatabaseOrOfARoleInIt) {
    EXPECT_EQ(statement("work_mem", "8MB"),
              "alter database \"a \"\"db\"\"\" set \"work_mem\" to '8MB'");
    EXPECT_EQ(statement("app.x", "it's", "anna"),
              "alter role \"anna\" in database \"a \"\"db\"\"\" set \"app.x\" to 'it''s'");
    // A list without quotes of its own is one literal.
    EXPECT_EQ(statement("DateStyle", "ISO, DMY"),
              "alter database \"a \"\"db\"\"\" set \"DateStyle\" to 'ISO, DMY'");
}

TEST(Parameters, ListsAreTakenApart) {
    const std::string start = "alter database \"a \"\"db\"\"\" set ";
    EXPECT_EQ(statement("search_path", "\"$user\", public"),
              start + "\"search_path\" to '$user', 'public'");
    EXPECT_EQ(statement("search_path", "\"a,\"\"b\"\"\" ,c"),
              start + "\"search_path\" to 'a,\"b\"', 'c'");
    EXPECT_EQ(statement("search_path", "\"\""), start + "\"search_path\" to ''");
    EXPECT_EQ(statement("temp_tablespaces", ""), start + "\"temp_tablespaces\" to ''");
    for (const auto* const broken : {"\"a", "a,", ",a", "a b", "a,,b"}) {
        EXPECT_THROW(statement("search_path", broken), Error) << broken;
    }
}

}  // namespace
}  // namespace caisson::backups

// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/call.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::pg {
namespace {

TEST(CallTest, AChoiceThatThereIsNotIsAMisuse) {
    EXPECT_EQ(choice(0, 2), 0U);
    EXPECT_EQ(choice(1, 2), 1U);
    for (const auto number : {std::size_t{2}, static_cast<std::size_t>(-1)}) {
        try {
            choice(number, 2);
            ADD_FAILURE() << number;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::usage);
        }
    }
}

}  // namespace
}  // namespace caisson::pg

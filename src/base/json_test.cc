// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <cmath>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace caisson {
namespace {

TEST(Json, NumbersReadAsPeopleWriteThem) {
    EXPECT_EQ(json_text({{"a", 0.4}, {"b", 82.143}, {"c", 1e9}, {"d", 7}, {"e", -1.5}}),
              R"({"a":0.4,"b":82.143,"c":1000000000,"d":7,"e":-1.5})");
    EXPECT_EQ(json_text(std::nan("")), "null");
}

TEST(Json, WhatItWritesIsReadBackAsTheSame) {
    const auto value =
        boost::json::parse(R"({"":[],"x":{"y":null,"z":[true,false,"a\"\n\u0001é",[]]},"n":-12})");
    EXPECT_EQ(boost::json::parse(json_text(value)), value);
}

}  // namespace
}  // namespace caisson

// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/hottest.h"

#include <charconv>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "serving/cache/marks.h"

namespace caisson::cache {

std::string to_text(const HotKey& key) {
    return boost::json::serialize(
        boost::json::array{key.pattern, fmt::format("{:x}", key.version), key.name});
}

std::optional<HotKey> hot_key_of(std::string_view text) {
    boost::system::error_code failure;
    const auto parsed = boost::json::parse(text, failure);
    const auto* const parts = failure ? nullptr : parsed.if_array();
    if (!parts || parts->size() != 3) {
        return std::nullopt;
    }
    for (const auto& part : *parts) {
        if (!part.is_string()) {
            return std::nullopt;
        }
    }
    HotKey key;
    key.pattern = parts->at(0).get_string();
    key.name = parts->at(2).get_string();
    const auto& digits = parts->at(1).get_string();
    const auto* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, key.version, 16);
    if (read.ec != std::errc() || read.ptr != end) {
        return std::nullopt;
    }
    return key;
}

std::vector<std::string> hottest_command(std::size_t most) {
    return {"ZREVRANGE", hottest_key, "0", std::to_string(most == 0 ? 0 : most - 1)};
}

std::vector<HotKey> hottest(redis::Connection& connection) {
    std::vector<HotKey> keys;
    for (const auto& member : connection.command(hottest_command(most_hot_keys)).items) {
        if (auto key = hot_key_of(member.value)) {
            keys.push_back(*std::move(key));
        }
    }
    return keys;
}

std::int64_t ask_to_warm(redis::Connection& connection) {
    return connection.command({"PUBLISH", channel, R"({"warm":true})"}).integer();
}

}  // namespace caisson::cache

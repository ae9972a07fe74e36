// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/marks.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace caisson::cache {

void add_tags(std::vector<std::string>& tags, const std::string& table,
              const std::optional<std::string>& rows) {
    tags.push_back(any_tag(table));
    if (!rows) {
        tags.push_back(all_tag(table));
        return;
    }
    const auto parsed = boost::json::parse(*rows);
    for (const auto& [column, values] : parsed.as_object()) {
        for (const auto& value : values.as_array()) {
            tags.push_back(row_tag(table, std::string_view(column.data(), column.size()),
                                   std::string(value.as_string())));
        }
    }
}

std::string written_message(const std::vector<std::string>& tags) {
    return boost::json::serialize(boost::json::object{
        {"written", true}, {"tags", boost::json::array(tags.begin(), tags.end())}});
}

std::vector<platform::CacheKey> own_patterns() {
    using std::chrono::seconds;
    const auto pattern = [](std::string text, std::optional<seconds> ttl, std::string description) {
        platform::CacheKey key;
        key.pattern = std::move(text);
        key.ttl = ttl;
        key.description = std::move(description);
        return key;
    };
    return {
        pattern(marks_key, std::nullopt, "which changes make cached values old"),
        pattern(alive_key, seconds(10), "there while changes are told"),
        pattern(stats_key, std::nullopt, "hits and misses by pattern"),
        pattern(hottest_key, seconds(86400), "which keys were asked for most"),
        pattern(halved_key, seconds(60), "there until what was hot counts half as much"),
        pattern(std::string(lock_prefix) + "{key*}", seconds(60), "who loads a value now"),
        pattern("caisson:rate:{policy}:{action}:{who*}", seconds(7 * 86400), "limits of rates"),
    };
}

}  // namespace caisson::cache

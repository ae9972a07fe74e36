// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/schema_version.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/crypto.h"
#include "lifecycle/schema/snapshot.h"

namespace caisson::queries {
namespace {

/// What an answer is made of, and who may see which part of it.
constexpr std::array kinds = {
    "column",       "inherited column",
    "view",         "materialized view",
    "function",     "procedure",
    "aggregate",    "operator",
    "cast",         "enum",
    "type",         "domain",
    "range",        "base type",
    "collation",    "rule",
    "row security", "policy",
    "inheritance",  "domain constraint",
};

/// It runs when rows are written, and those who wait for its effect are told by their tables.
bool is_of_trigger(const schema::Object& object) {
    const auto head =
        std::string_view(object.definition).substr(0, object.definition.find("\n LANGUAGE "));
    return object.kind == "function" &&
           (head.ends_with("\n RETURNS trigger") || head.ends_with("\n RETURNS event_trigger"));
}

}  // namespace

std::string schema_version(pg::Connection& connection) {
    auto found = schema::snapshot(connection);
    std::erase_if(found.objects, [](const schema::Object& object) {
        return std::ranges::find(kinds, object.kind) == kinds.end() || is_of_trigger(object);
    });
    return schema::hash(found).substr(0, 16);
}

std::uint64_t answers_version(const Described& query, std::string_view schema_version) {
    std::string all;
    const auto add = [&](std::string_view text) {
        all += std::to_string(text.size());
        all += ':';
        all += text;
    };
    add(schema_version);
    for (const auto& variant : query.variants) {
        add(variant.sql);
    }
    for (const auto& column : query.columns) {
        add(column.name);
        add(column.type->sql);
        add(column.nullable ? "null" : "not null");
    }
    const auto digits = sha256_hex(all);
    std::uint64_t version = 0;
    std::from_chars(digits.data(), digits.data() + 16, version, 16);
    return version | 1U;
}

}  // namespace caisson::queries

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// For tests: facts of a sound database, which each case spoils in one place.

#include <algorithm>
#include <string>
#include <vector>

#include "operations/monitor/advice/advice.h"

namespace caisson::advice {

inline Index index_of(const std::string& name, const std::vector<std::string>& columns) {
    static std::uint32_t oid = 100;
    Index index;
    index.oid = ++oid;
    index.schema = "public";
    index.table = "orders";
    index.name = name;
    for (const auto& column : columns) {
        index.keys.push_back({column, "1978 0 0", true});
    }
    index.definition =
        "CREATE INDEX " + name + " ON public.orders USING btree (" + columns.front() + ")";
    index.bytes = 1'000'000'000;
    index.scans = 1'000;
    index.rows = 1'000'000;
    return index;
}

/// A table of a million rows with a primary key, counted for 30 days, without a fault.
inline Facts sound() {
    Facts facts;
    facts.database = "shop_db";
    facts.server_version = 150'000;
    facts.statistics_age = 30 * 86'400;
    facts.statements_age = 30 * 86'400;
    facts.checkpoints_age = facts.wal_age = 30 * 86'400;
    facts.wal_bytes = 1'000'000'000'000;
    facts.watched_for = 30 * 86'400;
    facts.tables = {{.oid = 1,
                     .schema = "public",
                     .name = "orders",
                     .has_primary_key = true,
                     .rows = 1'000'000,
                     .bytes = 100'000'000,
                     .live_rows = 1'000'000,
                     .index_scans = 1'000'000,
                     .vacuumed = 3'600,
                     .analysed = 3'600,
                     .vacuum_limit = 200'050}};
    auto primary = index_of("orders_pkey", {"id"});
    primary.is_unique = true;
    primary.backs_constraint = true;
    facts.indexes = {primary};
    facts.ages = {{"shop_db", 200'000'000, 1'000}};
    facts.settings = {{"shared_buffers", "128MB"}, {"work_mem", "4MB"}, {"max_wal_size", "1GB"}};
    facts.figures = {{"shared_buffers", 134'217'728.0},
                     {"work_mem", 4'194'304.0},
                     {"max_wal_size", 1'073'741'824.0}};
    return facts;
}

inline std::vector<std::string> rules_of(const Judgement& judgement) {
    std::vector<std::string> ids;
    for (const auto& advice : judgement.advice) {
        ids.push_back(advice.rule);
    }
    return ids;
}
inline std::vector<std::string> rules_of(const Facts& facts) { return rules_of(judge(facts)); }

}  // namespace caisson::advice

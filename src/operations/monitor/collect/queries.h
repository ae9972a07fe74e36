// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What statements did since the reading before, with their texts.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/connection.h"
#include "operations/monitor/collect/limits.h"
#include "operations/monitor/collect/statements.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::monitor {

/// A statement as people look at it.
struct Query {
    std::int64_t id = 0;
    std::string user;
    std::string database;
    std::string text;          ///< Without constants; cut after 4,000 bytes.
    StatementFigures figures;  ///< Since the reading before.
    StatementFigures total;    ///< Since statistics run.
    bool is_at_least = false;
    bool is_slow = false;  ///< Its mean is above the threshold.
};

/// Reads pg_stat_statements without its texts, which lie in a file of their own, and the text of a
/// statement once. Threads: one at a time.
class Queries {
 public:
    /// Adds the group `statements` to the sample: the costliest statements, at most
    /// limits.queries. Errors: DatabaseError; database_rejected where the extension is missing.
    void read(pg::Connection& connection, const Limits& limits, Sample& sample);
    /// The costliest since the reading before; of the first reading, none.
    const std::vector<Query>& costliest() const { return costliest_; }
    /// The costliest since statistics run.
    const std::vector<Query>& ever() const { return ever_; }
    /// Since when statistics run, seconds since the epoch; 0 when they were never read.
    double since() const { return history_.last() ? history_.last()->since : 0; }
    /// Whether planning is counted; else `plans` and `plan_seconds` are no figures.
    bool has_plans() const { return has_plans_; }
    void forget() { history_.forget(); }

 private:
    std::string find_extension(pg::Connection& connection);
    StatementSnapshot snapshot(pg::Connection& connection, const std::string& schema);
    void read_names(pg::Connection& connection);
    void take_uses(const StatementDifference& difference, const Limits& limits, Sample& sample);
    void take_totals(const Limits& limits, Sample& sample);
    void read_texts(pg::Connection& connection, const std::string& schema, std::size_t most);
    Query query_of(const StatementKey& key) const;

    StatementHistory history_;
    bool has_plans_ = false;
    std::vector<Query> costliest_;
    std::vector<Query> ever_;
    std::map<std::int64_t, std::string> texts_;
    std::map<std::uint32_t, std::string> users_;
    std::map<std::uint32_t, std::string> databases_;
};

}  // namespace caisson::monitor

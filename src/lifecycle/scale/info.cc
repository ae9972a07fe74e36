// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/scale.h"
#include "lifecycle/scale/tracking.h"

namespace caisson::scale {

std::uint64_t Report::made() const {
    std::uint64_t sum = 0;
    for (const auto& table : tables) {
        sum += table.made;
    }
    return sum;
}

std::vector<Presence> info(pg::Connection& connection) {
    std::vector<Presence> all;
    if (!is_tracked(connection)) {
        return all;
    }
    const pg::Transaction transaction(connection,
                                      "begin isolation level repeatable read read only");
    for (const auto& table : recorded_tables(connection)) {
        all.push_back({table.table.text(), table.rows, table.there(), table.factor, table.begun_at,
                       table.finished_at, table.applied_by});
    }
    return all;
}

}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/measured.h"

#include <algorithm>
#include <array>

namespace caisson::monitor {
namespace {

struct Depends {
    std::string_view setting;
    bool is_essential;
    std::vector<std::string_view> metrics;
    std::vector<std::string_view> unknown;  ///< Groups, of what is essential.
};

const std::vector<Depends>& all() {
    static const std::vector<Depends> table = {
        {"track_activities",
         true,
         {"activity.sessions", "activity.max_tx_duration", "activity.active",
          "activity.idle_in_transaction", "activity.longest_idle_in_transaction",
          "activity.oldest_transaction", "activity.longest_query"},
         {"activity"}},
        {"track_counts",
         true,
         {"databases.commits",
          "databases.rollbacks",
          "databases.blocks_read",
          "databases.blocks_hit",
          "databases.rows_returned",
          "databases.rows_fetched",
          "databases.rows_inserted",
          "databases.rows_updated",
          "databases.rows_deleted",
          "databases.conflicts",
          "databases.temp_files",
          "databases.temp_bytes",
          "databases.deadlocks",
          "databases.checksum_failures",
          "databases.read_seconds",
          "databases.write_seconds",
          "tables.seq_scans",
          "tables.seq_rows",
          "tables.index_scans",
          "tables.index_rows",
          "tables.index_use_percent",
          "tables.rows_inserted",
          "tables.rows_updated",
          "tables.rows_deleted",
          "tables.rows_hot_updated",
          "tables.live_rows",
          "tables.dead_rows",
          "tables.dead_percent",
          "tables.vacuum_age",
          "tables.changed_since_analyze",
          "tables.blocks_read",
          "tables.blocks_hit",
          "indexes.scans",
          "indexes.rows_read",
          "indexes.rows_fetched",
          "indexes.blocks_read",
          "indexes.blocks_hit"},
         {"databases", "tables", "indexes"}},
        {"track_io_timing",
         false,
         {"databases.read_seconds", "databases.write_seconds", "statements.read_seconds",
          "statements.write_seconds"},
         {}},
        {"track_wal_io_timing", false, {"wal.write_seconds", "wal.sync_seconds"}, {}},
    };
    return table;
}

}  // namespace

std::span<const std::string_view> measuring_settings() {
    static constexpr std::array<std::string_view, 4> names = {
        "track_activities", "track_counts", "track_io_timing", "track_wal_io_timing"};
    return names;
}

void leave_out_unmeasured(Sample& sample, const std::vector<std::string>& off) {
    for (const auto& depends : all()) {
        if (std::ranges::count(off, depends.setting) == 0) {
            continue;
        }
        std::erase_if(sample.readings, [&](const Reading& reading) {
            return std::ranges::count(depends.metrics, reading.metric) > 0;
        });
        const auto why = std::string(depends.setting) + " is off: the server does not measure it";
        for (const auto group : depends.unknown) {
            sample.unknowns.push_back({std::string(group), {}, why});
        }
        if (!depends.is_essential) {
            for (const auto metric : depends.metrics) {
                sample.unmeasured.push_back({std::string(metric), {}, why});
            }
        }
    }
}

}  // namespace caisson::monitor

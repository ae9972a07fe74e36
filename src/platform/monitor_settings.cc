// SPDX-License-Identifier: Apache-2.0
/// The rows of the table of settings (settings.cc) about the monitor.
#include "platform/platform.h"

namespace caisson::platform {

std::vector<Setting> monitor_settings_table();

std::vector<Setting> monitor_settings_table() {
    return {
        {"monitor", "section", "",
         "What `caisson serve` collects of servers and host, and how much of it is kept. Values "
         "may be references such as `\"${MONITORING_INTERVAL}\"`."},
        {"monitor.collect", "boolean", "`true`",
         "Whether the daemon collects. `caisson monitor` asks the servers itself either way."},
        {"monitor.interval", "duration or reference",
         "`MONITORING_INTERVAL` where that is declared, else `\"30s\"`",
         "How often figures are collected; 1s to 1h."},
        {"monitor.expensive", "duration or reference", "`\"5m\"`",
         "How often what costs the server more is read: sizes, bloat, indexes, sequences; "
         "where it is shorter than `interval`, with each sample."},
        {"monitor.timeout", "duration or reference", "`\"2s\"`",
         "How long one statement of the collector may take; what takes longer is unknown; 50ms "
         "to 1m."},
        {"monitor.slow_query", "duration or reference",
         "`SLOW_QUERY_THRESHOLD` where that is declared, else `\"500ms\"`",
         "A statement whose mean is longer is reported as slow."},
        {"monitor.stored", "positive integer or reference",
         "`MAX_METRICS_STORED` where that is declared, else `2880`",
         "How many samples the history keeps as they were read; 2880 are a day at 30 s."},
        {"monitor.minutes", "duration or reference", "`\"30d\"`",
         "For how long the history keeps a value a minute; of tables, indexes, statements, "
         "sequences "
         "and settings it keeps none."},
        {"monitor.hours", "duration or reference", "`\"731d\"`",
         "For how long it keeps a value an hour."},
        {"monitor.history_size", "history size or reference", "`\"256MB\"`",
         "What the history may take on disk, at least 4MB; the oldest goes first."},
        {"monitor.tables", "positive integer or reference", "`100`",
         "So many tables, the largest and busiest, have figures of their own; at most 10000."},
        {"monitor.indexes", "positive integer or reference", "`100`",
         "So many indexes have; at most 10000."},
        {"monitor.queries", "positive integer or reference", "`100`",
         "So many statements have, those that cost the most time; at most 5000."},
    };
}

}  // namespace caisson::platform

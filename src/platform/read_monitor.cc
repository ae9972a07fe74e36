// SPDX-License-Identifier: Apache-2.0
#include "platform/document.h"
#include "platform/reading.h"

namespace caisson::platform {
namespace {

/// As it was written: a text, or an integer's figures.
std::string written(Reading& reading, const Node& section, std::string_view key) {
    const Node* const node = section.find(key);
    return node && node->is(NodeType::integer) ? std::to_string(node->integer)
                                               : referring_text(reading, section, key);
}

}  // namespace

void read_monitor(Reading& reading) {
    const Node* const section = reading.document.find("monitor");
    if (!section) {
        return;
    }
    auto& monitor = reading.manifest.monitor;
    monitor.place = section->place;
    monitor.collect = boolean_of(*section, "collect", true);
    monitor.interval = written(reading, *section, "interval");
    monitor.expensive = written(reading, *section, "expensive");
    monitor.timeout = written(reading, *section, "timeout");
    monitor.slow_query = written(reading, *section, "slow_query");
    monitor.stored = written(reading, *section, "stored");
    monitor.minutes = written(reading, *section, "minutes");
    monitor.hours = written(reading, *section, "hours");
    monitor.history_size = written(reading, *section, "history_size");
    monitor.tables = written(reading, *section, "tables");
    monitor.indexes = written(reading, *section, "indexes");
    monitor.queries = written(reading, *section, "queries");
}

}  // namespace caisson::platform

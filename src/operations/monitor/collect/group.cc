// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/group.h"

#include <array>

namespace caisson::monitor {

void Collecting::add(const pg::Row& row, const Labels& labels,
                     std::initializer_list<std::pair<std::string_view, std::string_view>> figures) {
    for (const auto& [metric, column] : figures) {
        if (!row.is_null(column)) {
            sample.add(metric, row.real(column), labels);
        }
    }
}

void Collecting::count_left_out(std::string_view what, const pg::Result& rows) {
    const auto number = rows.empty() ? 0 : rows.front().integer("number");
    const auto left_out = number - static_cast<std::int64_t>(rows.size());
    if (left_out > 0) {
        sample.add("monitor.left_out", static_cast<double>(left_out),
                   {{"what", std::string(what)}});
    }
}

Labels labels_of(const pg::Row& row, std::initializer_list<std::string_view> columns) {
    Labels labels;
    for (const auto column : columns) {
        labels.emplace_back(column, row.text(column));
    }
    return labels;
}

std::span<const Group> groups() {
    using enum Scope;
    using enum Pace;
    static constexpr std::array all = {
        Group{"server", server, every, read_server},
        Group{"activity", server, every, read_activity},
        Group{"locks", server, every, read_locks},
        Group{"databases", server, every, read_databases},
        Group{"replication", server, every, read_replication},
        Group{"slots", server, every, read_slots},
        Group{"archiver", server, every, read_archiver},
        Group{"wal", server, every, read_wal},
        Group{"checkpoints", server, every, read_checkpoints},
        Group{"vacuum", server, every, read_vacuum},
        Group{"settings", server, expensive, read_settings},
        Group{"sizes", server, expensive, read_sizes},
        Group{"tables", database, expensive, read_tables},
        Group{"bloat", database, expensive, read_bloat},
        Group{"indexes", database, expensive, read_indexes},
        Group{"sequences", database, expensive, read_sequences},
    };
    return all;
}

}  // namespace caisson::monitor

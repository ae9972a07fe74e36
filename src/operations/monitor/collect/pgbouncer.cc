// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/pgbouncer.h"

#include <chrono>

#include "base/error.h"

namespace caisson::monitor {

using namespace std::chrono_literals;

PgBouncerCollector::PgBouncerCollector(pg::Settings console) : console_(std::move(console)) {
    console_.database = "pgbouncer";
    console_.application = "caisson-monitor";
    console_.connect_limit = 2s;
    console_.session.clear();  // The console knows no settings.
}

void PgBouncerCollector::ask(Sample& sample, std::size_t most) {
    if (!connection_ || connection_->is_broken() || connection_->has_ended()) {
        connection_ = std::make_unique<pg::Connection>(console_);
        connection_->limit_waits(2s);
    }
    // The console speaks the simple protocol alone.
    const auto results = connection_->script("show pools");
    sample.add("pgbouncer.up", 1);
    std::size_t number = 0;
    for (const auto& row : results.front()) {
        if (row.text("database") == "pgbouncer" || ++number > most) {
            continue;
        }
        const Labels labels{{"database", row.string("database")}, {"user", row.string("user")}};
        sample.add("pgbouncer.clients_active", row.real("cl_active"), labels);
        sample.add("pgbouncer.clients_waiting", row.real("cl_waiting"), labels);
        sample.add("pgbouncer.longest_wait", row.real("maxwait") + row.real("maxwait_us") / 1e6,
                   labels);
        sample.add("pgbouncer.servers_active", row.real("sv_active"), labels);
        sample.add("pgbouncer.servers_idle", row.real("sv_idle"), labels);
    }
    was_there_ = true;
    sample.read_at["pgbouncer"] = sample.at;
}

void PgBouncerCollector::read(Sample& sample, std::size_t most) {
    const auto before = sample.readings.size();
    try {
        ask(sample, most);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        connection_.reset();
        sample.readings.resize(before);
        if (was_there_) {  // Else it may be something else that stands there.
            sample.add("pgbouncer.up", 0);
        }
        sample.unknowns.push_back({"pgbouncer", {}, error.message()});
    }
}

}  // namespace caisson::monitor

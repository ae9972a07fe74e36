// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Reads a PostgreSQL server as the role of the monitor: one connection a database, kept, each
/// statement under a time limit. What cannot be read becomes unknown with the reason.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "operations/monitor/collect/limits.h"
#include "operations/monitor/collect/queries.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::monitor {

/// A database of the server.
struct Target {
    std::string name;  ///< What PostgreSQL calls it.
    pg::Settings settings;
    std::string backup_role{};  ///< Who dumps it: a transaction as long as the dump is no fault.
};

/// A moment of a clock that does not jump.
using Age = std::chrono::milliseconds;
Age age_now();

/// Threads: one at a time.
class PostgresCollector {
 public:
    /// Figures of the server as a whole are read through the first database.
    PostgresCollector(std::vector<Target> databases, Limits limits);
    PostgresCollector(const PostgresCollector&) = delete;
    PostgresCollector& operator=(const PostgresCollector&) = delete;
    ~PostgresCollector();

    /// Adds what is due, or everything, and what is carried over from the reading before. Throws
    /// nothing but interrupted.
    void read(Sample& sample, bool everything = false);
    const Queries& queries() const { return queries_; }
    /// The connection to the first database, for questions in between; nothing while it is away.
    pg::Connection* connection();

    /// Name of the lock by which one of several daemons collects.
    static constexpr const char* lock_name = "monitor";
    /// Whether this collector is the one that collects on the server: takes the lock with its own
    /// connection, and keeps it as long as that lives. A server
    /// that is away is everybody's turn.
    bool take_turn();

 private:
    struct Place;
    struct Carried;
    bool connect(Place& place, Sample& sample);
    bool is_held_by_lost_session(pg::Connection& connection) const;
    /// Whether the connection held to the end.
    bool read_place(Place& place, bool is_first, bool is_due, Sample& sample);
    void read_statements(Place& place, Sample& sample);
    void carry_over(Sample& sample) const;
    void keep(const Sample& sample);
    void track_slots(Sample& sample);
    void read_what_is_off(Place& place);

    Limits limits_;
    std::vector<std::unique_ptr<Place>> places_;
    Queries queries_;
    std::optional<Age> expensive_at_;
    Sample carried_;                ///< What was expensive.
    std::vector<std::string> off_;  ///< Of the settings by which the server measures.
    struct Inactive {
        Age since{};
        bool is_sure = false;  ///< Else it was so when we began, and may have been for long.
    };
    std::map<std::string, Inactive> inactive_;  ///< Slots by name.
    bool has_seen_slots_ = false;
    bool has_lock_ = false;
    /// The session that took the lock last, which may be one that we had to give up.
    int lock_session_ = 0;
};

}  // namespace caisson::monitor

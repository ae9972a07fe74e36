// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A group of figures that one or two statements read together: what fails, fails by the group.
/// Private to this module.

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "drivers/pg/connection.h"
#include "drivers/pg/statement.h"
#include "operations/monitor/collect/limits.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::monitor {

/// What a group reads with, and what it fills.
struct Collecting {
    pg::Connection& connection;
    const Limits& limits;
    std::string datname;  ///< Of the connection.
    Sample& sample;

    int version() const { return connection.server_version() / 10'000; }
    /// The figures of a row: metric and column. NULL gives no reading.
    void add(const pg::Row& row, const Labels& labels,
             std::initializer_list<std::pair<std::string_view, std::string_view>> figures);
    /// Of rows that are bounded and whose column `number` is how many there are: says how many have
    /// no figures.
    void count_left_out(std::string_view what, const pg::Result& rows);
};

enum class Scope { server, database };
enum class Pace { every, expensive };

struct Group {
    std::string_view name;
    Scope scope;
    Pace pace;
    void (*read)(Collecting&);
};
std::span<const Group> groups();

/// The values of these columns as labels of the same names.
Labels labels_of(const pg::Row& row, std::initializer_list<std::string_view> columns);

/// Who is behind the figures of sessions (a row with `used_percent`, `longest_idle`, `oldest` and
/// `longest`), and who holds up those that wait. What cannot be told leaves the figures as they
/// are.
void add_session_witnesses(Collecting& reading, const pg::Row& figures);
void add_prepared_witness(Collecting& reading);
void add_lock_witnesses(Collecting& reading);

void read_server(Collecting&);
void read_settings(Collecting&);
void read_activity(Collecting&);
void read_locks(Collecting&);
void read_databases(Collecting&);
void read_sizes(Collecting&);
void read_tables(Collecting&);
void read_bloat(Collecting&);
void read_indexes(Collecting&);
void read_sequences(Collecting&);
void read_replication(Collecting&);
void read_slots(Collecting&);
void read_archiver(Collecting&);
void read_wal(Collecting&);
void read_checkpoints(Collecting&);
void read_vacuum(Collecting&);

}  // namespace caisson::monitor

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What rules judge: a database, its server and its statistics as values, at one moment. Ages and
/// times are seconds, sizes bytes, names unquoted.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace caisson::advice {

/// Where rules begin to speak. Tests scale sizes and times down, and say so.
struct Limits {
    double statistics_age = 7 * 86'400;  ///< Before "never used" means anything.
    std::uint64_t unused_index_bytes = 100'000'000;
    std::int64_t foreign_key_rows = 1'000;
    double bloat_part = 0.5;
    std::uint64_t bloat_bytes = 100'000'000;
    double wraparound_warning = 0.50;
    double wraparound_critical = 0.75;
    double idle_in_transaction = 300;
    double index_use = 0.95;
    std::int64_t scanned_rows = 10'000;  ///< Of a table that is worth an index.
    std::int64_t scans = 100;
    double cache_hits = 0.99;
    double requested_checkpoints = 0.5;
    std::int64_t checkpoints = 10;  ///< Fewer tell nothing.
    double temporary_files_per_hour = 10;
    std::int64_t dead_rows = 10'000;
    double sequence_part = 0.85;
    std::uint64_t slot_bytes = 1'000'000'000;
    double partial_nulls = 0.5;
    std::int64_t partial_rows = 100'000;
    double filtered_rows = 0.1;  ///< An index pays where at most so much of a table is wanted.
    double cost_gain = 0.5;      ///< Of a plan, before an index is advised.
    double statement_milliseconds = 1'000;  ///< That a statement took in all, to be looked at.
    double write_milliseconds = 0.02;       ///< What one more index costs each row that is written.
    std::int64_t repeated_calls = 1'000;
    double repeated_per_parent = 10;
};

/// What is read at once. What could not be read is not empty: rules that need it cannot judge.
enum class Group {
    server,
    tables,
    indexes,
    foreign_keys,
    sessions,
    replicas,
    statements,
    sequences,
    columns,
    plans,
    counters  ///< What the server counts of tables, indexes and databases: only while it is told
              ///< to.
};

/// A key column of an index as far as indexes are compared by it.
struct IndexKey {
    std::string text{};  ///< Column name or expression.
    std::string rest{};  ///< Operator class, collation, order: equal texts mean equal.
    bool is_column = true;
    bool is_natural = true;  ///< Collates as the column does, so that it serves its comparisons.
};

struct Index {
    std::uint32_t oid = 0;
    std::string schema{};
    std::string table{};
    std::string name{};
    std::string definition{};  ///< CREATE INDEX as the server writes it; empty: Facts::locked.
    std::string method = "btree";
    std::vector<IndexKey> keys{};
    std::vector<std::string> included{};
    std::string predicate{};
    bool is_unique = false;
    bool is_immediate = true;        ///< Whether a unique one is checked at once, not at the end.
    bool nulls_are_distinct = true;  ///< Whether a unique one takes NULL more than once.
    bool backs_constraint = false;   ///< Primary key, unique or exclusion constraint.
    bool is_replica_identity = false;
    bool is_valid = true;
    bool is_partitioned = false;  ///< The index of a partitioned table.
    bool is_partition = false;    ///< Belongs to one of a partitioned table.
    bool is_being_built = false;  ///< Somebody works on it at this moment.
    std::uint64_t bytes = 0;
    std::int64_t scans = 0;
    double rows = -1;  ///< Entries, as last counted; -1: never.
    double fillfactor = 0.9;
    double key_bytes = 0;  ///< Of an entry's values on average; 0: not known.
};

struct Table {
    std::uint32_t oid = 0;
    std::string schema{};
    std::string name{};
    bool is_partitioned = false;
    bool is_partition = false;
    std::string parent{};  ///< `schema.name` of the table it is a partition of.
    bool is_unlogged = false;
    bool has_primary_key = false;
    bool has_identity = false;  ///< A unique index without NULLs, or REPLICA IDENTITY FULL.
    double rows = -1;           ///< As last counted; -1: never.
    std::uint64_t bytes = 0;    ///< Of its heap alone.
    std::vector<std::string> columns{};
    double live_rows = 0;
    double dead_rows = 0;
    std::int64_t sequential_scans = 0;
    std::int64_t sequential_rows = 0;
    std::int64_t index_scans = 0;
    std::int64_t inserts = 0;
    std::int64_t updates = 0;
    std::int64_t hot_updates = 0;
    std::int64_t deletes = 0;
    std::optional<double> vacuumed{};  ///< Seconds since, by whomever; nothing: never.
    std::optional<double> analysed{};
    bool autovacuum = true;    ///< Not switched off for this table or the server.
    double vacuum_limit = 50;  ///< Dead rows at which autovacuum comes: threshold + scale × live.
    double fillfactor = 1;
    double row_bytes = 0;  ///< Of a row with its header on average; 0: not known of a column.
};

/// How a table was read up to a moment.
struct Scans {
    double age = 0;  ///< Seconds since that moment.
    std::int64_t sequential = 0;
    std::int64_t rows = 0;  ///< That sequential ones have read.
    std::int64_t by_index = 0;
};

struct ForeignKey {
    std::string schema{};
    std::string table{};
    std::string name{};
    std::vector<std::string> columns{};
    std::string referenced{};  ///< `schema.name`.
    bool is_partition = false;
};

struct Column {
    std::string schema{};
    std::string table{};
    std::string name{};
    double null_part = 0;
    double distinct = 0;  ///< As in pg_stats: negative is a part of all rows.
    double bytes = 0;     ///< Of a value that is not NULL, on average.
};

struct Sequence {
    std::string schema{};
    std::string name{};
    std::optional<std::int64_t> last{};  ///< Nothing: not used so far, or not readable.
    std::int64_t first = 1;
    std::int64_t bound = 0;  ///< Its greatest value, or its least one where it counts down.
    std::int64_t increment = 1;
    bool cycles = false;
    bool is_readable = true;     ///< Whether somebody we may ask has a right on it.
    std::string type{};          ///< bigint, integer, smallint.
    std::string column{};        ///< `"schema"."table"."column"` it belongs to; empty: none.
    std::string column_type{};   ///< May end before the sequence does.
    std::string column_table{};  ///< Quoted.
    std::string column_name{};   ///< Quoted.
};

struct Session {
    int process = 0;
    std::string user{};
    std::string application{};
    std::string client{};
    double idle = 0;             ///< Seconds in this state.
    double transaction = 0;      ///< Seconds since the transaction began.
    std::string query{};         ///< The last one, without values.
    int blocks = 0;              ///< Sessions that wait for it.
    bool holds_horizon = false;  ///< Whether VACUUM must leave rows because of it.
    std::string started{};       ///< As a timestamptz is written: with the number it is no other.
    bool is_own = false;         ///< Caisson works in it: a backup holds its snapshot so.
};

/// ALTER ROLE … SET, or ALTER DATABASE … SET.
struct RoleSetting {
    std::string role{};    ///< Empty: of all roles.
    bool is_here = false;  ///< In this database, and not in all.
    std::string name{};
    std::string value{};
};

struct Slot {
    std::string name{};
    std::string kind{};
    bool is_active = false;
    std::uint64_t retained = 0;
    std::string status{};       ///< wal_status.
    bool is_receivers = false;  ///< Of one who keeps the log, and asks nothing of indexes.
};

struct DatabaseAge {
    std::string name{};
    double transactions = 0;  ///< Age of its oldest transaction id.
    double multixacts = 0;
};

/// One of pg_stat_statements, of this database.
struct Statement {
    std::int64_t id = 0;
    std::string user{};
    std::string text{};
    std::int64_t calls = 0;
    std::int64_t rows = 0;
    double milliseconds = 0;  ///< Of all calls.
    std::int64_t temporary_blocks = 0;
};

/// An index that is not there, and what it was found to do.
struct Candidate {
    std::string schema{};
    std::string table{};
    std::vector<std::string> columns{};
    bool is_ranged = false;  ///< Whether the last column is compared by order.
    std::string source{};    ///< `plans` or `pg_qualstats`.
    struct Use {
        std::int64_t statement = 0;
        std::string text{};
        std::int64_t calls = 0;
        double milliseconds = 0;  ///< Of all calls, before.
        double before = 0;        ///< Cost of the plan.
        double after = 0;         ///< With the index; as before where it was not tried.
    };
    std::vector<Use> uses{};
    bool is_proven = false;  ///< HypoPG had the planner take it.
    double selectivity = 1;  ///< The part of the table that is wanted.
    std::uint64_t bytes = 0;
};

/// A statement that was to be planned and could not be.
struct Unplanned {
    std::int64_t statement = 0;
    std::string why{};  ///< As the server says it.
};

struct Facts {
    std::string database{};
    int server_version = 0;
    std::optional<double> statistics_age{};  ///< Of the database's counters; nothing: not known.
    std::optional<double> statements_age{};  ///< Of pg_stat_statements; nothing: it is not there.
    std::int64_t evicted_statements = 0;
    int replicas = 0;        ///< Connected to this server, or to one that was read.
    int replicas_named = 0;  ///< That were to be read.
    int replicas_read = 0;   ///< Whose counters are here: each server once, of this cluster.
    std::map<std::string, std::int64_t> replica_scans{};  ///< By `schema.index`, of all replicas.
    std::optional<double> watched_for{};  ///< Seconds since we first looked; nothing: never before.
    /// `schema.index` to seconds since we saw it first: it is at least so old.
    std::map<std::string, double> index_ages{};
    /// By `schema.table`: what was counted before its newest index was made, or a week ago.
    std::map<std::string, Scans> scans_before{};

    std::vector<Table> tables{};
    std::vector<Index> indexes{};
    std::vector<ForeignKey> foreign_keys{};
    std::vector<Column> columns{};  ///< What ANALYZE found.
    std::vector<Sequence> sequences{};
    std::vector<Session> sessions{};  ///< Idle in a transaction.
    std::vector<Slot> slots{};
    std::vector<DatabaseAge> ages{};
    std::vector<Statement> statements{};
    std::vector<Candidate> candidates{};
    std::vector<Unplanned> unplanned{};  ///< Of those that took most time.
    std::size_t looked_at = 0;           ///< How many were to be planned.

    std::int64_t blocks_hit = 0;
    std::int64_t blocks_read = 0;
    std::int64_t temporary_files = 0;
    std::uint64_t temporary_bytes = 0;
    std::int64_t timed_checkpoints = 0;
    std::int64_t requested_checkpoints = 0;
    std::optional<double> checkpoints_age{};
    std::optional<std::uint64_t> wal_bytes{};       ///< Written to the log; nothing: not counted.
    std::optional<double> wal_age{};                ///< Since when it is.
    std::map<std::string, std::string> settings{};  ///< As SHOW writes them.
    std::map<std::string, double> figures{};        ///< The same in bytes and seconds.
    std::vector<RoleSetting> role_settings{};       ///< Of settings that rules change.
    std::vector<std::string> unreadable{};          ///< "sequences: permission denied".
    std::map<Group, std::string> unread{};  ///< Groups that could not be read: of `unreadable`.
    /// Tables (`schema.table`) that another session has locked: what their indexes are defined as
    /// is not known.
    std::set<std::string> locked{};
    /// Schema and name of sequences that another session alters: how far they are is not known.
    std::vector<std::pair<std::string, std::string>> locked_sequences{};

    const Table* table(const std::string& schema, const std::string& name) const;
    const Column* column(const std::string& schema, const std::string& table,
                         const std::string& name) const;
};

}  // namespace caisson::advice

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/samples.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "drivers/pg/quote.h"

namespace caisson::backups::physical {
namespace {

/// One database: `writer` holds the tables still for the moment, `reader` sees them as they are in
/// it.
struct Sampling {
    std::string database;
    std::unique_ptr<pg::Connection> writer;
    std::unique_ptr<pg::Connection> reader;
    std::vector<TableContent> tables;
};

std::string qualified(const TableContent& table) {
    return pg::identifier(table.schema, table.table);
}

pg::Settings settings_of(const trust::Run& run, const platform::Database& database) {
    auto settings = trust::admin_settings(run, database);
    settings.application = "caisson backup";
    // A large table is otherwise read from where another session is.
    settings.session = {
        {"synchronize_seqscans", "off"}, {"extra_float_digits", "1"}, {"datestyle", "ISO"},
        {"intervalstyle", "postgres"},   {"bytea_output", "hex"},     {"timezone", "UTC"},
        {"row_security", "off"}};
    return settings;
}

/// Small ones first: of many tables a little says more than of one table a lot.
std::vector<TableContent> candidates(pg::Connection& connection, const std::string& database,
                                     const SampleLimits& limits) {
    std::vector<TableContent> tables;
    std::uint64_t left = limits.bytes;
    for (const auto row : connection.query(
             "select n.nspname as schema, c.relname as name, pg_relation_size(c.oid)::text as size "
             "from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' "
             "and c.relpersistence = 'p' and n.nspname not in ('pg_catalog', "
             "'information_schema') and pg_relation_size(c.oid) > 0 order by "
             "pg_relation_size(c.oid), n.nspname, c.relname limit $1",
             {limits.tables})) {
        const auto size = std::stoull(row.string("size"));
        if (size > left) {
            break;
        }
        left -= size;
        TableContent table;
        table.database = database;
        table.schema = row.string("schema");
        table.table = row.string("name");
        table.is_sample = true;
        tables.push_back(std::move(table));
    }
    return tables;
}

/// Holds them still. Those that are being written, or are gone meanwhile, are left out.
void hold(Sampling& sampling) {
    auto& connection = *sampling.writer;
    connection.query("begin");
    std::vector<TableContent> held;
    for (auto& table : sampling.tables) {
        connection.query("savepoint sample");
        try {
            connection.query(
                fmt::format("lock table only {} in share mode nowait", qualified(table)));
            held.push_back(std::move(table));
            connection.query("release savepoint sample");
        } catch (const pg::DatabaseError&) {
            connection.query("rollback to savepoint sample");
        }
    }
    sampling.tables = std::move(held);
}

Sampling begin(const trust::Run& run, const platform::Database& database,
               const SampleLimits& limits) {
    Sampling sampling;
    const auto settings = settings_of(run, database);
    sampling.database = trust::database_name(run, database);
    sampling.writer = std::make_unique<pg::Connection>(settings);
    sampling.reader = std::make_unique<pg::Connection>(settings);
    sampling.tables = candidates(*sampling.writer, sampling.database, limits);
    return sampling;
}

}  // namespace

TableContent content_of(pg::Connection& connection, const TableContent& table) {
    TableContent content = table;
    content.rows = 0;
    content.bytes = 0;
    content.is_sample = true;
    Digest digest(Digest::Kind::sha256);
    content.rows = connection.copy_out(fmt::format("copy {} to stdout", qualified(table)),
                                       [&](std::string_view row) {
                                           digest.add(row);
                                           content.bytes += row.size();
                                       });
    content.sha256 = digest.hex();
    return content;
}

Sampled sample_at_point(const trust::Run& run, const std::string& name,
                        const SampleLimits& limits) {
    std::vector<Sampling> samplings;
    for (const auto& database : run.manifest.databases) {
        try {
            samplings.push_back(begin(run, database, limits));
        } catch (const pg::DatabaseError&) {
            throw;
        } catch (const Error& error) {
            // A database that was not made yet has nothing to sample.
            if (error.fact("sqlstate") != "3D000") {
                throw;
            }
        }
    }
    auto server = connect(run);
    for (auto& sampling : samplings) {
        hold(sampling);
    }
    // Whoever wrote one of them has ended by now, and nobody begins before the commit below: what
    // these snapshots see is what stands before the point in the log.
    for (auto& sampling : samplings) {
        sampling.reader->query("begin isolation level repeatable read read only");
        sampling.reader->query("select 1 from pg_class limit 1");
    }
    const auto point =
        server
            .query(
                "select pg_create_restore_point($1)::text as lsn, to_char(clock_timestamp() at "
                "time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as at",
                {name})
            .front();
    for (auto& sampling : samplings) {
        sampling.writer->query("commit");
    }
    Sampled sampled{name, point.string("lsn"), point.string("at"), {}};
    const Stopwatch watch;
    for (auto& sampling : samplings) {
        for (const auto& table : sampling.tables) {
            if (watch.elapsed() > limits.time) {
                break;
            }
            sampled.tables.push_back(content_of(*sampling.reader, table));
        }
        sampling.reader->query("commit");
    }
    return sampled;
}

std::vector<Origin> origins_of(const trust::Run& run) {
    std::vector<Origin> origins;
    for (const auto& database : run.manifest.databases) {
        Origin origin;
        origin.database = trust::database_name(run, database);
        try {
            pg::Connection connection(settings_of(run, database));
            const auto has = [&](const std::string& table) {
                return !connection.query("select to_regclass($1) as found", {table})
                            .front()
                            .is_null("found");
            };
            const auto first = [&](const std::string& query) {
                const auto rows = connection.query(query);
                return rows.empty() ? std::string() : std::string(rows.front().text(0));
            };
            if (has("caisson.identity")) {
                origin.uuid = first("select uuid::text from caisson.identity");
            }
            if (has("caisson.migrations")) {
                origin.migration = first(
                    "select version || case when name = '' then '' else '_' || name end "
                    "from caisson.migrations order by sequence desc limit 1");
            }
            if (has("caisson.structure")) {
                origin.schema_sha256 = first("select hash from caisson.structure");
            }
        } catch (const Error& error) {
            if (error.fact("sqlstate") != "3D000") {
                throw;
            }
            continue;
        }
        origins.push_back(std::move(origin));
    }
    return origins;
}

std::vector<Deviation> deviations_of(
    const std::vector<TableContent>& expected,
    const std::function<pg::Connection(const std::string& database)>& connect) {
    std::vector<Deviation> deviations;
    std::map<std::string, std::unique_ptr<pg::Connection>> sessions;
    for (const auto& table : expected) {
        auto& session = sessions[table.database];
        try {
            if (!session) {
                session = std::make_unique<pg::Connection>(connect(table.database));
                session->script(
                    "set synchronize_seqscans = off; set extra_float_digits = 1; set datestyle = "
                    "'ISO'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set timezone "
                    "= 'UTC'; set row_security = off");
            }
            const auto found = content_of(*session, table);
            if (found.rows != table.rows) {
                deviations.push_back(
                    {table, fmt::format("has {} rows instead of {}", found.rows, table.rows)});
            } else if (found.sha256 != table.sha256) {
                deviations.push_back({table, "has other contents"});
            }
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            deviations.push_back({table, "cannot be read: " + error.message()});
        }
    }
    return deviations;
}

}  // namespace caisson::backups::physical

// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/relay_source.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "serving/cache/marks.h"

namespace caisson::cache {

namespace asio = boost::asio;
using std::chrono::milliseconds;

std::uint64_t number_of(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

namespace {

pg::PoolLimits limits_of_pool() {
    pg::PoolLimits limits;
    limits.max = 1;
    limits.acquire = milliseconds(2'000);
    limits.lane.request = milliseconds(5'000);
    return limits;
}

}  // namespace

RelaySource::RelaySource(asio::any_io_executor on, const pg::Settings& from)
    : pool(on, from, limits_of_pool()), listener(on, from, {outbox_channel}) {}

asio::awaitable<SourceNews> RelaySource::look() {
    SourceNews found;
    const auto rows = co_await pool.query(
        pg::Session::nobody(),
        "with now as (select pg_current_snapshot() as snapshot), before as (select "
        "coalesce(nullif($1::text, '')::pg_snapshot, now.snapshot) as snapshot from now) "
        "select now.snapshot::text as snapshot, pg_snapshot_xmin(now.snapshot)::text as open, "
        "(select system_identifier::text from pg_control_system()) || '/' || "
        "left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) as database, "
        "o.xid::text as xid, o.table_name, o.rows::text as rows from now cross join before "
        "left join caisson.cache_outbox as o on o.xid >= pg_snapshot_xmin(before.snapshot) "
        "and not pg_visible_in_snapshot(o.xid, before.snapshot) order by o.id",
        pg::Arguments(snapshot));
    for (const auto row : rows) {
        found.snapshot = row.get<std::string>("snapshot");
        found.database = row.get<std::string>("database");
        found.open = number_of(row.get<std::string>("open"));
        const auto xid = row.get<std::optional<std::string>>("xid");
        if (!xid) {
            continue;
        }
        ++found.rows;
        found.told.push_back(*xid);
        add_tags(found.tags, row.get<std::string>("table_name"),
                 row.get<std::optional<std::string>>("rows"));
    }
    co_return found;
}

asio::awaitable<TriggerPlan> RelaySource::inspect(const std::vector<WatchedTable>& tables) {
    const auto rows = co_await pool.query(pg::Session::nobody(), triggers_query,
                                          pg::Arguments(triggers_argument(tables)));
    co_return triggers_of(tables, rows.front().get<std::string>("found"), Absent::left_out);
}

asio::awaitable<void> RelaySource::clean(double kept) {
    co_await pool.query(
        pg::Session::nobody(),
        "delete from caisson.cache_outbox where id in (select id from caisson.cache_outbox "
        "where xid < pg_snapshot_xmin($1::text::pg_snapshot) and at < now() - "
        "make_interval(secs => $2::float8) limit 10000)",
        pg::Arguments(snapshot, kept));
}

}  // namespace caisson::cache

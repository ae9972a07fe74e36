// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// For tests: a shop's database on a real server, read and judged as it is in earnest.

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "drivers/pg/quote.h"
#include "operations/monitor/advice/advice.h"
#include "operations/monitor/advice/read.h"
#include "tests/support/postgres.h"

namespace caisson::advice {

/// A database with the roles that read it, and one of an application.
class Shop : public testing::Test {
 protected:
    Shop() : admin_(database_.settings()) {
        for (const std::string role : {"monitor", "advisor", "app"}) {
            admin_.script(
                fmt::format("create role {} login password 'secret'", pg::identifier(name(role))));
        }
        admin_.script(fmt::format(
            "create extension pg_stat_statements; create extension hypopg;"
            "grant pg_monitor to {0}; alter default privileges grant select on tables to {1};"
            "alter default privileges grant select on sequences to {1};"
            "alter default privileges grant all on tables to {2}",
            pg::identifier(name("monitor")), pg::identifier(name("advisor")),
            pg::identifier(name("app"))));
    }
    ~Shop() override {
        for (const std::string role : {"monitor", "advisor", "app"}) {
            admin_.script(
                fmt::format("drop owned by {0}; drop role {0}", pg::identifier(name(role))));
        }
    }
    std::string name(const std::string& role) const { return database_.name() + "_" + role; }
    pg::Connection as(const std::string& role) const {
        auto settings = database_.settings();
        settings.user = name(role);
        settings.password = Secret("secret");
        settings.application = role;
        return pg::Connection(settings);
    }
    Judgement advise(const Limits& limits = {}) {
        auto monitor = as("monitor");
        auto advisor = as("advisor");
        facts_ = read({.monitor = monitor,
                       .advisor = &advisor,
                       .replicas = {},
                       .own_roles = {"postgres", name("monitor"), name("advisor")}},
                      limits);
        return judge(facts_, limits);
    }
    /// Once the statistics of ended sessions have arrived.
    void settle() { settle(admin_); }
    static void settle(pg::Connection& connection) {
        connection.query("select pg_stat_force_next_flush()");
        connection.query("select 1");
    }
    /// Until each new session has it.
    void set_in_server(const std::string& setting, const std::string& value) {
        admin_.query(fmt::format("alter system set {} = '{}'", setting, value));
        admin_.query("select pg_reload_conf()");
        while (pg::Connection(database_.settings())
                   .query("show " + setting)
                   .front()
                   .text(std::size_t{0}) != value) {
        }
    }
    /// What loading has written is no workload.
    void forget_load() {
        settle();
        admin_.query("select pg_stat_reset_single_table_counters('orders'::regclass)");
    }

    test::Database database_;
    pg::Connection admin_;
    Facts facts_;
};

/// Sizes and times of a database that is minutes old; the parts are those of the rules.
inline Limits scaled() {
    Limits limits;
    limits.statistics_age = 0;
    limits.unused_index_bytes = 1'000'000;
    limits.bloat_bytes = 1'000'000;
    limits.idle_in_transaction = 0.01;
    limits.partial_rows = 10'000;
    limits.slot_bytes = 1;
    limits.statement_milliseconds = 20;
    return limits;
}

inline constexpr std::string_view orders = R"sql(
create table customers (id integer primary key, name text not null, region integer not null);
insert into customers select i, 'name ' || i, i % 40 from generate_series(1, 2000) i;
create table orders (
    id bigint generated always as identity primary key,
    customer integer not null references customers,
    reference text not null, note text, cancelled_at timestamptz, at timestamptz not null);
insert into orders (customer, reference, note, cancelled_at, at)
select 1 + i % 2000, 'r' || i, 'note ' || i, case when i % 10 = 0 then now() end,
       timestamptz '2026-01-01' + i * interval '1 minute' from generate_series(1, 60000) i;
)sql";

}  // namespace caisson::advice

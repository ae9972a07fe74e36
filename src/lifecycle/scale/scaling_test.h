// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lifecycle/scale/scale.h"
#include "tests/support/postgres.h"
#include "trust/catalogue.h"
#include "trust/identity.h"

namespace caisson::scale {

/// An empty PostgreSQL with tracking installed, and a scale.toml for it.
class Scaling : public testing::Test {
 protected:
    Scaling() {
        std::vector<trust::CatalogueStep> steps = {trust::identity_step()};
        for (auto* const steps_of : {seeds::catalogue_steps, scale::catalogue_steps}) {
            for (auto& step : steps_of()) {
                steps.push_back(std::move(step));
            }
        }
        trust::install_catalogue(connection_, steps);
        manifest_.directory = directory_.path();
        manifest_.databases.resize(1);
        manifest_.databases[0].key = "main";
    }

    void sql(const std::string& text) { connection_.script(text); }
    /// The only value of a query, as text.
    std::string one(const std::string& query) {
        return std::string(connection_.query(query).front().text(std::size_t{0}));
    }
    /// A digest of all rows of a table, whatever their order.
    std::string contents(const std::string& table) {
        return one("select coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '') from " +
                   table + " t");
    }
    File file(const std::string& text) {
        directory_.write("seeds/scale.toml", text);
        return *load(manifest_, manifest_.databases[0]);
    }
    std::function<pg::Connection()> connect() {
        return [this] { return pg::Connection(database_.settings()); };
    }
    Report make(const std::string& text, Options options = {}) {
        options.owner = [this]() -> pg::Connection& { return connection_; };
        return apply(connect(), file(text), options);
    }
    seeds::Cleared take_back(seeds::Options options = {}) {
        options.claims = claims(connection_);
        return seeds::clear(connection_, {}, options);
    }
    /// What making is refused with.
    Error refusal(const std::string& text, const Options& options = {}) {
        try {
            make(text, options);
        } catch (const Error& error) {
            return error;
        }
        return Error(Code::internal, "nothing was refused");
    }

    test::Directory directory_;
    test::Database database_;
    pg::Connection connection_{database_.settings()};
    platform::Manifest manifest_;
};

/// Customers, their orders and the lines of these.
inline constexpr const char* shop_tables = R"sql(
create table customers (id uuid primary key, email text not null unique, country text not null,
    level text, created_at timestamptz not null, note text, updated_at timestamptz not null default now());
create table orders (id bigint generated always as identity primary key,
    customer_id uuid not null references customers, placed_at timestamptz not null,
    total numeric(12, 2) not null check (total >= 0), details jsonb not null default '{}');
create index on orders (customer_id);
create table lines (order_id bigint not null references orders, place smallint not null,
    code text not null, tags text[], address inet, primary key (order_id, place));
)sql";
inline constexpr const char* shop_file = R"toml(
seed = 11
[tables.lines.columns]
order_id = { make = "reference", to = "orders.id", each = [0, 3] }
place = { make = "position", of = "order_id" }
code = { make = "template", text = "{letters:2}-{digits:4}" }
tags = { make = "array", of = ["new", "gift"], count = [0, 2], nulls = 0.1 }
address = { make = "template", text = "10.{number:0-255}.{number:0-255}.1" }

[tables.customers]
rows = 2000
[tables.customers.columns]
id = "uuid"
_name = "person"
email = { make = "template", text = "{_name:slug}.{n}@example.com" }
country = { make = "choice", of = { DE = 5, FR = 3, SG = 1 } }
level = { make = "choice", of = ["gold", "silver"], nulls = 0.5 }
created_at = { make = "time", from = "2024-01-01", to = "2026-01-01", shape = "ordered" }

[tables.orders]
rows = 5000
[tables.orders.columns]
id = { make = "sequence", from = 1000 }
customer_id = { make = "reference", to = "customers.id", shape = "zipf" }
_since = { make = "copy", of = "customer_id.created_at" }
placed_at = { make = "time", after = "_since", within = "90d" }
total = { make = "decimal", from = 1, to = 5000, shape = "exponential" }
details = { make = "json", of = { channel = { make = "choice", of = ["web", "shop"] } } }
)toml";

}  // namespace caisson::scale

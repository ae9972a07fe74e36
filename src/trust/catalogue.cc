// SPDX-License-Identifier: Apache-2.0
#include "trust/catalogue.h"

#include <algorithm>

#include <fmt/format.h>

namespace caisson::trust {

CatalogueStep identity_step() {
    return {1, "identity", R"sql(
create schema caisson;
comment on schema caisson is 'What Caisson keeps about this database. Removed by: caisson db detach';
create table caisson.catalogue (
    step        integer primary key,
    description text not null,
    applied_at  timestamptz not null default now(),
    applied_by  text not null default session_user
);
comment on table caisson.catalogue is 'The steps by which this schema was made';
create table caisson.identity (
    only_row          boolean primary key default true check (only_row),
    platform          text not null,
    database          text not null,
    environment       text not null,
    uuid              uuid not null,
    system_identifier text not null,
    database_oid      text not null,
    created_at        timestamptz not null default now()
);
comment on table caisson.identity is 'Whose database this is; bound to this very server and database'
)sql"};
}

int catalogue_version(pg::Connection& connection) {
    if (connection.query("select to_regclass('caisson.catalogue') is not null as there")
            .front()
            .text("there") != "t") {
        return 0;
    }
    return static_cast<int>(
        connection.query("select coalesce(max(step), 0) as step from caisson.catalogue")
            .front()
            .integer("step"));
}

std::vector<CatalogueStep> install_catalogue(pg::Connection& connection,
                                             const std::vector<CatalogueStep>& steps) {
    auto ordered = steps;
    std::sort(ordered.begin(), ordered.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    std::vector<int> found;
    if (catalogue_version(connection) > 0) {
        for (const auto row : connection.query("select step from caisson.catalogue")) {
            found.push_back(static_cast<int>(row.integer("step")));
        }
    }
    for (const int step : found) {
        if (std::none_of(ordered.begin(), ordered.end(),
                         [&](const auto& known) { return known.number == step; })) {
            throw Error(
                Code::catalogue_newer,
                fmt::format("the schema caisson has step {}, which this version does not know",
                            step));
        }
    }
    std::vector<CatalogueStep> missing;
    std::copy_if(ordered.begin(), ordered.end(), std::back_inserter(missing),
                 [&](const auto& step) {
                     return std::find(found.begin(), found.end(), step.number) == found.end();
                 });
    if (missing.empty()) {
        return missing;
    }
    pg::Transaction transaction(connection);
    for (const auto& step : missing) {
        connection.script(step.sql);
        connection.query("insert into caisson.catalogue (step, description) values ($1, $2)",
                         {step.number, step.description});
    }
    transaction.commit();
    return missing;
}

void remove_catalogue(pg::Connection& connection) {
    connection.query("drop schema if exists caisson cascade");
}

}  // namespace caisson::trust

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// For tests: a database, and a collector as a role that has pg_monitor and nothing else.

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "drivers/pg/quote.h"
#include "operations/monitor/collect/collector.h"
#include "tests/support/postgres.h"

namespace caisson::monitor {

class Collect : public testing::Test {
 protected:
    Collect() : admin(database.settings()), role(database.name() + "_monitor") {
        admin.script(
            fmt::format("create role {0} login password 'watches'; grant pg_monitor to {0}; "
                        "grant usage on schema public to {0}; "
                        "create extension if not exists pg_stat_statements;",
                        pg::identifier(role)));
    }
    ~Collect() override {
        admin.script(fmt::format("drop owned by {0}; drop role {0}", pg::identifier(role)));
    }

    Targets targets() const {
        auto settings = database.settings();
        settings.user = role;
        settings.password = Secret("watches");
        Targets made;
        made.databases = {{database.name(), settings}};
        return made;
    }
    Sample sample() {
        Collector collector(targets(), limits);
        return collector.collect(true);
    }
    Labels here() const { return {{"datname", database.name()}}; }
    Labels table(const std::string& name) const {
        return {{"datname", database.name()}, {"schemaname", "public"}, {"relname", name}};
    }

    test::Database database;
    pg::Connection admin;
    std::string role;
    Limits limits;
};

}  // namespace caisson::monitor

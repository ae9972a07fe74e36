// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lifecycle/seeds/seeds.h"
#include "tests/support/postgres.h"
#include "trust/catalogue.h"

namespace caisson::seeds {

/// A platform with one database and an empty PostgreSQL to seed, with tracking installed.
class Seeding : public testing::Test {
 protected:
    Seeding() {
        manifest_.directory = directory_.path();
        manifest_.databases.resize(1);
        manifest_.databases[0].key = "main";
        trust::install_catalogue(connection_, steps());
    }

    static std::vector<trust::CatalogueStep> steps() {
        auto steps = catalogue_steps();
        steps.push_back(trust::identity_step());
        return steps;
    }

    void sql(const std::string& text) { connection_.script(text); }
    /// The only value of a query, as text.
    std::string one(const std::string& query) {
        return std::string(connection_.query(query).front().text(std::size_t{0}));
    }
    void write(const std::string& name, const std::string& text) {
        directory_.write("seeds/" + name, text);
    }
    void declare(const std::string& table, std::vector<std::string> key,
                 std::map<std::string, std::string> columns = {}) {
        platform::SeedTable declared;
        declared.table = table;
        declared.key = std::move(key);
        declared.columns = std::move(columns);
        declared.place = {"caisson.toml", 7, 1};
        manifest_.seeds.push_back(declared);
    }
    Seeds load_all() { return load(manifest_, manifest_.databases[0]); }
    Report seed(const Options& options = {}) { return apply(connection_, load_all(), options); }
    /// What the seeds are refused with.
    Error refusal() {
        try {
            seed();
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

}  // namespace caisson::seeds

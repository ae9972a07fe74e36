// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// For the tests of this module: a platform with migrations, and shadows for it.

#include <algorithm>

#include "base/error.h"
#include "lifecycle/proof/proof.h"
#include "lifecycle/provision/provision.h"
#include "tests/support/postgres.h"

namespace caisson::proof {

struct Bench {
    Bench() {
        fs::permissions(directory.path(), fs::perms::all);
        run.manifest.name = "lumina";
        run.manifest.directory = directory.path();
        platform::Database database;
        database.key = "main";
        database.name = "main_db";
        run.manifest.databases = {database};
        run.manifest.features = {{"blockchain", false}};
        run.environment.name = "local";
        run.environment.is_private = true;
        run.variables = {{"PATH", "/usr/bin:/bin"}};
        run.state.root = shared().path() / "lumina-local";
        run.state.sockets = run.state.root / "run";
        fs::permissions(shared().path(), fs::perms::all);
    }
    void write(const std::string& name, std::string_view text) const {
        directory.write(fs::path("migrations") / name, text);
    }
    /// A migration with its way back.
    void write(const std::string& title, std::string_view up, std::string_view down) const {
        write(title + ".sql", up);
        write(title + ".down.sql", down);
    }
    const platform::Database& database() const { return run.manifest.databases.front(); }
    std::vector<trust::CatalogueStep> catalogue() const {
        std::vector<trust::CatalogueStep> steps = {trust::identity_step(), provision::rights_step(),
                                                   migrations::history_step()};
        for (auto& step : seeds::catalogue_steps()) {
            steps.push_back(std::move(step));
        }
        return steps;
    }
    shadow::Shadow open() const { return shadow::open(run, database(), catalogue()); }
    std::vector<migrations::Migration> files() const {
        return sources::load({{"migrations", directory.path() / "migrations", "plain"}},
                             run.manifest.features);
    }
    Request request() const {
        Request request;
        request.database = "main_db";
        request.files = files();
        request.features = run.manifest.features;
        request.seeds = seeds::load(run.manifest, database());
        return request;
    }
    Proof prove() const {
        return proof::prove(request(), {[this] { return open(); }});
    }

    /// Where shadows lie: all tests share one template, which takes a second to make.
    static const test::Directory& shared() {
        static const test::Directory directory;
        return directory;
    }

    test::Directory directory;
    trust::Run run;
};

/// "rows_lost 002_b.down.sql", one for each finding.
inline std::vector<std::string> ids(const Proof& proof) {
    std::vector<std::string> list;
    for (const auto& finding : proof.findings) {
        const auto file = fs::path(finding.place.file).filename().string();
        list.push_back(finding.id + " " + file.substr(0, file.find(".sql") + 4));
    }
    return list;
}

/// "proven proven failed", one for each file.
inline std::string outcomes(const Proof& proof) {
    std::string text;
    for (const auto& file : proof.files) {
        text += (text.empty() ? "" : ", ") + std::string(name_of(file.outcome));
    }
    return text;
}

}  // namespace caisson::proof

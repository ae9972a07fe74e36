// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// For the tests of this module: a small platform with two isolated tables, and what is planted in
/// it.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "lifecycle/provision/provision.h"
#include "protection/isolation/isolation.h"
#include "tests/support/postgres.h"

namespace caisson::isolation {

/// Users have notes, notes have tags; each tenant sees their own. Nothing leaks.
constexpr std::string_view sound = R"sql(
create table users (id uuid primary key default gen_random_uuid(), email text not null);
create table notes (
    id uuid primary key default gen_random_uuid(), user_id uuid not null references users on delete cascade,
    kind text not null default 'memo' check (kind in ('memo', 'plan')), body text not null check (btrim(body) <> ''));
create index on notes (user_id);
create table tags (
    id uuid primary key default gen_random_uuid(), note_id uuid not null references notes on delete cascade,
    word text not null check (word ~ '^[a-z]+$'), unique (note_id, word));
create table topics (code text primary key check (code ~ '^[A-Z]{3}$'), title text not null);
create function me() returns uuid language sql stable as
    $$ select nullif(current_setting('app.current_user_id', true), '')::uuid $$;
alter table notes enable row level security, force row level security;
alter table tags enable row level security, force row level security;
create policy notes_own on notes using (user_id = (select me()));
create policy tags_own on tags using (note_id = any (array(select id from notes where user_id = (select me()))));
create view my_tags with (security_invoker) as select n.user_id, t.word from notes n join tags t on t.note_id = n.id;
revoke all on users from main_db_app, main_db_readonly, main_db_advisor, main_db_auditor;
)sql";

struct Bench {
    /// What is planted is a migration of its own; the administrator's where it says so.
    explicit Bench(const std::string& planted = {}, bool as_admin = false) {
        fs::permissions(directory.path(), fs::perms::all);
        run.manifest.name = "desk";
        run.manifest.directory = directory.path();
        platform::Database database;
        database.key = "main";
        database.name = "main_db";
        run.manifest.databases = {database};
        run.environment.name = "local";
        run.environment.is_private = true;
        run.variables = {{"PATH", "/usr/bin:/bin"}};
        run.state.root = shared().path() / "desk-local";
        run.state.sockets = run.state.root / "run";
        fs::permissions(shared().path(), fs::perms::all);
        directory.write("migrations/001_desk.sql", sound);
        sources.push_back({"migrations", directory.path() / "migrations", "plain"});
        if (!planted.empty()) {
            directory.write("planted/001_planted.sql", planted);
            sources.push_back({"planted", directory.path() / "planted", "plain", as_admin});
        }
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
    Report prove(std::map<std::string, std::string> users = {},
                 std::map<std::string, std::string> unknown_users = {}) const {
        const Request request{run,
                              database(),
                              caisson::sources::load(sources, run.manifest.features),
                              run.manifest.features,
                              seeds::load(run.manifest, database()),
                              std::move(users),
                              std::move(unknown_users)};
        std::vector<Report> reports;
        reports.push_back(isolation::prove(
            request, {[this] { return shadow::open(run, database(), catalogue()); }}));
        unused = accept(reports, run.manifest.isolation);
        return std::move(reports.front());
    }

    /// Where shadows lie: all tests share one template, which takes a second to make.
    static const test::Directory& shared() {
        static const test::Directory directory;
        return directory;
    }

    test::Directory directory;
    trust::Run run;
    std::vector<platform::Source> sources;
    mutable std::vector<platform::Isolation::Accepted> unused;
};

inline const Finding* find(const Report& report, const std::string& name) {
    for (const auto& finding : report.findings) {
        if (finding.name() == name) {
            return &finding;
        }
    }
    return nullptr;
}

/// What became of a command: `held`, `leaked`, …
inline std::string outcome(const Report& report, const std::string& label,
                           const std::string& command) {
    for (const auto& trial : report.trials) {
        if (trial.label == label) {
            const auto found = trial.commands.find(command);
            return found == trial.commands.end() ? "" : found->second;
        }
    }
    return "";
}

/// Names of findings of at least this severity.
inline std::vector<std::string> names(const Report& report, Severity least = Severity::warning) {
    std::vector<std::string> list;
    for (const auto& finding : report.findings) {
        if (finding.severity >= least) {
            list.push_back(finding.name());
        }
    }
    return list;
}

/// The planted leak is found, shown again by its session, and fails the proof.
inline const Finding& expect_leak(const Report& report, const std::string& name) {
    static const Finding none;
    EXPECT_THAT(names(report), testing::Contains(name)) << to_text(report, false);
    const auto* const finding = find(report, name);
    if (!finding) {
        return none;
    }
    EXPECT_EQ(finding->severity, Severity::error);
    EXPECT_TRUE(finding->is_reproduced) << finding->session;
    EXPECT_FALSE(report.holds());
    return *finding;
}

}  // namespace caisson::isolation

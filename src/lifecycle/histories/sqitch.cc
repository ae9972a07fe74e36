// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "lifecycle/histories/sqitch_ids.h"
#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

using sources::Migration;

/// Name and address of whoever deploys.
struct Person {
    std::string name;
    std::string email;
};

Person person_of(const Occasion& occasion) {
    const auto mail = occasion.by.rfind(" <");
    if (mail != std::string::npos && occasion.by.ends_with('>')) {
        return {occasion.by.substr(0, mail),
                occasion.by.substr(mail + 2, occasion.by.size() - mail - 3)};
    }
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    const auto name = occasion.by.empty() ? current_account().name : occasion.by;
    return {name, fmt::format("{}@{}", current_account().name, host.data())};
}

/// The schema sqitch: what is deployed stands in `changes`, with tags and dependencies; `events` is
/// the log of everything that was ever done.
/// Source: sqitch's lib/App/Sqitch/Engine/pg.sql, Engine/pg.pm and Role/DBIEngine.pm.
class Sqitch final : public TableHistory {
 public:
    Sqitch(const platform::Source& source, const std::vector<Migration>& files)
        : TableHistory(
              {"sqitch",
               sources::sqitch::read_project(sources::Folder(source.path)).registry + ".changes",
               {"change_id", "project", "committer_name"},
               75474063},
              source, files) {
        std::vector<sources::Mistake> heard_before;
        plan_ = sources::sqitch::read_plan(sources::Folder(source.path), source.name, heard_before);
        ids_ = sqitch_ids(plan_);
    }

    std::string create_sql() const override;

    std::string applied_sql(const Migration& migration, const Occasion& occasion) const override {
        const auto index = index_of(migration);
        if (index == plan_.changes.size()) {
            return "";
        }
        const auto& change = plan_.changes[index];
        const auto id = pg::literal(ids_.changes[index]);
        const auto by = person_of(occasion);
        const auto project = pg::literal(plan_.project);
        // sqitch locks this table while it writes; releases before 1.3 have no other lock.
        auto sql = fmt::format("lock table {} in exclusive mode nowait;", table());
        sql += fmt::format(
            "insert into {} (project, uri, creator_name, creator_email) values ({}, {}, {}, {}) on "
            "conflict do nothing;",
            of("projects"), project, plan_.uri.empty() ? "null" : pg::literal(plan_.uri),
            pg::literal(by.name), pg::literal(by.email));
        sql += fmt::format(
            "insert into {} (change_id, script_hash, change, project, note, committer_name, "
            "committer_email, planned_at, planner_name, planner_email, committed_at) values ({}, "
            "{}, {}, {}, {}, {}, {}, {}, clock_timestamp());",
            table(), id,
            migration.tool_checksum.empty() ? "null" : pg::literal(migration.tool_checksum),
            pg::literal(change.name), project, pg::literal(change.note), pg::literal(by.name),
            pg::literal(by.email), planned(change));
        const auto required = sqitch_dependencies(plan_, index, false);
        const auto conflicts = sqitch_dependencies(plan_, index, true);
        const auto depends = [&](std::string_view type, const std::string& on,
                                 const std::string& on_id) {
            sql += fmt::format(
                "insert into {} (change_id, type, dependency, dependency_id) values ({}, '{}', {}, "
                "{});",
                of("dependencies"), id, type, pg::literal(on), on_id);
        };
        for (const auto& one : required) {
            depends("require", one, resolved(one, index));
        }
        for (const auto& one : conflicts) {
            depends("conflict", one, "null");
        }
        for (std::size_t i = 0; i < change.tags.size(); ++i) {
            const auto& tag = change.tags[i];
            sql += fmt::format(
                "insert into {} (tag_id, tag, project, change_id, note, committer_name, "
                "committer_email, planned_at, planner_name, planner_email, committed_at) values "
                "({}, {}, {}, {}, {}, {}, {}, {}, clock_timestamp());",
                of("tags"), pg::literal(ids_.tags[index][i]), pg::literal("@" + tag.name), project,
                id, pg::literal(tag.note), pg::literal(by.name), pg::literal(by.email),
                planned(tag));
        }
        return sql + event_sql("deploy", index, array(tag_names(change)), array(required),
                               array(conflicts), by);
    }

    std::string reverted_sql(const Migration& migration, const Occasion& occasion) const override {
        const auto index = index_of(migration);
        if (index == plan_.changes.size()) {
            return "";
        }
        const auto id = pg::literal(ids_.changes[index]);
        const auto told = [&](std::string_view type) {
            return fmt::format(
                "array(select dependency from {} where change_id = {} and type = '{}')",
                of("dependencies"), id, type);
        };
        return fmt::format("lock table {} in exclusive mode nowait;", table()) +
               event_sql(
                   "revert", index,
                   fmt::format("array(select tag from {} where change_id = {})", of("tags"), id),
                   told("require"), told("conflict"), person_of(occasion)) +
               fmt::format(
                   "delete from {0} where change_id = {2}; delete from {1} where change_id "
                   "= {2};",
                   of("tags"), table(), id);
    }

 private:
    std::string of(std::string_view table_name) const {
        return pg::identifier(name().schema, table_name);
    }

    template <typename Line>
    static std::string planned(const Line& line) {
        return fmt::format("{}::timestamptz, {}, {}", pg::literal(line.planned_at),
                           pg::literal(line.planner_name), pg::literal(line.planner_email));
    }

    static std::vector<std::string> tag_names(const sources::sqitch::Change& change) {
        std::vector<std::string> list;
        for (const auto& tag : change.tags) {
            list.push_back("@" + tag.name);
        }
        return list;
    }

    static std::string array(std::vector<std::string> texts) {
        for (auto& text : texts) {
            text = pg::literal(text);
        }
        return fmt::format("array[{}]::text[]", join(texts, ", "));
    }

    std::string event_sql(std::string_view event, std::size_t index, const std::string& tags,
                          const std::string& required, const std::string& conflicts,
                          const Person& by) const {
        const auto& change = plan_.changes[index];
        return fmt::format(
            "insert into {} (event, change_id, change, project, note, tags, requires, conflicts, "
            "committer_name, committer_email, planned_at, planner_name, planner_email, "
            "committed_at) values ('{}', {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, "
            "clock_timestamp());",
            of("events"), event, pg::literal(ids_.changes[index]), pg::literal(change.name),
            pg::literal(plan_.project), pg::literal(change.note), tags, required, conflicts,
            pg::literal(by.name), pg::literal(by.email), planned(change));
    }

    /// A change of another project is looked up where it was deployed.
    std::string resolved(const std::string& dependency, std::size_t index) const {
        const auto colon = dependency.find(':');
        if (colon == std::string::npos) {
            return pg::literal(sqitch_resolve(plan_, ids_, dependency, index));
        }
        const auto change = dependency.substr(colon + 1);
        return fmt::format(
            "(select change_id from {} where project = {} and change = {} order by committed_at "
            "desc limit 1)",
            table(), pg::literal(dependency.substr(0, colon)),
            pg::literal(change.substr(0, change.find('@'))));
    }

    /// The change of a file; how many there are when it has none.
    std::size_t index_of(const Migration& migration) const {
        const auto at =
            std::find_if(plan_.changes.begin(), plan_.changes.end(),
                         [&](const auto& change) { return change.key() == migration.version; });
        return static_cast<std::size_t>(at - plan_.changes.begin());
    }

    std::string key_of(const Migration& migration) const override {
        const auto index = index_of(migration);
        return index == plan_.changes.size() ? migration.version : ids_.changes[index];
    }

    std::vector<Entry> rows(pg::Connection& connection, const Found& found) const override {
        std::vector<Entry> entries;
        for (const auto row : connection.query(
                 fmt::format("select change_id, change, {} as script_hash, {} as moment, "
                             "committer_name || ' <' || committer_email || '>' as committer from "
                             "{} where project = $1 order by committed_at, change_id",
                             found.has("script_hash") ? "script_hash" : "null", utc("committed_at"),
                             table()),
                 {plan_.project})) {
            const auto key = row.string("change_id");
            auto entry = entry_of(key);
            entry.version = file_of(key) ? entry.version : row.string("change");
            entry.name = entry.name.empty() ? row.string("change") : entry.name;
            entry.checksum = row.string("script_hash");
            entry.applied_at = row.string("moment");
            entry.applied_by = row.string("committer");
            entries.push_back(std::move(entry));
        }
        return entries;
    }

    sources::sqitch::Plan plan_;
    SqitchIds ids_;
};

std::string Sqitch::create_sql() const {
    constexpr std::string_view planned_columns =
        "committed_at timestamptz not null default clock_timestamp(), committer_name text not "
        "null, committer_email text not null, planned_at timestamptz not null, planner_name text "
        "not null, planner_email text not null";
    const auto by = person_of({});
    const auto projects = of("projects");
    const auto project_column =
        fmt::format("project text not null references {}(project) on update cascade", projects);
    return where_missing(
        fmt::format("comment on schema {} is 'Sqitch database deployment metadata v1.1.'; ",
                    pg::identifier(name().schema)) +
        fmt::format("create table {} (version real primary key, installed_at timestamptz not null "
                    "default clock_timestamp(), installer_name text not null, installer_email "
                    "text not null); ",
                    of("releases")) +
        fmt::format("create table {} (project text primary key, uri text null unique, created_at "
                    "timestamptz not null default clock_timestamp(), creator_name text not null, "
                    "creator_email text not null); ",
                    projects) +
        fmt::format("create table {} (change_id text primary key, script_hash text null, change "
                    "text not null, {}, note text not null default '', {}, unique(project, "
                    "script_hash)); ",
                    table(), project_column, planned_columns) +
        fmt::format("create table {} (tag_id text primary key, tag text not null, {}, change_id "
                    "text not null references {}(change_id) on update cascade, note text not null "
                    "default '', {}, unique(project, tag)); ",
                    of("tags"), project_column, table(), planned_columns) +
        fmt::format("create table {0} (change_id text not null references {1}(change_id) on "
                    "update cascade on delete cascade, type text not null, dependency text not "
                    "null, dependency_id text null references {1}(change_id) on update cascade "
                    "constraint dependencies_check check ((type = 'require' and dependency_id is "
                    "not null) or (type = 'conflict' and dependency_id is null)), primary key "
                    "(change_id, dependency)); ",
                    of("dependencies"), table()) +
        fmt::format("create table {} (event text not null constraint events_event_check check "
                    "(event in ('deploy', 'revert', 'fail', 'merge')), change_id text not null, "
                    "change text not null, {}, note text not null default '', requires text[] not "
                    "null default '{{}}', conflicts text[] not null default '{{}}', tags text[] "
                    "not null default '{{}}', {}, primary key (change_id, committed_at)); ",
                    of("events"), project_column, planned_columns) +
        fmt::format("insert into {} (version, installer_name, installer_email) values (1.1, {}, "
                    "{});",
                    of("releases"), pg::literal(by.name), pg::literal(by.email)));
}

}  // namespace

std::unique_ptr<ToolHistory> make_sqitch(const platform::Source& source,
                                         const std::vector<Migration>& files) {
    return std::make_unique<Sqitch>(source, files);
}

}  // namespace caisson::histories

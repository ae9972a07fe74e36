// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "lifecycle/histories/history.h"
#include "tests/support/postgres.h"

namespace caisson::histories {
namespace {

using sources::Kind;
using sources::Migration;

/// A database, and the files of one tool's source.
class TablesTest : public testing::Test {
 protected:
    Migration& file(const std::string& version, const std::string& name, const std::string& path,
                    const std::string& text = "select 1;\n") {
        Migration migration;
        migration.source = "migrations";
        migration.version = version;
        migration.name = name;
        migration.up.location = (folder_ / path).string();
        migration.up.text = text;
        migration.up.checksum = sha256_hex(text);
        migration.tool_checksum = "";
        files_.push_back(migration);
        return files_.back();
    }
    std::unique_ptr<ToolHistory> history(const std::string& format,
                                         const std::optional<std::string>& table = {}) {
        for (auto& migration : files_) {
            migration.format = format;
        }
        return history_of({"migrations", folder_, format, false, table}, files_);
    }
    void run(const std::string& sql) { connection_.script(sql); }
    /// The first column of the rows, joined by blanks.
    std::string ask(const std::string& query) {
        std::string text;
        for (const auto row : connection_.query(query)) {
            text += (text.empty() ? "" : " ") + std::string(row.text(0));
        }
        return text;
    }
    /// `1 2!`: the versions that are applied, with a mark for those that failed.
    std::string applied(const ToolHistory& tool) {
        std::string text;
        const auto entries = tool.read(connection_);
        for (const auto& entry : entries.value()) {
            text += (text.empty() ? "" : " ") + entry.version + (entry.failed ? "!" : "");
        }
        return text;
    }

    fs::path folder_ = "/project/migrations";
    test::Database database_;
    pg::Connection connection_{database_.settings()};
    std::vector<Migration> files_;
};

TEST_F(TablesTest, each_tool_reads_back_what_is_applied_and_reverted) {
    struct Case {
        std::string format;
        std::string one, first, two, second;
    };
    for (const auto& one : {
             Case{"dbmate", "20240101", "20240101_a.sql", "20240102", "20240102_b.sql"},
             Case{"node-pg-migrate", "1700_a", "1700_a.sql", "1701_b", "1701_b.sql"},
             Case{"goose", "1", "00001_a.sql", "2", "00002_b.sql"},
             Case{"diesel", "00000001", "0000-0001_a/up.sql", "00000002", "0000-0002_b/up.sql"},
             Case{"golang-migrate", "000001", "000001_a.up.sql", "000002", "000002_b.up.sql"},
             Case{"sql-migrate", "1_a.sql", "1_a.sql", "2_b.sql", "2_b.sql"},
             Case{"popx", "20240101000000000", "20240101000000000_a.up.sql", "20240102000000000",
                  "20240102000000000_b.up.sql"},
             Case{"supabase", "20240101", "20240101_a.sql", "20240102", "20240102_b.sql"},
             Case{"prisma", "1_a", "1_a/migration.sql", "2_b", "2_b/migration.sql"},
             Case{"graphile-migrate", "000001.sql", "000001.sql", "000002.sql", "000002.sql"},
             Case{"flyway", "1", "V1__a.sql", "2", "V2__b.sql"},
             Case{"atlas", "20240101", "20240101_a.sql", "20240102", "20240102_b.sql"},
             Case{"alembic", "aaa", "versions/aaa_a.py", "bbb", "versions/bbb_b.py"},
         }) {
        SCOPED_TRACE(one.format);
        files_.clear();
        file(one.one, "a", one.first);
        file(one.two, "b", one.second);
        files_[0].tool_checksum = one.format == "flyway" ? "17" : "sha1:a";
        files_[1].tool_checksum = one.format == "flyway" ? "-18" : "sha1:b";
        if (one.format == "alembic") {
            files_[1].parents = {"aaa"};
        }
        files_[1].down = files_[1].up;
        const auto tool = history(one.format);
        ASSERT_TRUE(tool);
        EXPECT_FALSE(tool->read(connection_)) << "no table is something else than an empty one";
        run(tool->create_sql());
        run(tool->create_sql());
        EXPECT_EQ(applied(*tool), "");
        run(tool->applied_sql(files_[0], {}) + tool->applied_sql(files_[1], {}));
        EXPECT_EQ(applied(*tool), one.one + " " + one.two);
        run(tool->reverted_sql(files_[1], {}));
        EXPECT_EQ(applied(*tool), one.one);
        run(tool->applied_sql(files_[1], {}));
        EXPECT_EQ(applied(*tool), one.one + " " + one.two);
        EXPECT_TRUE(tool->try_lock(connection_));
        tool->unlock(connection_);
        EXPECT_EQ(ask("select count(*) from pg_locks where locktype = 'advisory'"), "0");
        run("drop schema public cascade; create schema public; drop schema if exists "
            "supabase_migrations, graphile_migrate, atlas_schema_revisions cascade");
    }
}

TEST_F(TablesTest, a_baseline_is_what_the_tool_would_write) {
    file("1", "a", "V1__a.sql");
    file("1.1", "b_c", "V1_1__b_c.sql");
    file("2", "d", "V2__d.sql");
    const auto flyway = history("flyway");
    run(flyway->create_sql() + flyway->baseline_sql({&files_[0], &files_[1]}, {}));
    EXPECT_EQ(ask("select concat_ws('|', installed_rank, version, description, type, script, "
                  "coalesce(checksum::text, 'null'), execution_time, success) from "
                  "flyway_schema_history"),
              "1|1.1|<< Flyway Baseline >>|BASELINE|<< Flyway Baseline >>|null|0|t");
    EXPECT_EQ(applied(*flyway), "1 1.1");
}

TEST_F(TablesTest, flyway_rows_have_its_checksum_rank_and_spelling) {
    file("1.2", "create_users", "sub/V1_2__create_users.sql").tool_checksum = "-510823241";
    auto& repeatable = file("all views", "", "R__all_views.sql");
    repeatable.kind = Kind::repeatable;
    repeatable.tool_checksum = "5";
    const auto flyway = history("flyway");
    run(flyway->create_sql());
    run(flyway->applied_sql(files_[0], {"Ada <ada@example.com>", std::chrono::milliseconds(12)}) +
        flyway->applied_sql(files_[1], {}));
    EXPECT_EQ(ask("select concat_ws('|', installed_rank, coalesce(version, 'null'), description, "
                  "type, script, checksum, installed_by, success) from flyway_schema_history order "
                  "by 1"),
              "1|1.2|create users|SQL|sub/V1_2__create_users.sql|-510823241|Ada "
              "<ada@example.com>|t 2|null|all views|SQL|R__all_views.sql|5|" +
                  connection_.settings().user + "|t");
    EXPECT_EQ(applied(*flyway), "1.2 all views");
    run("insert into flyway_schema_history values (3, null, 'all views', 'SQL', "
        "'R__all_views.sql', 6, 'x', now(), 1, true), (4, '3', 'x', 'SQL', 'V3__x.sql', 1, 'x', "
        "now(), 1, false), (5, '1.2', 'create users', 'UNDO_SQL', 'U1_2__x.sql', 1, 'x', now(), "
        "1, true)");
    EXPECT_EQ(applied(*flyway), "all views 3!");
    const auto entries = flyway->read(connection_).value();
    EXPECT_FALSE(flyway->matches(files_[1], entries[0])) << "the last row of it counts";
}

TEST_F(TablesTest, flyway_checksums_are_of_the_lines_whatever_ends_them) {
    file("1", "a", "V1__a.sql", "create table a (i int);\r\n\r\ncreate table b (i int);\r\n");
    files_[0].tool_checksum = "1";  // As if placeholders had been replaced.
    const auto flyway = history("flyway");
    Entry entry;
    entry.checksum = "-510823241";
    EXPECT_TRUE(flyway->matches(files_[0], entry));
    entry.checksum = "-510823240";
    EXPECT_FALSE(flyway->matches(files_[0], entry));
}

TEST_F(TablesTest, prisma_accepts_the_line_ends_and_spellings_that_prisma_accepts) {
    file("1_a", "a", "1_a/migration.sql", "a\r\nb\r\n");
    files_[0].tool_checksum = sha256_hex("a\r\nb\r\n");
    const auto prisma = history("prisma");
    const auto matches = [&](const std::string& checksum) {
        Entry entry;
        entry.checksum = checksum;
        return prisma->matches(files_[0], entry);
    };
    EXPECT_TRUE(matches(sha256_hex("a\r\nb\r\n")));
    EXPECT_TRUE(matches(sha256_hex("a\nb\n")));
    EXPECT_FALSE(matches(sha256_hex("a\nb")));
    EXPECT_FALSE(matches("edited"));
    // SHA-256 of "hello", as releases wrote it that left out leading zeros.
    files_[0].up.text = "hello";
    files_[0].tool_checksum = sha256_hex("hello");
    EXPECT_TRUE(matches("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"));
    EXPECT_TRUE(matches("2cf24dba5fb0a3e26e83b2ac5b9e29e1b161e5c1fa7425e7343362938b9824"));
}

TEST_F(TablesTest, a_prisma_row_that_is_neither_finished_nor_rolled_back_has_failed) {
    file("1_a", "a", "1_a/migration.sql");
    const auto prisma = history("prisma");
    run(prisma->create_sql());
    run("insert into _prisma_migrations (id, checksum, migration_name, finished_at, "
        "rolled_back_at) values ('x', 'c', '1_a', null, now()), ('y', 'c', '1_a', now(), null), "
        "('z', 'c', '2_b', null, null)");
    EXPECT_EQ(applied(*prisma), "1_a 2_b!");
    EXPECT_EQ(prisma->remedy(), "prisma migrate resolve");
}

TEST_F(TablesTest, golang_migrate_says_one_version_and_whether_it_is_dirty) {
    file("000001", "a", "000001_a.up.sql");
    file("000002", "b", "000002_b.up.sql");
    file("000010", "c", "000010_c.up.sql");
    const auto tool = history("golang-migrate");
    run(tool->create_sql());
    run("insert into schema_migrations values (2, false)");
    EXPECT_EQ(applied(*tool), "000001 000002");
    run(tool->applied_sql(files_[2], {}));
    EXPECT_EQ(ask("select version || ' ' || dirty from schema_migrations"), "10 false");
    run(tool->applied_sql(files_[1], {}));
    EXPECT_EQ(ask("select version from schema_migrations"), "10") << "never backwards";
    EXPECT_THROW(run(tool->reverted_sql(files_[1], {})), pg::DatabaseError);
    run(tool->reverted_sql(files_[2], {}));
    EXPECT_EQ(ask("select version from schema_migrations"), "2");
    run("update schema_migrations set dirty = true");
    EXPECT_EQ(applied(*tool), "000001 000002!");
}

TEST_F(TablesTest, golang_migrate_locks_by_the_name_of_the_table_and_of_the_database) {
    // Its own rule for ("shop", "public", "schema_migrations") gives 3689236698, and with the slash
    // of the URL's path 2101699660. Here the database has another name: both locks are taken.
    file("1", "a", "1_a.up.sql");
    const auto tool = history("golang-migrate");
    ASSERT_TRUE(tool->try_lock(connection_));
    EXPECT_EQ(ask("select count(distinct objid) from pg_locks where locktype = 'advisory'"), "2");
    pg::Connection other(database_.settings());
    EXPECT_FALSE(tool->try_lock(other));
    tool->unlock(connection_);
    EXPECT_TRUE(tool->try_lock(other));
}

TEST_F(TablesTest, through_a_pooler_a_transaction_takes_the_very_lock_of_the_tool) {
    file("1", "a", "1_a.up.sql");
    for (const auto* format : {"golang-migrate", "prisma", "flyway"}) {
        const auto tool = history(format);
        const auto sql = tool->transaction_lock_sql(connection_);
        pg::Connection other(database_.settings());
        ASSERT_TRUE(tool->try_lock(other));
        try {
            run("begin;" + sql + "commit");
            ADD_FAILURE() << format;
        } catch (const pg::DatabaseError& error) {
            EXPECT_EQ(error.sqlstate, pg::sqlstate::lock_not_available);
            EXPECT_EQ(error.message(), tool->lock_name() + " is held by another run");
        }
        run("rollback");
        tool->unlock(other);
        run("begin; set search_path = '';" + sql);
        EXPECT_FALSE(tool->try_lock(other)) << format;
        run("commit");
        EXPECT_TRUE(tool->try_lock(other)) << format;
    }
    EXPECT_EQ(history("dbmate")->transaction_lock_sql(connection_), "");
}

TEST_F(TablesTest, the_lock_of_flyway_is_that_of_its_table) {
    file("1", "a", "V1__a.sql");
    const auto flyway = history("flyway");
    ASSERT_TRUE(flyway->try_lock(connection_));
    EXPECT_EQ(ask("select classid::bigint << 32 | objid::bigint from pg_locks where locktype = "
                  "'advisory'"),
              "77433833903597");
}

TEST_F(TablesTest, goose_counts_the_latest_row_of_a_version) {
    file("1", "a", "1_a.sql");
    file("2", "b", "2_b.sql");
    const auto goose = history("goose");
    run(goose->create_sql());
    EXPECT_EQ(ask("select version_id || ' ' || is_applied from goose_db_version"), "0 true");
    run("insert into goose_db_version (version_id, is_applied) values (1, true), (2, true), (1, "
        "false)");
    EXPECT_EQ(applied(*goose), "2");
}

TEST_F(TablesTest, alembic_keeps_the_heads_of_a_graph) {
    file("a", "", "versions/a.py");
    file("b", "", "versions/b.py").parents = {"a"};
    file("c", "", "versions/c.py").parents = {"a"};
    file("m", "", "versions/m.py").parents = {"b", "c"};
    const auto alembic = history("alembic");
    const std::string heads =
        "select string_agg(version_num, ' ' order by version_num) from alembic_version";
    run(alembic->create_sql());
    run(alembic->applied_sql(files_[0], {}) + alembic->applied_sql(files_[1], {}));
    EXPECT_EQ(ask(heads), "b");
    run(alembic->applied_sql(files_[2], {}));
    EXPECT_EQ(ask(heads), "b c");
    EXPECT_EQ(applied(*alembic), "a b c");
    run(alembic->applied_sql(files_[3], {}));
    EXPECT_EQ(ask(heads), "m");
    EXPECT_EQ(applied(*alembic), "a b c m");
    run(alembic->reverted_sql(files_[3], {}));
    EXPECT_EQ(ask(heads), "b c");
    run(alembic->reverted_sql(files_[2], {}));
    EXPECT_EQ(ask(heads), "b") << "a stays below b";
    run(alembic->reverted_sql(files_[1], {}));
    EXPECT_EQ(ask(heads), "a");
}

TEST_F(TablesTest, supabase_keeps_the_statements) {
    file("1", "a", "1_a.sql",
         "-- first\ncreate table a (i int);\n\ncreate function f() returns text language sql as $$ "
         "select ';' $$;;\n-- last\n");
    const auto supabase = history("supabase");
    run("create schema supabase_migrations; create table supabase_migrations.schema_migrations "
        "(version text not null primary key)");
    run(supabase->create_sql() + supabase->applied_sql(files_[0], {}));
    EXPECT_EQ(ask("select array_to_string(statements, '|') from "
                  "supabase_migrations.schema_migrations"),
              "-- first\ncreate table a (i int)|create function f() returns text language sql as "
              "$$ select ';' $$|-- last");
}

TEST_F(TablesTest, popx_counts_the_short_version_of_older_releases) {
    file("20240101000000000", "a", "20240101000000000_a.up.sql");
    const auto popx = history("popx");
    run("create table schema_migration (version varchar(14) primary key); insert into "
        "schema_migration values ('20240101000000')");
    EXPECT_EQ(applied(*popx), "20240101000000000");
}

TEST_F(TablesTest, a_table_may_have_another_name) {
    file("1", "a", "1_a.sql");
    const auto goose = history("goose", "tools.versions");
    run(goose->create_sql());
    EXPECT_EQ(ask("select count(*) from tools.versions"), "1");
    EXPECT_FALSE(history("goose", "")) << "history = false";
    EXPECT_FALSE(history("plain"));
}

TEST_F(TablesTest, tables_of_one_name_are_told_apart) {
    file("1", "a", "1_a.sql");
    const auto refuses = [&](const std::string& format, const std::string& owner) {
        const auto tool = history(format);
        try {
            tool->read(connection_);
            return false;
        } catch (const Error& error) {
            return error.code() == Code::migration_order &&
                   error.message().find("that of " + owner) != std::string::npos;
        }
    };
    run("create table schema_migrations (version bigint primary key, dirty boolean)");
    EXPECT_TRUE(refuses("dbmate", "golang-migrate"));
    run("drop table schema_migrations; create table schema_migrations (version varchar primary "
        "key)");
    EXPECT_TRUE(refuses("golang-migrate", "dbmate"));
    run("create table ar_internal_metadata (key varchar)");
    EXPECT_TRUE(refuses("dbmate", "Rails"));
    run("drop table schema_migrations; create table schema_migrations (version bigint primary "
        "key, inserted_at timestamp)");
    EXPECT_TRUE(refuses("golang-migrate", "Ecto"));
}

}  // namespace
}  // namespace caisson::histories

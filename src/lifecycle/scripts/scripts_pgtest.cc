// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/process.h"
#include "base/text.h"
#include "drivers/pg/connection.h"
#include "lifecycle/scripts/scripts.h"
#include "tests/support/postgres.h"

namespace caisson::scripts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A folder with scripts, and two databases: psql runs them in one, we in the other.
class ScriptsTest : public testing::Test {
 protected:
    ScriptsTest() {
        options_.root = directory_.path();
        options_.on_output = [this](const std::string& line) { output_.push_back(line); };
        options_.on_warning = [this](const Place& place, const std::string& message) {
            warnings_.push_back(place.text() + " " + message);
        };
    }

    Finished program(std::vector<std::string> arguments, const test::Database& database) const {
        const auto settings = database.settings();
        Command command;
        command.arguments = std::move(arguments);
        command.environment = {{"PGHOST", settings.host},
                               {"PGPORT", std::to_string(settings.port)},
                               {"PGUSER", settings.user},
                               {"PGDATABASE", settings.database},
                               {"PGPASSWORD", std::string(settings.password.reveal())}};
        command.directory = directory_.path();
        return caisson::run(command, std::chrono::minutes(2));
    }

    /// What a database holds, as pg_dump writes it, but for the keys that differ each time.
    std::string dump(const test::Database& database) const {
        const auto finished = program({"pg_dump", "--inserts"}, database);
        EXPECT_TRUE(finished.fine()) << finished.errors;
        std::string kept;
        for (const auto& line : split(finished.output, '\n')) {
            if (line.rfind("\\restrict", 0) != 0 && line.rfind("\\unrestrict", 0) != 0) {
                kept += line + "\n";
            }
        }
        return kept;
    }

    void run_file(const std::string& name) {
        options_.file = name;
        options_.path = directory_.path() / name;
        pg::Connection connection(ours_.settings());
        scripts::run(connection, read_file(options_.path), options_);
    }

    /// The same script through psql and through us gives the same database.
    void expect_same(const std::string& text) {
        directory_.write("script.sql", text);
        const auto finished =
            program({"psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "script.sql"}, theirs_);
        ASSERT_TRUE(finished.fine()) << finished.errors;
        try {
            run_file("script.sql");
        } catch (const Error& error) {
            FAIL() << error.fact("place") << ": " << error.message();
        }
        EXPECT_EQ(dump(ours_), dump(theirs_));
    }

    Error refusal(const std::string& text) {
        directory_.write("script.sql", text);
        try {
            run_file("script.sql");
        } catch (const Error& error) {
            return error;
        }
        return {Code::internal, "nothing was refused"};
    }

    std::string ask(const std::string& query) {
        pg::Connection connection(ours_.settings());
        return std::string(connection.query(query).front().text(0));
    }

    test::Directory directory_;
    test::Database theirs_;
    test::Database ours_;
    Options options_;
    std::vector<std::string> output_;
    std::vector<std::string> warnings_;
};

TEST_F(ScriptsTest, VariablesConditionsAndDataAreThoseOfPsql) {
    expect_same(
        "\xEF\xBB\xBF\\set ON_ERROR_STOP on\r\n\\set name 'a ''quoted'' word'\r\n\\set tab t\r\n"
        "create table :tab(i int, v text, \"weird\"\"name\" int[]);\r\n"
        "insert into :\"tab\" values (1, :'name', '{1,2,3}'), (2, ':name', null);\n"
        "select max(i) as top, count(*) from t \\gset m_\n"
        "insert into t(i, v) values (:m_top::int + 10, :'m_count');\n"
        "select \"weird\"\"name\"[:m_top], (\"weird\"\"name\")[1:2]::text[] from t \\g /dev/null\n"
        "\\if :{?nothing}\n  drop table t;\n  select 'skipped';\n\\elif 0\n drop table t;\n"
        "\\else\n insert into t(i) values (4)\\; insert into t(i) values (5);\n\\endif\n"
        "insert into t(i) values (\n\\if yes\n6\n\\else\n'x'); drop table t;\n\\endif\n);\n"
        "copy t(i, v) from stdin; insert into t(i, v) values (7, 'behind the data');\n"
        "20\tit's $$; \\\\N\n21\t\\N\n22\t:name\n\\.\n"
        "copy t(i) from stdin \\g\n30\n\\.\n"
        "\\copy t(i) from stdin with (format csv)\n31\n\\.\n"
        "select format('create table g%s(i int)', i) from generate_series(1, 3) i \\gexec\n"
        "\\unset name\n\\echo :name done\n"
        "insert into t(i, v) select 8, :'ROW_COUNT' /* no semicolon at the end */");
    EXPECT_THAT(output_, ElementsAre(":name done"));
}

TEST_F(ScriptsTest, QuotesBodiesAndStringsAreThoseOfPsql) {
    expect_same(
        "create table t(v text);\n"
        "create function f(a int) returns int language sql begin atomic\n"
        "  select case when a > 0 then 1 else 2 end; select a;\nend;\n"
        "create rule r as on update to t do also (select 1; select 2);\n"
        "create function g() returns text language plpgsql as $f$ begin return $$;$$; end $f$;\n"
        "/* a /* nested; */ ' comment */ insert into t values (U&'\\0041' uescape '\\'), "
        "(E'a\\'b;'), (E'\\\\');\n"
        "set standard_conforming_strings = off;\ninsert into t values ('a\\'b;');\n"
        "set standard_conforming_strings = on;\ninsert into t values ('a\\');\n"
        "do $$ begin insert into t values ('\\gset :x'); end $$;\n"
        "begin; insert into t values ('in'); commit;\n"
        "begin; insert into t values ('out'); rollback;");
}

TEST_F(ScriptsTest, ValuesOfVariablesAreReadAsPsqlReadsThem) {
    expect_same(
        "\\set two 'create table a(i int); create table'\n:two b(i int);\n"
        "\\set cols 'i, ' :cols2 ' j'\n\\set list '(1), (2)'\ninsert into a values :list;\n"
        "\\set quoted '\\'it\\'\\'s\\''\ncreate table c(v text);insert into c values (:quoted);\n"
        "\\set self 'x :self'\ninsert into c values ($$:self$$), (':self'), (E':self');\n"
        "\\set n 5\ninsert into c select (array[1,2,3,4,5,6,7])[2:n]::text;\n"
        "insert into c values (:'n'::text || :n::text /* :n */ || '1:n' -- :n\n);\n"
        "\\set empty\ninsert into c values ('a' :empty );\n\\set n :n 6 ' 7'\n"
        "insert into c values (:'n'), (:{?n}), (:{?m}), (:'cols');\n"
        "select 1 as one, null as none, 'x' as \"Two\" \\gset\n"
        "insert into c values (:one || :'Two' || :{?none});\n"
        "\\set one\n\\unset Two\ninsert into c values (:'one' || '' || :{?Two});\n"
        "select 't' as exists \\gset\n\\if :exists\ninsert into c values ('there');\n\\endif\n"
        "\\if :never\ninsert into c values ('not there');\n\\endif\n"
        "\\if true \\echo x \\\\ insert into c values ('line'); \\endif\n"
        "insert into c values ('split'\n\\set later 'x'\n|| :'later'\n\\echo middle\n);\n");
}

TEST_F(ScriptsTest, SmallThingsAreThoseOfPsql) {
    expect_same(
        ";;\n;create table t(v text) ;; insert into t values ('a')\n\\;insert into t values "
        "('b')\\;\n;\n"
        "copy t from stdin;\n\\.\ncopy t (v) from stdin with (format text);\nx\n\n y \n\\.\n"
        "copy t from stdin csv;\n\"q;\"\"\"\n\\.\n"
        "\\copy (select v from t order by v) to 'out.csv' csv\n\\copy t from out.csv csv\n"
        "\\copy t (v) from 'out.csv' with (format csv, null 'x')\n"
        "select 'insert into t values (1)', null, 'insert into t values (2)' \\gexec\n"
        "select 'begin; insert into t values (3); commit' where false \\gexec\n"
        "begin;\ninsert into t values ('c');\nsavepoint s;\ninsert into t values ('d');\n"
        "rollback to s;\ncommit;\n"
        "create table \"atomic\"(\"begin\" int, \"end\" int);\n"
        "create procedure p() language sql begin atomic insert into t values (';'); end;\n"
        "call p();\ndo $$ begin commit; end $$;\n"
        "select 1 as a union select 2 order by 1 desc limit 1 \\gset x_\ninsert into t values "
        "(:x_a);\n"
        "update t set v = v || '!' where v = 'c';\ninsert into t values (:'ROW_COUNT'), "
        "(:'ERROR'), "
        "(:'SQLSTATE');\nprepare q as select 1; execute q; deallocate q;\n"
        "insert into t values (U&'d\\0061t\\+000061'), (B'01'::text), (X'1F'::text), (N'n'), "
        "($a$$b$ ; $b$$a$), ('a'\n'b');\n-- the end ; '");
}

TEST_F(ScriptsTest, FilesAreIncludedAsPsqlIncludesThem) {
    directory_.write("parts/one.sql",
                     "create table one(i int);\n\\ir two.sql\n\\set after 'set there'");
    directory_.write(
        "parts/two.sql",
        "create table two(i int);\n\\copy two from 'parts/data.csv'\n\\q\ndrop table two;");
    directory_.write("parts/data.csv", "1\n2\n");
    directory_.write("last.sql", "create table last(v text); insert into last values (:'after')");
    expect_same("\\i parts/one.sql \\\\ select 1;\n\\include_relative parts/../last.sql\n");
}

TEST_F(ScriptsTest, ADumpIsReplayed) {
    pg::Connection connection(theirs_.settings());
    connection.script(
        "create schema s; create type s.mood as enum ('sad', 'it''s'); create table s.t(id int "
        "generated always as identity primary key, m s.mood, v text, b bytea, j jsonb); insert "
        "into "
        "s.t(m, v, b, j) select 'it''s', E'line\\nwith\\ttabs \\\\. ' || i, '\\x00ff', '{\"a\": "
        "\"b\"}' from generate_series(1, 2000) i; create view s.v as select * from s.t; create "
        "function s.f() returns trigger language plpgsql as $$ begin return new; end $$; create "
        "trigger tr before insert on s.t for each row execute function s.f(); comment on table s.t "
        "is 'it''s; a \\ comment'");
    const auto finished = program({"pg_dump", "-f", "dump.sql"}, theirs_);
    ASSERT_TRUE(finished.fine()) << finished.errors;
    ASSERT_THAT(read_file(directory_.path() / "dump.sql"), HasSubstr("\\restrict"));
    run_file("dump.sql");
    EXPECT_EQ(dump(ours_), dump(theirs_));
}

TEST_F(ScriptsTest, AnErrorNamesItsPlaceInWhicheverFileItHappened) {
    directory_.write("parts/one.sql", "\n\n  select 1 +\n   nothing;");
    auto error = refusal("select 1;\n\\i parts/one.sql\n");
    EXPECT_EQ(error.code(), Code::database_rejected);
    EXPECT_EQ(error.fact("place"), "parts/one.sql:4:4");
    error = refusal("create table t(i int);\ncopy t from stdin;\n1\nx\n\\.\n");
    EXPECT_EQ(error.fact("place"), "script.sql:4:1");
    error = refusal("\\set x 'nothing'\nselect 1, :x;");
    EXPECT_EQ(error.fact("place"), "script.sql:2:11");
}

TEST_F(ScriptsTest, WhatWouldRunAProgramNeedsToBeAllowed) {
    for (const auto* text :
         {"\\! touch ran", "\\set x `touch ran`", "\\echo `touch ran`",
          "create table p(v text);\n\\copy p from program 'touch ran'",
          "copy (select 1) to program 'touch ran';", "select 1 \\g | touch ran", "\\setenv A b",
          "select 'copy (select 1) to program ''touch ran''' \\gexec"}) {
        const auto error = refusal(text);
        EXPECT_EQ(error.code(), Code::migration_invalid) << text << error.message();
        EXPECT_FALSE(fs::exists(directory_.path() / "ran")) << text;
    }
    options_.allow_programs = true;
    directory_.write("script.sql",
                     "\\set x `echo it`\ncreate table q(v text);\ninsert into q values (:'x');\n"
                     "\\copy q from program 'echo copied'\n\\! echo said");
    run_file("script.sql");
    EXPECT_EQ(ask("select string_agg(v, ',' order by v) from q"), "copied,it");
    EXPECT_THAT(output_, ElementsAre("said\n"));
}

TEST_F(ScriptsTest, WhatCannotBeDoneIsRefusedWithItsPlace) {
    test::Directory elsewhere;
    const auto secret = elsewhere.write("secret.sql", "select 1;");
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"select 1;\n  \\connect other", "script.sql:2:3: \\connect cannot be carried out here"},
        {"\\unheard of", "\\unheard is no command"},
        {"\\i missing.sql", "there is no file"},
        {"\\i " + secret.string(), "outside"},
        {"\\if true\nselect 1;", "no \\endif"},
        {"\\endif", "outside of any \\if"},
        {"\\set AUTOCOMMIT off", "AUTOCOMMIT"},
        {"\\restrict k\n\\set x 1", "after \\restrict"},
        {"\\restrict k\n\\unrestrict j", "another key"},
        {"select 1 where false \\gset", "one row"},
        {"\\gexec", "no statement"},
        {"\\prompt 'name' x", "cannot be carried out"},
        {"\\i script.sql", "100 deep"},
        {"\\echo 'open", "no end"},
        {"select 1;\n\\o x.sql", "write results"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_THAT(refusal(text).message(), HasSubstr(expected)) << text;
    }
    EXPECT_THAT(refusal("\\connect other").hint(), HasSubstr("a source of its own"));
}

TEST_F(ScriptsTest, WhatPsqlOnlyShowsChangesNothing) {
    expect_same(
        "\\pset pager off\n\\timing on\n\\x\n\\t \\a\n\\d\n\\dt+ *.*\n\\l\n\\conninfo\n\\encoding "
        "UTF8\n"
        "create table t(i int);\nselect 1 \\gx\nselect 2 as a \\gdesc\n\\p\n\\r\n\\set QUIET 1\n");
    refusal("\\set ON_ERROR_STOP off");
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("script.sql:1:1 ON_ERROR_STOP stays on")));
}

TEST_F(ScriptsTest, AStreamOfAnyLengthRunsInLittleMemory) {
    constexpr std::size_t length = std::size_t{300} << 20U;
    const std::string head = "create unlogged table big(v text);\ncopy big from stdin;\n";
    const std::string tail = "\\.\nselect count(*) as rows from big \\gset\n\\echo :rows\n";
    std::string lines;
    while (lines.size() < (std::size_t{256} << 10U)) {
        lines += std::string(8191, 'x') + "\n";
    }
    std::size_t given = 0;
    bool ended = false;
    const auto source = [&]() -> std::string_view {
        if (given == 0) {
            given = 1;
            return head;
        }
        if (given < length) {
            given += lines.size();
            return lines;
        }
        return std::exchange(ended, true) ? std::string_view() : tail;
    };
    const auto peak = [] {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss;
    };
    pg::Connection connection(ours_.settings());
    const auto before = peak();
    scripts::run(connection, source, options_);
    EXPECT_LT(peak() - before, 16 << 10);  // In kB.
    EXPECT_THAT(output_, ElementsAre("38400"));
}

TEST_F(ScriptsTest, WhoCallsMayPutEachStepIntoATransactionOrSkipIt) {
    std::vector<std::string> seen;
    pg::Connection connection(ours_.settings());
    options_.around = [&](const Step& step, const std::function<void()>& run) {
        seen.push_back(fmt::format("{} {} {}", step.number, step.place.text(), step.text));
        if (step.number == 3) {
            return;
        }
        pg::Transaction transaction(connection);
        run();
        transaction.commit();
    };
    options_.file = "f.sql";
    scripts::run(connection,
                 "create table t(i int);\ninsert into t values (1);\ncopy t from stdin;\n2\n\\.\n"
                 "insert into t values (3);",
                 options_);
    EXPECT_THAT(
        seen,
        ElementsAre("1 f.sql:1:1 create table t(i int)", "2 f.sql:2:1 insert into t values (1)",
                    "3 f.sql:3:1 copy t from stdin", "4 f.sql:6:1 insert into t values (3)"));
    EXPECT_EQ(ask("select string_agg(i::text, ',' order by i) from t"), "1,3");
}

}  // namespace
}  // namespace caisson::scripts

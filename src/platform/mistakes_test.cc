// SPDX-License-Identifier: Apache-2.0
/// Every kind of mistake a manifest can hold: what is written, where it is found, what is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/platform.h"

namespace caisson::platform {
namespace {

using testing::HasSubstr;

/// A manifest without mistakes, of four lines; what a case adds begins in line 5.
constexpr std::string_view sound =
    "[platform]\nname = \"x\"\n[databases.main]\nname = \"main_db\"\n";

struct Case {
    std::string written;  ///< Added to `sound`; with a leading "=" it is the whole text.
    std::size_t line;
    std::size_t column;
    std::string said;      ///< Part of the message.
    std::string remedy{};  ///< Part of the remedy.
};

std::vector<Mistake> mistakes_in(const std::string& written) {
    const bool is_whole = written.starts_with("=");
    return parse(is_whole ? written.substr(1) : std::string(sound) + written, "/nowhere").mistakes;
}

void expect_each(const std::vector<Case>& cases) {
    for (const auto& each : cases) {
        SCOPED_TRACE(each.written);
        const auto mistakes = mistakes_in(each.written);
        ASSERT_EQ(mistakes.size(), 1U) << (mistakes.empty() ? "none found" : mistakes[1].message);
        EXPECT_EQ(mistakes[0].place.text(),
                  "caisson.toml:" + std::to_string(each.line) + ":" + std::to_string(each.column))
            << mistakes[0].message;
        EXPECT_THAT(mistakes[0].message, HasSubstr(each.said));
        EXPECT_THAT(mistakes[0].remedy, HasSubstr(each.remedy));
    }
}

TEST(Mistakes, ASoundManifestHasNone) { EXPECT_TRUE(mistakes_in("").empty()); }

TEST(Mistakes, SyntaxIsReportedWhereItBreaks) {
    expect_each({
        {"=[platform]\nname = lumina\n", 2, 8, "not TOML"},
        {"=[platform\nname = \"x\"\n", 1, 10, "not TOML"},
        {"title = \"a\"\ntitle = \"b\"\n", 6, 9, "cannot redefine"},
        {"[platform]\n", 5, 1, "not TOML"},
        {"naïve = 1\n", 5, 3, "not TOML"},
        {"title = “x”\n", 5, 9, "not TOML"},
        {"title = \"\"\"\\\n é\"\"\"\n[\n", 7, 2, "not TOML"},
        // Where the library itself would abort.
        {"extensions = [\"a\", }\nmigrations = []\n", 5, 20, "a character that cannot stand here"},
        {"x = \"é\xFF\"\n", 5, 7, "0xFF is not UTF-8"},
        {"=\xFF\xFE[", 1, 1, "0xFF is not UTF-8"},
        {"=a" + std::string(5000, '.') + "b = 1", 1, 1, "dots"},
        {"=" + std::string(2000000, '#'), 1, 1, "1.9 MB"},
    });
}

TEST(Mistakes, WhatIsRequiredAndMissing) {
    expect_each({
        {"=[databases.main]\nname = \"a\"\n", 1, 1, "there is no section [platform]",
         "add [platform]"},
        {"=[platform]\n[databases.main]\nname = \"a\"\n", 1, 1, "[platform] has no name"},
        {"=[platform]\nname = \"x\"\n", 1, 1, "there is no section [databases]",
         "[databases.main]"},
        {"=[platform]\nname = \"x\"\n[databases]\n", 3, 1, "no database"},
        {"=[platform]\nname = \"x\"\n[databases.main]\n", 3, 1, "[databases.main] has no name"},
        {"[cache.keys.\"a:{b}\"]\n", 5, 1, "has no ttl"},
        {"[environments.stage]\n", 5, 15, "does not say where its server is", ""},
    });
}

TEST(Mistakes, UnknownSettingsAndSectionsSuggestTheNearest) {
    expect_each({
        {"[enviroments.local]\n", 5, 2, "unknown section enviroments",
         "did you mean \"environments\"?"},
        {"titel = 1\n", 5, 1, "unknown setting titel in [databases.main]",
         "known here: extensions, migrations, name"},
        {"[api]\nprt = 1\n", 6, 1, "unknown setting prt in [api]", "did you mean \"port\"?"},
        {"[variables.A]\nrequired = true\n", 6, 1, "unknown setting required", "required_in"},
        {"[environments.p]\nhost = \"h\"\nredis = { hots = \"h\" }\n", 7, 11,
         "unknown setting hots", "\"host\""},
        {"[cache]\nkey = {}\n", 6, 1, "unknown section key in [cache]", "\"keys\""},
        {"migrations = [{ path = \"/\", formt = \"plain\" }]\n", 5, 29, "unknown setting formt",
         "\"format\""},
        {"[backup]\n", 5, 2, "unknown section backup", "\"backups\""},
        {"\"*\" = 1\n", 5, 1, "unknown setting \"*\""},
    });
}

TEST(Mistakes, WrongTypesSayWhatWasFoundAndExpected) {
    expect_each({
        {"=platform = 1\n[databases.a]\nname = \"a\"\n", 1, 12,
         "platform is 1; expected a section"},
        {"[features]\nblockchain = \"yes\"\n", 6, 14,
         "features.blockchain is \"yes\"; expected true or false"},
        {"[server]\nredis = 1\n", 6, 9, "server.redis is 1; expected true or false, or a section"},
        {"[server.postgres]\nport = \"5432\"\n", 6, 8,
         "server.postgres.port is \"5432\"; expected a port"},
        {"extensions = \"pgcrypto\"\n", 5, 14, "expected a list"},
        {"extensions = [1]\n", 5, 15,
         "databases.main.extensions[1] is 1; expected a string that is not empty, or"},
        {"extensions = [[\"a\"]]\n", 5, 15, "is a list; expected"},
        {"migrations = [true]\n", 5, 15, "is true; expected"},
        {"[[roles]]\n", 5, 1, "roles is a list; expected a section"},
        {"[roles.a]\ngrants = \"select on x\"\n", 6, 10, "expected a list of strings"},
        {"[variables.A]\ndefault = 2026-01-01\n", 6, 11, "is a date or time"},
        {"[server.postgres]\nwork_mem = [1]\n", 6, 12, "is a list; expected a size as PostgreSQL"},
        {"[environments.p]\nhost = \"h\"\npassword = 123456\n", 7, 12,
         "password is an integer; expected"},
    });
}

TEST(Mistakes, ValuesOutOfTheirRange) {
    expect_each({
        {"=[platform]\nname = \"Lumina X\"\n[databases.a]\nname = \"a\"\n", 2, 8,
         "is \"Lumina X\"; expected a name"},
        {"[api]\nport = 65536\n", 6, 8, "api.port is 65536; expected a port from 1 to 65535"},
        {"[api]\nport = -1\n", 6, 8, "api.port is -1"},
        {"[api]\nlisten = \"example.com\"\n", 6, 10, "expected an IP address"},
        {"[api]\nlisten = \"127.0.0.300\"\n", 6, 10, "expected an IP address"},
        {"[cache.keys.a]\nttl = \"7 fortnights\"\n", 6, 7, "expected a duration"},
        {"[cache.keys.a]\nttl = \"1m\"\nfresh = \"2m\"\n", 7, 9, "fresh is longer than ttl"},
        {"[cache.keys.\"a:{b}:{c}\"]\nttl = \"1m\"\ntables = [\"t(id)\"]\n", 7, 11,
         "no placeholder of"},
        {"[cache.keys.a]\nttl = \"1m\"\ntables = [\"t(\"]\n", 7, 11, "a table is \"t(\""},
        {"[cache.keys.a]\nttl = \"500ms\"\n", 6, 7, "whole seconds"},
        {"[cache.keys.a]\nttl = 60\n", 6, 7, "ttl is 60; expected a duration"},
        {"[cache.keys.\"a{b\"]\nttl = \"1s\"\n", 5, 13, "is not closed"},
        {"[cache.keys.\"a:{b}\"]\nttl = \"1s\"\n[cache.keys.\"a:{c}\"]\nttl = \"2s\"\n", 7, 13,
         "\"a:{b}\" and \"a:{c}\" mean the same keys"},
        {"[cache.keys.a]\nttl = \"never\"\n", 6, 7, "or \"none\""},
        {"[cache.keys.a]\nttl = \"1s\"\non_missing = \"remove\"\n", 7, 14,
         "expected \"set\", or \"delete\""},
        {"[cache.keys.a]\nttl = \"none\"\non_missing = \"set\"\n", 7, 14,
         "a ttl that a key can lack"},
        {"[cache.keys.a]\nttl = \"1s\"\nevictable = \"no\"\n", 7, 13, "true or false"},
        {"[server.postgres]\nshared_buffers = \"256mb\"\n", 6, 18,
         "expected a size as PostgreSQL writes it"},
        {"[server.postgres]\nstatement_timeout = \"5 minutes\"\n", 6, 21,
         "expected a time as PostgreSQL"},
        {"[server.redis]\nmaxmemory = \"256 MB\"\n", 6, 13, "expected a size as Redis"},
        {"[server.postgres]\nmax_connections = 0\n", 6, 19, "at least 1"},
        {"[server.postgres]\nport = 5432\n[server.redis]\nport = 5432\n", 8, 8, "a port for each"},
        {"[server.postgres]\ndata_directory = \"/x\"\n", 6, 1, "set by Caisson itself"},
        {"[server.redis]\nrequirepass = \"x\"\n", 6, 1, "set by Caisson itself"},
        {"[server.redis]\nsave = \"900 1\\nrequirepass x\"\n", 6, 8, "a string of one line"},
        {"[server.postgres]\nwork_mem = \"4MB\"\nlog_line_prefix = \"${X}\"\n", 7, 19,
         "plain value"},
    });
}

TEST(Mistakes, OfDatabases) {
    expect_each({
        {"[databases.other]\nname = \"main_db\"\n", 6, 8, "taken by [databases.main]"},
        {"[databases.other]\nname = \"" + std::string(55, 'x') + "\"\n", 6, 8,
         "has 55 bytes; expected at most 54"},
        {"[databases.other]\nname = \"drop table\"\n", 6, 8, "expected letters, digits"},
        {"[databases.other]\nname = \"template1\"\n", 6, 8, "which every server has"},
        {"[databases.Other]\nname = \"o\"\n", 5, 12, "the database's key is \"Other\""},
        {"migrations = [\"migratons\"]\n", 5, 15,
         "does not exist; expected it at /nowhere/migratons"},
        {"migrations = [{ format = \"plain\" }]\n", 5, 15, "has no path"},
        {"migrations = [{ path = \"/\", history = 3 }]\n", 5, 39, "or true or false"},
        {"[migrations]\nlate = \"maybe\"\n", 6, 8, "\"refuse\", \"warn\" or \"allow\""},
        {"[migrations]\ntransaction = \"all\"\n", 6, 15, "\"file\", \"run\" or \"none\""},
        {"[lint.rules]\nx = \"loud\"\n", 6, 5, "\"error\", \"warning\" or \"off\""},
        {"migrations = [{ path = \"/\", migrate_as = \"root\" }]\n", 5, 42,
         "\"migrator\", or \"admin\""},
        {"migrations = [\"/\", \"/\"]\n", 5, 20, "named twice"},
        {"migrations = [\"/dev/null\"]\n", 5, 15, "is a file; expected a folder"},
        {"extensions = [{ optional = true }]\n", 5, 15, "has no name"},
        {"extensions = [{ name = \"a\", optional = \"x\" }]\n", 5, 40, "expected true or false"},
        {"extensions = [\"a\", { name = \"a\" }]\n", 5, 29, "named twice"},
        {"extensions = [\"a; drop\"]\n", 5, 15, "expected an extension's name"},
    });
}

TEST(Mistakes, OfBackups) {
    expect_each({
        {"[backups.repositories.x]\npath = \"backups\"\n", 6, 8, "expected an absolute one"},
        {"[backups.repositories.x]\npath = \"../x\"\n", 6, 8, "expected an absolute one"},
    });
}

TEST(Mistakes, OfAlerts) {
    expect_each({
        {"[alerts.rules.mine]\nmetric = \"m\"\n", 5, 15, "has no threshold"},
        {"[alerts.rules.mine]\nmetric = \"m\"\nwarning = 90\ncritical = 80\n", 8, 12,
         "critical is not at least warning"},
        {"[alerts.rules.mine]\nmetric = \"m\"\nbelow = true\nwarning = 5\nclear = 4\n", 9, 9,
         "clear is not at least warning"},
        {"[alerts.deliveries.a]\nlevel = \"critical\"\n", 5, 20, "has no way"},
        {"[alerts.deliveries.a]\nlog = true\nemail = [\"a@b\"]\n", 5, 20, "has several ways"},
        {"[alerts.deliveries.a]\nwebhook = \"http://example.org/\"\nsecret = \"${S}\"\n"
         "[variables.S]\nsecret = true\n",
         6, 11, "is no URL of https"},
        {"[alerts.deliveries.a]\nwebhook = \"https://example.org/\"\n", 5, 20, "is not signed"},
        {"[alerts]\nescalation = [{ to = [\"oncal\"] }]\n[alerts.deliveries.oncall]\nlog = true\n",
         6, 22, "there is no delivery \"oncal\"", "oncall"},
        {"[alerts.silences.s]\nat = \"@daily\"\nfor = \"1h\"\n", 5, 1, "has no reason"},
        {"[alerts.table]\ntable = \"alerts\"\n[alerts.table.columns]\nid = \"id\"\nrul = \"r\"\n",
         9, 1, "has no field \"rul\"", "rule"},
        {"[alerts.table]\ntable = \"alerts\"\n[alerts.table.columns]\nrule = \"r\"\n", 5, 1,
         "by which a row is found again"},
    });
}

TEST(Mistakes, OfEnvironments) {
    expect_each({
        {"[environments.p]\nserver = \"private\"\nhost = \"h\"\n", 7, 1,
         "both server = \"private\" and host"},
        {"[environments.p]\nserver = \"private\"\nredis = \"redis://h\"\n", 7, 1,
         "both server = \"private\" and redis"},
        {"[environments.local]\nuser = \"u\"\n", 6, 1, "and user"},
        {"[environments.p]\nserver = \"remote\"\n", 6, 10, "expected \"private\""},
        {"[environments.p]\nurl = \"postgresql://h/d\"\nhost = \"h\"\n", 7, 8, "both url and host"},
        {"[environments.p]\nurl = \"postgresql://h/d\"\nport = 1\n", 7, 8, "both url and port"},
        {"[environments.p]\nurl = \"mysql://u:hunter2@h/d\"\n", 6, 7,
         "url is a string; expected a URL"},
        {"[environments.p]\nhost = \"two words\"\n", 6, 8, "expected a host name"},
        {"[environments.p]\nhost = \"h\"\nport = 99999\n", 7, 8, "port is 99999; expected a port"},
        {"[environments.p]\nhost = \"h\"\ntls = \"on\"\n", 7, 7, "verify-full"},
        {"[environments.p]\nhost = \"${HOST}\"\n", 6, 8,
         "${HOST} is not declared; expected a section"},
        {"[variables.DATABASE_HOST]\n[environments.p]\nhost = \"${DATABSE_HOST}\"\n", 7, 8,
         "not declared", "did you mean \"DATABASE_HOST\"?"},
        {"[environments.p]\nhost = \"h\"\npassword = \"a${b\"\n", 7, 12, "expected ${NAME}"},
        {"[environments.p]\nhost = \"h\"\n[environments.p.databases.mian]\nhost = \"h\"\n", 7, 27,
         "\"mian\"", "\"main\""},
        {"[environments.p]\nhost = \"h\"\n[environments.p.roles.ap]\nhost = \"h\"\n", 7, 23,
         "\"ap\"", "\"app\""},
        {"[environments.\"Big One\"]\nhost = \"h\"\n", 5, 15, "is called \"Big One\""},
    });
}

TEST(Mistakes, OfRoles) {
    expect_each({
        {"[roles.app]\n", 5, 8, "built in"},
        {"[roles.Analyst]\n", 5, 8, "expected lower-case letters"},
        {"[roles.a]\ndatabases = [\"mian\"]\n", 6, 14, "not declared", "\"main\""},
        {"[roles.a]\ngrants = [\"select on t\", \"read t\"]\n", 6, 26,
         "\"read t\" cannot be read (expected \"on\""},
        {"[roles.a]\ngrants = [\"execute on t\"]\n", 6, 11, "a table has no privilege \"execute\""},
        {"[roles.a]\ngrants = [\"select on t to public\"]\n", 6, 11,
         "nothing is expected after the names"},
        {"[roles." + std::string(60, 'a') + "]\n", 5, 8, "more than 63 bytes"},
    });
}

TEST(Mistakes, OfVariables) {
    expect_each({
        {"[variables.A]\ntype = \"hots\"\n", 6, 8, "type is \"hots\"; expected one of text, host"},
        {"[variables.A]\nrequired_in = [\"prod\"]\n", 6, 16,
         "required in \"prod\", which is not declared"},
        {"[variables.A]\ntype = \"port\"\ndefault = 99999\n", 7, 11,
         "the default of A is \"99999\"; expected a port"},
        {"[variables.A]\ntype = \"boolean\"\ndefault = \"maybe\"\n", 7, 11,
         "expected true or false"},
        {"[variables.A]\ntype = \"choice\"\n", 5, 12, "no choices"},
        {"[variables.A]\nchoices = [\"a\"]\n", 6, 11, "expected type = \"choice\""},
        {"[variables.A]\ntype = \"choice\"\nchoices = [\"a\", \"b\"]\ndefault = \"c\"\n", 8, 11,
         "one of a, b"},
        {"[variables.A]\nsecret = true\ntype = \"port\"\ndefault = \"hunter2\"\n", 8, 11,
         "does not fit its type"},
        {"[variables.\"A-B\"]\n", 5, 12, "the variable is called \"A-B\""},
        {"[variables.A]\naliases = [\"B\"]\n[variables.B]\n", 6, 12,
         "the name of another variable"},
        {"[variables.A]\naliases = [\"a b\"]\n", 6, 12, "an old name of A"},
        {"[variables.A]\ncommand = []\n", 6, 11, "the command of A is empty"},
    });
}

TEST(Mistakes, OfSeedsAndFeatures) {
    expect_each({
        {"[seeds.\"a.b.c\"]\n", 5, 8, "names no table"},
        {"[seeds.\"\"]\n", 5, 8, "names no table"},
        {"[seeds.a]\nkey = []\n", 6, 7, "is empty; expected one or more columns"},
        {"[seeds.a]\nkey = [\"x\", \"x\"]\n", 6, 7, "twice"},
        {"[seeds.a]\ndatabase = \"mian\"\n", 6, 12, "not declared", "\"main\""},
        {"[seeds.a]\ncolumns = { x = \"$valeu\" }\n", 6, 17, "comes from \"$valeu\"", "\"$value\""},
        {"[features]\nBlockchain = true\n", 6, 1, "is called \"Blockchain\""},
    });
}

TEST(Mistakes, OfIsolation) {
    expect_each({
        {"[isolation]\nsetting = \"tenant\"\n", 6, 11, "expected a name with a dot"},
        {"[isolation]\nroles = [\"reedonly\"]\n", 6, 10, "no role \"reedonly\"", "\"readonly\""},
        {"[isolation]\nroles = []\n", 6, 9, "nothing would be tried"},
        {"[isolation]\nroles = [\"service\"]\n", 6, 10, "do not bind the role \"service\""},
        {"[isolation]\ntenants = [\"a\", \"a\"]\n", 6, 11, "at least two tenants"},
        {"[isolation.values]\nuser_id = 1\n", 6, 1, "expected \"table.column\""},
        {"[isolation.accept]\n\"unique a\" = \"\"\n", 6, 14, "expected a string that is not empty"},
        {"[generate]\nnamespace = \"a-b\"\n", 6, 13, "expected a namespace of C++"},
        {"[generate]\nnamespace = \"a.b\"\n", 6, 13, "expected a namespace of C++"},
        {"[generate]\nnamespace = \"acme::new\"\n", 6, 13, "expected another name"},
        {"[generate]\nnamespace = \"caisson\"\n", 6, 13, "expected another name"},
        {"[generate]\nout = \"\"\n", 6, 7, "expected a string that is not empty"},
        {"[generate.order]\nusers = []\n", 6, 9, "an order of no columns"},
    });
}

TEST(Mistakes, SecretsAreNotRepeated) {
    for (const auto& mistake :
         mistakes_in("[environments.p]\nurl = \"pg://u:hunter2@h/d\"\n"
                     "[variables.A]\nsecret = true\ntype = \"port\"\ndefault = \"hunter2\"\n")) {
        EXPECT_THAT(mistake.message, testing::Not(HasSubstr("hunter2")));
    }
}

TEST(Mistakes, AllOfThemComeInTheOrderOfTheFile) {
    const auto mistakes = mistakes_in(
        "titel = 1\n[api]\nport = \"x\"\n[roles.app]\n[environments.p]\nhost = "
        "\"${H}\"\n[variables.A]\ntype = \"z\"\n");
    std::vector<std::size_t> lines;
    for (const auto& mistake : mistakes) {
        lines.push_back(mistake.place.line);
    }
    EXPECT_EQ(lines, (std::vector<std::size_t>{5, 7, 8, 10, 12}));
}

TEST(Mistakes, OneMistakeBringsNoSecond) {
    // The database's name is wrong, yet what refers to the database by its key is right.
    EXPECT_EQ(mistakes_in("=[platform]\nname=\"x\"\n[databases.main]\nname=\"a "
                          "b\"\n[roles.a]\ndatabases=[\"main\"]\n")
                  .size(),
              1U);
    EXPECT_EQ(mistakes_in("[environments.p]\nhost = \"a b\"\n").size(), 1U);
}

}  // namespace
}  // namespace caisson::platform

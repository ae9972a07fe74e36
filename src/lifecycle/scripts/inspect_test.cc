// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/inspect.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lifecycle/scripts/commands.h"
#include "lifecycle/scripts/copy_command.h"

namespace caisson::scripts {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> messages(std::string_view text, bool allow_programs = false) {
    std::vector<std::string> found;
    for (const auto& finding : refusals(text, "f.sql", allow_programs)) {
        found.push_back(finding.place.text() + " " + finding.message);
    }
    return found;
}

TEST(InspectTest, PlainSqlNeedsNoInterpreter) {
    EXPECT_FALSE(needs_interpreter("select ':x', x[1:2], a::int, E'\\\\gset'; -- \\set\n"));
    EXPECT_FALSE(needs_interpreter("copy t to stdout; copy t from '/x'; /* \\i */"));
    EXPECT_FALSE(needs_interpreter(""));
    EXPECT_TRUE(needs_interpreter("select 1 \\gset"));
    EXPECT_TRUE(needs_interpreter("copy t from stdin;\n1\n\\.\n"));
    EXPECT_TRUE(needs_interpreter("\\restrict k"));
}

TEST(InspectTest, AllRefusalsAreFoundBeforeAnythingRuns) {
    EXPECT_THAT(messages("\\connect x\nselect 1;\n\\! ls\n\\set a `date`\n\\what\n\\echo ok\n"
                         "\\copy t from program 'ls'\ncopy t to program 'ls';"),
                ElementsAre("f.sql:1:1 \\connect cannot be carried out here",
                            "f.sql:3:1 \\! would run a program on this host",
                            "f.sql:4:1 \\set would run a program on this host",
                            "f.sql:5:1 \\what is no command of psql",
                            "f.sql:7:1 \\copy would run a program on this host",
                            "f.sql:8:1 COPY … PROGRAM runs a program on the server's host"));
    EXPECT_THAT(messages("\\! ls\n\\set a `date`\n\\copy t from program 'ls'\n", true), IsEmpty());
    EXPECT_THAT(messages("\\if false\n\\connect x\n\\endif\n\\copy t from stdin\n\\!\n\\.\n"),
                IsEmpty());
    EXPECT_THAT(messages("\\dt+ \\d \\l \\x \\pset a b\n\\sf f\n\\z\n"), IsEmpty());
}

TEST(InspectTest, IncludedFilesCountForTheChecksum) {
    const auto folder =
        fs::temp_directory_path() / ("caisson-inspect-" + std::to_string(::getpid()));
    fs::create_directories(folder / "parts");
    const auto write = [&](const char* name, std::string_view text) {
        std::ofstream(folder / name) << text;
    };
    write("parts/a.sql", "select 1;\r\n\\ir b.sql\n");
    write("parts/b.sql", "select 2;");
    const auto files = [&] {
        return included_files("\\i parts/a.sql\n\\i parts/b.sql\n\\i :name\n", "f.sql",
                              folder / "f.sql", folder);
    };
    std::vector<std::string> names;
    for (const auto& file : files()) {
        names.push_back(file.name + " " + file.place.text());
    }
    EXPECT_THAT(names, ElementsAre("parts/a.sql f.sql:1:1", "parts/b.sql parts/a.sql:2:1",
                                   ":name f.sql:3:1"));
    EXPECT_EQ(checksum_with("own", {}), "own");
    const auto first = checksum_with("own", files());
    write("parts/a.sql", "select 1;\n\\ir b.sql\n");
    EXPECT_EQ(checksum_with("own", files()), first);
    write("parts/b.sql", "select 3;");
    EXPECT_NE(checksum_with("own", files()), first);
    fs::remove_all(folder);
}

TEST(InspectTest, CopyIsTakenApart) {
    const auto table = read_copy(" public.t (a, \"from\") from 'it''s.csv' with (format csv);");
    ASSERT_TRUE(table);
    EXPECT_EQ(table->statement(), "COPY public.t (a, \"from\") FROM STDIN with (format csv)");
    EXPECT_EQ(table->name, "it's.csv");
    const auto query = read_copy("(select a from t) to stdout csv");
    ASSERT_TRUE(query);
    EXPECT_EQ(query->end, CopyCommand::End::output);
    EXPECT_EQ(query->statement(), "COPY (select a from t) TO STDOUT csv");
    const auto program = read_copy("t from program 'gunzip -c x'");
    ASSERT_TRUE(program);
    EXPECT_EQ(program->end, CopyCommand::End::program);
    EXPECT_EQ(read_copy("t from a.csv;")->name, "a.csv");
    for (const auto* text : {"", "t", "t from", "from x", "t from program ls", "t from 'x"}) {
        EXPECT_FALSE(read_copy(text)) << text;
    }
}

TEST(InspectTest, ProgramsOfCopyAreSeen) {
    EXPECT_TRUE(copies_with_program("COPY t FROM PROGRAM 'x'"));
    EXPECT_TRUE(copies_with_program("select 1; copy (select 2) to /* */ program E'x'"));
    EXPECT_TRUE(copies_with_program("copy t from program U&'x'"));
    EXPECT_FALSE(copies_with_program("copy t from 'program'"));
    EXPECT_FALSE(copies_with_program("select * from program"));
    EXPECT_FALSE(copies_with_program("copy program from stdin"));
}

}  // namespace
}  // namespace caisson::scripts

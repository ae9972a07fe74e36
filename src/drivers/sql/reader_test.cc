// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/reader.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/sql/command.h"

namespace caisson::sql {
namespace {

using testing::ElementsAre;

Lookup variables(const std::map<std::string, std::string, std::less<>>& values) {
    return [values](std::string_view name, VariableForm form) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (form == VariableForm::test) {
            return found == values.end() ? "FALSE" : "TRUE";
        }
        if (found == values.end()) {
            return std::nullopt;
        }
        return form == VariableForm::plain     ? found->second
               : form == VariableForm::literal ? "'" + found->second + "'"
                                               : "\"" + found->second + "\"";
    };
}

/// Everything that a reader gives, with places.
std::vector<std::string> events(Reader& reader) {
    std::vector<std::string> found;
    const auto at = [](const SourcePosition& position) {
        return std::to_string(position.line) + ":" + std::to_string(position.column) + " ";
    };
    const auto read_data = [&](StatementKind kind) {
        std::string data;
        while (kind == StatementKind::copy_in) {
            const auto chunk = reader.next_data();
            if (!chunk) {
                found.push_back("data " + data);
                break;
            }
            data += *chunk;
        }
    };
    for (auto event = reader.next(); event != Reader::Event::end; event = reader.next()) {
        if (event == Reader::Event::command) {
            const std::string line(reader.command_line());
            if (line.rfind(';', 0) == 0) {
                reader.append(';');
                continue;
            }
            const auto length = length_of_command(line);
            found.push_back(at(reader.command_position()) + "\\" + line.substr(0, length));
            reader.end_command(length);
            if (sends_query(CommandScanner(line).name())) {
                const auto query = reader.take_query();
                found.push_back(at(query.start()) + query.text());
                read_data(query.kind());
            }
            continue;
        }
        found.push_back(at(reader.query().start()) + reader.query().text());
        read_data(reader.query().kind());
    }
    return found;
}

std::vector<std::string> events(std::string_view text, const Lookup& lookup = {}) {
    Reader reader(text, lookup);
    return events(reader);
}

/// Cut at every byte, and into single bytes, a script is what it is as a whole.
void expect_cuts_change_nothing(const std::string& text, const Lookup& lookup = {}) {
    const auto whole = events(text, lookup);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        std::size_t at = 0;
        Reader reader(
            [&, part = std::string()]() mutable {
                const auto end = at < cut ? cut : text.size();
                part = text.substr(at, end - at);
                at = end;
                return std::string_view(part);
            },
            lookup);
        ASSERT_EQ(events(reader), whole) << "cut at " << cut << " of: " << text;
    }
}

const char* const everything =
    "\xEF\xBB\xBFselect 'it''s;' , E'\\';' , $x$;$$;$x$ , \"a\"\"; b\"; -- c ; '\r\n"
    "/* a /* ; */ ' */ create function f() returns int begin atomic select 1; select 2; end;\n"
    "copy t from stdin; select :a::int, :'b', :\"c\", :{?a}, x[1:2], ':a', :z;\r\n"
    "1\tit's\r\n\\N\t\\.\n\\.\r\nselect 1 \\gset p_\nselect 2\\;select 3; \\set x 'a b' \\\\ "
    "select 4;\n"
    "create rule r as on insert to t do (select 1; select 2); select u&'\\0041;' uescape '!';\n"
    "\\echo 'it''s \\\\ ;'\ncopy t from stdin\\g\nlast\n\\.";

TEST(ReaderTest, ReadsAScriptAsPsqlDoes) {
    EXPECT_THAT(
        events(everything, variables({{"a", "7"}, {"b", "x y"}, {"c", "C"}})),
        ElementsAre("1:1 select 'it''s;' , E'\\';' , $x$;$$;$x$ , \"a\"\"; b\"",
                    "2:19 create function f() returns int begin atomic select 1; select 2; end",
                    "3:1 copy t from stdin", "data 1\tit's\r\n\\N\t\\.\n",
                    "3:20 select 7::int, 'x y', \"C\", TRUE, x[1:2], ':a', :z", "7:10 \\gset p_",
                    "7:1 select 1", "8:1 select 2;select 3", "8:21 \\set x 'a b' \\\\",
                    "8:37 select 4", "9:1 create rule r as on insert to t do (select 1; select 2)",
                    "9:58 select u&'\\0041;' uescape '!'", "10:1 \\echo 'it''s \\\\ ;'",
                    "11:18 \\g", "11:1 copy t from stdin", "data last\n"));
}

TEST(ReaderTest, ChunksChangeNothing) {
    expect_cuts_change_nothing(everything, variables({{"a", "7"}, {"b", "x y"}, {"c", "C"}}));
    for (const auto* text : {"select $abc$;$abc$", "select e'a'\n  -- x\n 'b\\';'; select 2",
                             "copy t from stdin;\n\\.", "copy t from stdin;\n\\.\r", "\\set", "\\",
                             "select 1 \\", "select $a", "select :", "select :'", ":{?", "a --",
                             "/* ", "\xEF\xBB", "select $$a$$b$$c$$; x"}) {
        expect_cuts_change_nothing(text);
        expect_cuts_change_nothing(text, variables({}));
    }
}

TEST(ReaderTest, AValueIsReadAsIfItStoodThere) {
    const auto lookup = variables({{"two", "select 1; select"},
                                   {"quote", "'a;"},
                                   {"self", "x :self"},
                                   {"outer", "(:inner)"},
                                   {"inner", "1"},
                                   {"empty", ""}});
    EXPECT_THAT(events(":two 2;\nselect 3;", lookup),
                ElementsAre("1:1 select 1", "1:1 select 2", "2:1 select 3"));
    EXPECT_THAT(events("select :quote b';select 2", lookup),
                ElementsAre("1:1 select 'a; b'", "1:18 select 2"));
    EXPECT_THAT(events("select :self, :outer:empty;", lookup),
                ElementsAre("1:1 select x :self, (1)"));
}

TEST(ReaderTest, PlacesInAStatementAreThoseOfTheFile) {
    Reader reader("\n select :a,\n  :a, ö, x;", variables({{"a", "1 +\n2"}}));
    ASSERT_EQ(reader.next(), Reader::Event::statement);
    const auto& query = reader.query();
    const auto place = [&](std::string_view wanted, std::size_t from = 0) {
        const auto position = query.position_of(query.text().find(wanted, from));
        return std::to_string(position.line) + ":" + std::to_string(position.column);
    };
    EXPECT_EQ(place("select"), "2:2");
    EXPECT_EQ(place("2"), "2:9");
    EXPECT_EQ(place("1", 12), "3:3");
    EXPECT_EQ(place("x"), "3:10");
}

TEST(ReaderTest, BackslashesEscapeWhereStringsAreNotStandard) {
    EXPECT_THAT(events("set standard_conforming_strings = off; select 'a\\';b'; select 2"),
                ElementsAre("1:1 set standard_conforming_strings = off", "1:40 select 'a\\';b'",
                            "1:56 select 2"));
    EXPECT_THAT(events("set standard_conforming_strings to 'on'; select 'a\\'; select 2"),
                testing::SizeIs(3));
}

TEST(ReaderTest, AFunctionInsideCreateSchemaKeepsItsBody) {
    EXPECT_THAT(events("create schema s create table atomic(i int) create function f() returns int "
                       "begin atomic select 1; end; select 2"),
                testing::SizeIs(2));
}

TEST(ReaderTest, ALongStatementIsReadInLinearTime) {
    for (const std::string piece : {"a", "$x ", "E''\n", "/*", ":a ", "(", "\\.\n", "''"}) {
        std::string text = "select ";
        while (text.size() < (std::size_t{1} << 18U)) {
            text += piece;
        }
        std::size_t at = 0;
        Reader reader(
            [&] {
                const auto chunk = std::string_view(text).substr(at, 997);
                at += chunk.size();
                return chunk;
            },
            variables({}));
        std::size_t count = 0;
        while (reader.next() != Reader::Event::end) {
            ++count;
            reader.take_query();
        }
        EXPECT_GT(count, 0U);
    }
}

}  // namespace
}  // namespace caisson::sql

// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gmock/gmock.h>
#include <unistd.h>

#include "lifecycle/seeds/seeds.h"

namespace caisson::seeds {
namespace {

class LoadTest : public testing::Test {
 protected:
    LoadTest()
        : root_(fs::temp_directory_path() / ("caisson-seeds-" + std::to_string(::getpid()))) {
        fs::remove_all(root_);
        manifest_.directory = root_;
        manifest_.databases.resize(1);
        manifest_.databases[0].key = "main";
    }
    ~LoadTest() override { fs::remove_all(root_); }

    void write(const std::string& name, const std::string& text) {
        const auto path = root_ / "seeds" / name;
        fs::create_directories(path.parent_path());
        write_file(path, text);
    }
    Seeds read(std::size_t database = 0) { return load(manifest_, manifest_.databases[database]); }
    std::string mistakes() {
        try {
            read();
            return "none";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::seed_invalid);
            return error.message();
        }
    }
    void declare(const std::string& table, std::map<std::string, std::string> columns) {
        platform::SeedTable declared;
        declared.table = table;
        declared.columns = std::move(columns);
        declared.place = {"caisson.toml", 3, 1};
        manifest_.seeds.push_back(declared);
    }

    fs::path root_;
    platform::Manifest manifest_;
};

TEST_F(LoadTest, WithoutAFolderThereIsNothing) { EXPECT_TRUE(read().files.empty()); }

TEST_F(LoadTest, NamesSayTableAndOrder) {
    write("reference/010_users.csv", "id\n1\n");
    write("reference/sanctions.wallets.json", "[{\"a\": 1}]");
    write("sample/020_sanctions.lists/EU.csv", "id\n");
    write("sample/2fa.SQL", "select 1");
    write("sample/.hidden", "");
    write("sample/README.md", "");
    const auto files = read().files;
    ASSERT_EQ(files.size(), 4U);
    EXPECT_EQ(files[0].table.text(), "users");
    EXPECT_EQ(files[0].stem, "010_users");
    EXPECT_EQ(files[1].table.text(), "sanctions.wallets");
    EXPECT_EQ(files[2].name, "sample/020_sanctions.lists/EU.csv");
    EXPECT_EQ(files[2].table.text(), "sanctions.lists");
    EXPECT_EQ(files[2].stem, "EU");
    EXPECT_EQ(files[3].table.text(), "2fa");
    EXPECT_EQ(files[3].format, Format::sql);
}

TEST_F(LoadTest, SeveralDatabasesHaveFoldersOrDeclarations) {
    manifest_.databases.resize(2);
    manifest_.databases[1].key = "other";
    write("reference/a.csv", "id\n");
    write("reference/other/b.csv", "id\n");
    write("reference/other/c/1.csv", "id\n");
    write("reference/d.csv", "id\n");
    declare("d", {});
    manifest_.seeds[0].database = "other";
    ASSERT_EQ(read(0).files.size(), 1U);
    const auto files = read(1).files;
    ASSERT_EQ(files.size(), 3U);
    EXPECT_EQ(files[0].name, "reference/b.csv");
    EXPECT_EQ(files[0].shown, "seeds/reference/other/b.csv");
    EXPECT_EQ(files[1].name, "reference/c/1.csv");
    EXPECT_EQ(files[2].table.text(), "d");
}

TEST_F(LoadTest, LineEndsAndByteOrderMarksDoNotChangeAFile) {
    write("reference/a.csv", "id,t\n1,x\n");
    const auto plain = read().files[0];
    write("reference/a.csv", "\xEF\xBB\xBFid,t\r\n1,x\r\n");
    const auto windows = read().files[0];
    EXPECT_EQ(plain.checksum, windows.checksum);
    EXPECT_EQ(windows.columns[0].column, "id");
    EXPECT_EQ(windows.rows, 1U);
}

TEST_F(LoadTest, ListsEveryMistakeAtItsPlace) {
    write("reference/a.csv", "id,name,id\n1,x,1\n2,y\n3,é\"z,3\n4,5,6,7\n");
    write("reference/b.json", "[{\"a\": 1},\n {\"a\": 2, \"a\": 3},\n 4]");
    write("reference/c.json", "[1, 2]");
    write("reference/d.json", "{\"a\": 1}\n{\"b\": tru}");
    write("reference/e.csv", "");
    write("reference/f.csv", "a\nx\xFF\n");
    write("reference/g.xlsx", "");
    write("reference/h.csv", "a;b\n1;2\n");
    write("demo/i.csv", "a\n");
    const auto text = mistakes();
    for (const auto* part :
         {"seeds/reference/a.csv:1:9: the column id is there twice",
          "seeds/reference/a.csv:3:1: 2 fields where the header has 3",
          "seeds/reference/a.csv:4:4: a quote inside", "seeds/reference/a.csv:5:7: 4 fields",
          "seeds/reference/b.json:2:11: \"a\" is there twice",
          "seeds/reference/b.json:3:2: found a number among objects",
          "seeds/reference/c.json:1:1: the file lists scalars",
          "seeds/reference/d.json:2:7: expected a value",
          "seeds/reference/e.csv:1:1: the file is empty",
          "seeds/reference/f.csv:2:2: this is not UTF-8", "seeds/reference/g.xlsx: a seed is",
          "seeds/reference/h.csv:1:1: only one column", "seeds/demo: seeds lie in"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
    }
    EXPECT_NE(text.find("the seeds have 13 mistakes"), std::string::npos) << text;
}

TEST_F(LoadTest, MappingsOfTheManifestAreChecked) {
    write("reference/t.csv", "id,nmae\n1,x\n");
    declare("t", {{"label", "name"}, {"id", "$line"}, {"v", "$value"}});
    const auto text = mistakes();
    EXPECT_NE(text.find("takes the field name, which seeds/reference/t.csv has not; did you mean "
                        "nmae?"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("t.csv:1:1: the manifest gives column id another source"),
              std::string::npos);
    EXPECT_NE(text.find("holds no scalars"), std::string::npos);
}

TEST_F(LoadTest, AMillionMistakesAreToldInShort) {
    std::string rows = "a,b\n";
    for (int i = 0; i < 200000; ++i) {
        rows += "x\n";
    }
    write("reference/t.csv", rows);
    EXPECT_NE(mistakes().find("and 199900 more"), std::string::npos);
}

TEST_F(LoadTest, SetsHaveNames) {
    EXPECT_EQ(set_named("sample"), Set::sample);
    EXPECT_THROW(set_named("smaple"), Error);
    EXPECT_THAT(default_sets(true), testing::ElementsAre(Set::reference));
    EXPECT_EQ(default_sets(false).size(), 2U);
}

}  // namespace
}  // namespace caisson::seeds

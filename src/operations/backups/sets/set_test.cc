// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/set.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"

namespace caisson::backups {
namespace {

Set whole_set() {
    Set set;
    set.id = "20261126T210633Z-full-5f3a";
    set.kind = Kind::full;
    set.platform = "kyb";
    set.environment = "local";
    set.server_version = "15.20";
    set.system_identifier = "7412345678901234567";
    set.timeline = 3;
    set.started = "2026-11-26T21:06:33.000Z";
    set.finished = "2026-11-26T21:07:00.000Z";
    set.lsn_start = "0/2000028";
    set.lsn_stop = "0/2000100";
    set.wal_start = "000000030000000000000002";
    set.wal_stop = "000000030000000000000002";
    set.label = "20261126-210633F";
    set.restore_point = "caisson-5f3a";
    set.is_self_contained = true;
    set.key = "0123456789abcdef";
    set.origins = {{"main",
                    "kyb_db",
                    "6f1c",
                    "ab",
                    "001_start",
                    {{"", "work_mem", "8MB"}, {"anna", "search_path", "\"$user\", public"}}}};
    set.parts = {{"database", "kyb_db", "kyb_db.dump.zst", "2026-11-26T21:06:34.000Z", 14, "cd"}};
    set.tables = {{"kyb_db", "public", "businesses", 18'446'744'073'709'551'615U, 7, "ef", true}};
    set.files = {{"kyb_db.dump.zst", 9, "01"}};
    set.bytes = 14;
    set.stored_bytes = 9;
    set.tools = {{"pg_dump", "15.20"}};
    set.notes = {"pg_dump: warning: something is odd"};
    return set;
}

TEST(Set, IsWhatItsTextSays) { EXPECT_EQ(parse_set(to_json(whole_set())), whole_set()); }

TEST(Set, TheSameSetGivesTheSameText) { EXPECT_EQ(to_json(whole_set()), to_json(whole_set())); }

TEST(Set, AnAlteredManifestIsNotSignedAnyMore) {
    const auto key = SigningKey::generate();
    const auto text = to_json(whole_set());
    const auto signature = parse_signature(to_json(sign_manifest(key, text)));
    ASSERT_TRUE(signature);
    EXPECT_TRUE(is_signed(*signature, text, {key.public_key()}));
    EXPECT_FALSE(
        is_signed(*signature, replace_all(text, "\"rows\":", "\"rowz\":"), {key.public_key()}));
    EXPECT_FALSE(is_signed(*signature, text, {SigningKey::generate().public_key()}));
    EXPECT_FALSE(is_signed(*signature, text, {}));
}

TEST(Set, WhatIsNoManifestIsDamaged) {
    const auto text = to_json(whole_set());
    for (const auto& broken :
         {std::string("{}"), std::string("[]"), std::string(), text.substr(0, text.size() / 2),
          replace_all(text, "\"full\"", "\"fuller\""),
          replace_all(text, "\"format\": 1", "\"format\": 2"),
          replace_all(text, "kyb_db.dump.zst\",\"bytes\"", "../kyb_db.dump.zst\",\"bytes\""),
          replace_all(text, "\"bytes\": 14", "\"bytes\": -14")}) {
        ASSERT_NE(broken, text);
        try {
            parse_set(broken);
            FAIL() << broken;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::backup_damaged);
        }
    }
}

TEST(Set, AParameterIsOneWhateverItsValueHolds) {
    auto set = whole_set();
    set.origins.front().parameters = {
        {"anna", "app.x", "a\npostgres\tsession_preload_libraries=evil"}, {"anna", "app.y", "b"}};
    const auto read = parse_set(to_json(set));
    EXPECT_EQ(read.origins.front().parameters, set.origins.front().parameters);
}

TEST(Set, ThatDoesNotSayWhatItsDatabasesHeldIsDamaged) {
    const auto mistake_of = [](const Set& set) {
        try {
            parse_set(to_json(set));
        } catch (const Error& error) {
            return error.code() == Code::backup_damaged ? error.message() : "another error";
        }
        return std::string();
    };
    auto set = whole_set();
    set.kind = Kind::logical;
    set.parts.front().name = "main";
    EXPECT_EQ(mistake_of(set), "");
    auto without_tables = set;
    without_tables.tables.front().database = "another_db";
    EXPECT_EQ(mistake_of(without_tables), "the manifest names no table of kyb_db");
    auto without_origin = set;
    without_origin.origins.clear();
    EXPECT_EQ(mistake_of(without_origin), "the manifest does not say what main is of");
}

TEST(Set, IdsSortByTime) {
    EXPECT_EQ(new_id("2026-11-26T21:06:33.123Z", Kind::full).substr(0, 21),
              "20261126T210633Z-full");
    EXPECT_LT(new_id("2026-11-26T21:06:33.123Z", Kind::logical),
              new_id("2026-11-26T21:06:34.000Z", Kind::full));
}

}  // namespace
}  // namespace caisson::backups

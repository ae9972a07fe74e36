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
    set.origins = {{"main", "kyb_db", "6f1c", "ab", "001_start", "\twork_mem=8MB"}};
    set.parts = {{"database", "kyb_db", "kyb_db.dump.zst", "2026-11-26T21:06:34.000Z", 14, "cd"}};
    set.tables = {{"kyb_db", "public", "businesses", 18'446'744'073'709'551'615U, 7, "ef", true}};
    set.files = {{"kyb_db.dump.zst", 9, "01"}};
    set.bytes = 14;
    set.stored_bytes = 9;
    set.tools = {{"pg_dump", "15.20"}};
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

TEST(Set, IdsSortByTime) {
    EXPECT_EQ(new_id("2026-11-26T21:06:33.123Z", Kind::full).substr(0, 21),
              "20261126T210633Z-full");
    EXPECT_LT(new_id("2026-11-26T21:06:33.123Z", Kind::logical),
              new_id("2026-11-26T21:06:34.000Z", Kind::full));
}

}  // namespace
}  // namespace caisson::backups

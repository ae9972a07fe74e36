// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/drill/drill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "operations/backups/sets/stored.h"
#include "tests/support/postgres.h"

namespace caisson::backups {
namespace {

/// A set of roles and Redis, sealed.
struct OtherPartsTest : testing::Test {
    OtherPartsTest() {
        repository.prepare();
        set.id = "20261126T210633Z-logical-5f3a";
        const auto part = repository.begin(set.id);
        for (const std::string kind : {"roles", "redis"}) {
            Storing storing(part, kind, key, {});
            storing.add("REDIS of " + kind);
            const auto stored = storing.finish();
            set.parts.push_back(
                {kind, "", stored.file.name, "now", stored.plain_bytes, stored.plain_sha256});
            set.files.push_back(stored.file);
        }
        repository.finish(set, std::nullopt);
    }
    Code code_of() const {
        try {
            read_other_parts(repository, set, key);
        } catch (const Error& error) {
            EXPECT_FALSE(error.fact("file").empty());
            return error.code();
        }
        return Code::internal;
    }

    test::Directory directory;
    Repository repository{"local", directory.path() / "local"};
    std::optional<SealingKey> key = SealingKey::of(Secret("a passphrase of some length"));
    Set set;
};

TEST_F(OtherPartsTest, AreReadToTheirEnd) {
    EXPECT_EQ(read_other_parts(repository, set, key), "roles (14 B), redis (14 B) as they were");
    set.parts.clear();
    EXPECT_EQ(read_other_parts(repository, set, key), "the set has databases alone");
}

TEST_F(OtherPartsTest, ThatAreMissingAlteredOrAnothersAreDamaged) {
    const auto file = repository.directory_of(set.id) / set.files.back().name;
    const auto whole = read_file(file);
    auto flipped = whole;
    flipped[flipped.size() / 2] ^= 1;
    write_file(file, flipped);
    EXPECT_EQ(code_of(), Code::backup_damaged);
    fs::remove(file);
    EXPECT_EQ(code_of(), Code::backup_damaged);
    write_file(file, whole);
    set.parts.back().sha256 = set.parts.front().sha256;
    EXPECT_EQ(code_of(), Code::backup_damaged);
    key = SealingKey::of(Secret("another passphrase of some length"));
    EXPECT_EQ(code_of(), Code::backup_key);
}

}  // namespace
}  // namespace caisson::backups

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "operations/backups/sets/stored.h"
#include "tests/support/postgres.h"

namespace caisson::backups {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct RepositoryTest : testing::Test {
    RepositoryTest() { local.prepare(); }

    /// A set of one file.
    Found make(const Repository& repository, const std::string& id, const std::string& text) {
        const auto part = repository.begin(id);
        Storing storing(part, "data", std::nullopt, {});
        storing.add(text);
        Set set;
        set.id = id;
        set.files = {storing.finish().file};
        repository.finish(set, key);
        return repository.find(id).value();
    }

    test::Directory directory;
    Repository local{"local", directory.path() / "local"};
    SigningKey key = SigningKey::generate();
};

TEST_F(RepositoryTest, HasASetWhenItIsFinished) {
    EXPECT_FALSE(Repository("away", directory.path() / "away").is_there());
    local.begin("20260101T000000Z-logical-1111");
    EXPECT_THAT(local.sets(), IsEmpty());
    const auto found = make(local, "20260101T000000Z-logical-1111", "text");
    ASSERT_EQ(local.sets().size(), 1U);
    EXPECT_EQ(found.mistake, "");
    EXPECT_TRUE(is_signed(found.signature.value(), found.json, {key.public_key()}));
    EXPECT_THAT(damage_of(local, found.set), IsEmpty());
}

TEST_F(RepositoryTest, OfTwoSetsOfOneSecondTheNewestComesLast) {
    for (const auto& [id, started] :
         {std::pair("20260101T000000Z-logical-9999", "2026-01-01T00:00:00.100Z"),
          std::pair("20260101T000000Z-full-1111", "2026-01-01T00:00:00.900Z")}) {
        local.begin(id);
        Set set;
        set.id = id;
        set.started = started;
        local.finish(set, key);
    }
    EXPECT_EQ(local.sets().back().set.id, "20260101T000000Z-full-1111");
    make(local, "20260101T000001Z-full-1111", "text");
    EXPECT_EQ(local.sets().back().set.id, "20260101T000001Z-full-1111");
}

TEST_F(RepositoryTest, RemovesWhatAKilledMakerLeft) {
    local.begin("20260101T000000Z-logical-1111");
    make(local, "20260102T000000Z-logical-1111", "text");
    EXPECT_THAT(local.remove_unfinished(), ElementsAre("20260101T000000Z-logical-1111"));
    EXPECT_EQ(local.sets().size(), 1U);
    EXPECT_THAT(local.remove_unfinished(), IsEmpty());
}

TEST_F(RepositoryTest, NamesEachDamage) {
    const auto found = make(local, "20260101T000000Z-logical-1111", std::string(1000, 'x'));
    const auto path = local.directory_of(found.set.id) / found.set.files.front().name;
    const auto whole = read_file(path);
    auto flipped = whole;
    flipped.back() ^= 1;
    write_file(path, flipped);
    EXPECT_EQ(damage_of(local, found.set).at(0).what, "has other contents");
    write_file(path, whole.substr(1));
    EXPECT_THAT(damage_of(local, found.set).at(0).what, testing::HasSubstr("bytes instead of"));
    fs::remove(path);
    EXPECT_EQ(damage_of(local, found.set).at(0).what, "is missing");
}

TEST_F(RepositoryTest, KeepsUnreadableSetsInSight) {
    const auto found = make(local, "20260101T000000Z-logical-1111", "text");
    write_file(local.directory_of(found.set.id) / "set.json", "{");
    ASSERT_EQ(local.sets().size(), 1U);
    EXPECT_NE(local.sets().front().mistake, "");
    EXPECT_EQ(local.sets().front().set.id, found.set.id);
    fs::remove(local.directory_of(found.set.id) / "set.json");
    EXPECT_EQ(local.sets().front().mistake, "its manifest is missing");
    fs::rename(local.directory_of(found.set.id),
               local.path() / "sets" / "20270101T000000Z-logical-1111");
    make(local, found.set.id, "text");
    write_file(local.path() / "sets" / "20270101T000000Z-logical-1111" / "set.json",
               read_file(local.directory_of(found.set.id) / "set.json"));
    EXPECT_THAT(local.sets().back().mistake, testing::HasSubstr("that of " + found.set.id));
}

TEST_F(RepositoryTest, ACopyIsTheSameSet) {
    const Repository offsite("offsite", directory.path() / "offsite");
    offsite.prepare();
    const auto found = make(local, "20260101T000000Z-logical-1111", std::string(3'000'000, 'x'));
    std::uint64_t told = 0;
    offsite.copy_from(local, found, [&](std::uint64_t bytes) { told += bytes; });
    const auto copy = offsite.find(found.set.id).value();
    EXPECT_EQ(copy.json, found.json);
    EXPECT_EQ(copy.signature->signature, found.signature->signature);
    EXPECT_THAT(damage_of(offsite, copy.set), IsEmpty());
    EXPECT_EQ(told, found.set.files.front().bytes);
}

TEST_F(RepositoryTest, NoCopyIsMadeOfADamagedSet) {
    const Repository offsite("offsite", directory.path() / "offsite");
    offsite.prepare();
    const auto found = make(local, "20260101T000000Z-logical-1111", "text");
    const auto path = local.directory_of(found.set.id) / found.set.files.front().name;
    auto flipped = read_file(path);
    flipped.back() ^= 1;
    write_file(path, flipped);
    EXPECT_THROW(offsite.copy_from(local, found, [](std::uint64_t) {}), Error);
    EXPECT_THAT(offsite.sets(), IsEmpty());
}

TEST_F(RepositoryTest, IsUsedByOneAtATime) {
    const auto held = local.lock("a backup");
    try {
        const auto second = local.lock("another");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::locked);
        EXPECT_THAT(error.message(), testing::HasSubstr("a backup"));
    }
}

TEST_F(RepositoryTest, RemembersHoldsAndNeverTakesABrokenListForNone) {
    EXPECT_THAT(local.holds(), IsEmpty());
    const std::vector<Hold> holds = {
        {"20260101T000000Z-logical-1111", "case 12", "anna", "2026-01-02T00:00:00Z", ""}};
    local.set_holds(holds);
    EXPECT_EQ(local.holds(), holds);
    write_file(local.path() / "holds.json", "[{");
    EXPECT_THROW(local.holds(), Error);
}

TEST_F(RepositoryTest, RemovesASet) {
    const auto found = make(local, "20260101T000000Z-logical-1111", "text");
    local.remove(found.set.id);
    EXPECT_THAT(local.sets(), IsEmpty());
    EXPECT_TRUE(fs::is_empty(local.path() / "sets"));
    EXPECT_THAT(local.removed(), ElementsAre(found.set.id));
}

TEST_F(RepositoryTest, IsMadeBelowADirectoryThatIsThereOnly) {
    const auto declared = directory.path() / "mount" / "disk";
    const Repository offsite("offsite", declared / "kyb-local", {}, declared);
    try {
        offsite.prepare();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::state_unusable);
        EXPECT_EQ(error.fact("path"), declared.string());
    }
    EXPECT_FALSE(fs::exists(directory.path() / "mount"));
    fs::create_directories(declared);
    offsite.prepare();
    EXPECT_TRUE(offsite.is_there());
}

TEST_F(RepositoryTest, ThatCannotBeReadIsNotEmpty) {
    EXPECT_THAT(Repository("away", directory.path() / "away").absence()->text,
                testing::HasSubstr("is not there"));
    EXPECT_THAT(Repository("away", directory.path() / "away").sets(), IsEmpty());
    // A link to itself: nobody can read it, not even root.
    const Repository broken("broken", directory.path() / "broken");
    fs::create_directory(broken.path());
    fs::create_directory_symlink("sets", broken.path() / "sets");
    EXPECT_THAT(broken.absence()->text, testing::HasSubstr("cannot be read"));
    EXPECT_FALSE(broken.is_there());
    EXPECT_THROW(broken.sets(), Error);
}

}  // namespace
}  // namespace caisson::backups

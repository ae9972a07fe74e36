// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/keys.h"

#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/postgres.h"

namespace caisson::backups {
namespace {

struct BackupKeysTest : testing::Test {
    BackupKeysTest() {
        run.manifest.name = "kyb";
        run.environment.name = "local";
        run.state.root = directory.path() / "state" / "kyb-local";
        declare("local", "");
    }
    void declare(const std::string& name, const std::string& path) {
        platform::Repository repository;
        repository.name = name;
        repository.path = path;
        run.manifest.backups.repositories.push_back(repository);
    }
    Set sealed_with(const Passphrase& passphrase) const {
        Set set;
        set.key = SealingKey::of(passphrase.text).id();
        return set;
    }
    Code code_of(const Repository& repository, bool anew) const {
        try {
            make_repository(run, repository, anew);
        } catch (const Error& error) {
            return error.code();
        }
        return Code::internal;
    }

    test::Directory directory;
    trust::Run run;
};

TEST_F(BackupKeysTest, OfManyThatMakeTheKeyAtATimeAllGetTheSame) {
    std::array<std::string, 8> texts;
    std::vector<std::thread> threads;
    for (auto& text : texts) {
        threads.emplace_back([&] { text = ensure_passphrase(run)->text.reveal(); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(std::set(texts.begin(), texts.end()).size(), 1U);
    EXPECT_TRUE(texts.front().starts_with(SealingKey::made_prefix));
    EXPECT_EQ(find_passphrase(run)->text.reveal(), texts.front());
    struct stat status {};
    ASSERT_EQ(::stat((run.state.backups() / "key").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(std::distance(fs::directory_iterator(run.state.backups()), {}), 1);
}

TEST_F(BackupKeysTest, OfASealedSetIsFoundWhateverIsMadeNow) {
    const auto set = sealed_with(ensure_passphrase(run).value());
    run.manifest.backups.encrypt = false;
    EXPECT_FALSE(ensure_passphrase(run));
    EXPECT_EQ(key_of(run, set)->id(), set.key);
    EXPECT_FALSE(key_of(run, Set()));
    fs::remove(run.state.backups() / "key");
    try {
        key_of(run, set);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::backup_key);
    }
}

TEST_F(BackupKeysTest, OneThatIsLostIsNotReplacedUnasked) {
    const auto local = repositories_of(run).front();
    make_repository(run, local, false);
    auto set = sealed_with(ensure_passphrase(run).value());
    set.id = new_id("2026-11-26T21:06:33.000Z", Kind::logical);
    local.begin(set.id);
    local.finish(set, std::nullopt);
    const auto key = run.state.backups() / "key";
    fs::remove(key);
    try {
        ensure_passphrase(run);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::backup_key);
        EXPECT_THAT(error.message(), testing::HasSubstr("there is no key at " + key.string()));
        EXPECT_THAT(error.hint(), testing::HasSubstr("--new-key"));
    }
    EXPECT_FALSE(fs::exists(key));
    EXPECT_TRUE(ensure_passphrase(run, true)->is_made);
    EXPECT_TRUE(fs::exists(key));
}

TEST_F(BackupKeysTest, OfASetIsThatWhoseNameItHas) {
    const auto before = sealed_with(ensure_passphrase(run).value());
    platform::Variable variable;
    variable.name = "BACKUP_KEY";
    run.manifest.variables.push_back(variable);
    run.manifest.backups.key = "${BACKUP_KEY}";
    run.variables["BACKUP_KEY"] = "a sentence that nobody guesses";
    const auto after = sealed_with(ensure_passphrase(run).value());
    EXPECT_NE(before.key, after.key);
    EXPECT_EQ(key_of(run, before)->id(), before.key);
    EXPECT_EQ(key_of(run, after)->id(), after.key);
}

TEST_F(BackupKeysTest, ARepositoryThatWasThereIsNotMadeAgainUnasked) {
    const auto disk = directory.path() / "disk";
    declare("offsite", disk.string());
    const auto offsite = repositories_of(run).at(1);
    EXPECT_EQ(offsite.path(), disk / "kyb-local");
    EXPECT_TRUE(is_expected(run, offsite)) << "its declared directory is missing";
    EXPECT_EQ(code_of(offsite, false), Code::state_unusable);
    EXPECT_FALSE(fs::exists(disk));

    fs::create_directory(disk);
    EXPECT_FALSE(is_expected(run, offsite));
    make_repository(run, offsite, false);
    EXPECT_TRUE(offsite.is_there());
    make_repository(run, offsite, false);

    // The disk is away: what is left is the empty directory it was mounted at.
    fs::remove_all(offsite.path());
    EXPECT_TRUE(is_expected(run, offsite));
    EXPECT_EQ(code_of(offsite, false), Code::state_unusable);
    EXPECT_FALSE(offsite.is_there());
    make_repository(run, offsite, true);
    EXPECT_TRUE(offsite.is_there());
}

TEST_F(BackupKeysTest, ARepositoryLiesAtAnAbsolutePath) {
    declare("offsite", "backups");
    try {
        repositories_of(run);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::variable_invalid);
        EXPECT_THAT(error.message(), testing::HasSubstr("\"backups\""));
    }
}

}  // namespace
}  // namespace caisson::backups

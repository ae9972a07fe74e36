// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/stored.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/error.h"
#include "tests/support/postgres.h"

namespace caisson::backups {
namespace {

const std::optional<SealingKey>& our_key() {
    static const std::optional key = SealingKey::of(Secret("a key of thirty-two characters!!"));
    return key;
}

std::string text_of(std::size_t size) {
    std::mt19937 random(5);
    std::string text(size, ' ');
    for (auto& c : text) {
        c = static_cast<char>('a' + random() % 7);
    }
    return text;
}

Stored store(const fs::path& directory, const std::string& name, std::string_view text,
             const std::optional<SealingKey>& key) {
    Storing storing(directory, name, key, {});
    for (std::size_t i = 0; i < text.size(); i += 100'000) {
        storing.add(text.substr(i, 100'000));
    }
    return storing.finish();
}

std::string read(const fs::path& directory, const StoredFile& file,
                 const std::optional<SealingKey>& key) {
    std::string text;
    read_stored(directory, file, key, [&](std::string_view bytes) { text += bytes; });
    return text;
}

TEST(Stored, IsReadAsItWasWritten) {
    const test::Directory directory;
    int number = 0;
    for (const std::size_t size : {0, 1, 70'000, 3'000'000}) {
        for (const auto& key : {our_key(), std::optional<SealingKey>()}) {
            const auto text = text_of(size);
            const auto stored = store(directory.path(), std::to_string(++number), text, key);
            EXPECT_EQ(stored.plain_bytes, size);
            EXPECT_EQ(stored.plain_sha256, sha256_hex(text));
            const auto path = directory.path() / stored.file.name;
            EXPECT_EQ(stored.file.sha256, sha256_hex(read_file(path)));
            EXPECT_EQ(stored.file.bytes, fs::file_size(path));
            struct stat status {};
            ASSERT_EQ(::stat(path.c_str(), &status), 0);
            EXPECT_EQ(status.st_mode & 0777U, 0600U);
            EXPECT_EQ(read(directory.path(), stored.file, key), text);
            if (size > 100'000) {
                EXPECT_LT(stored.file.bytes, size / 2);
            }
        }
    }
}

TEST(Stored, ThatIsNotFinishedLeavesNoFile) {
    const test::Directory directory;
    {
        Storing storing(directory.path(), "half", our_key(), {});
        storing.add(text_of(500'000));
    }
    EXPECT_TRUE(fs::is_empty(directory.path()));
}

TEST(Stored, DamageOfAnyKindIsNoticedBeforeTheEndIsHandedOn) {
    const test::Directory directory;
    const auto text = text_of(200'000);
    for (const auto& key : {our_key(), std::optional<SealingKey>()}) {
        const auto stored = store(directory.path(), key ? "a" : "b", text, key);
        const auto path = directory.path() / stored.file.name;
        const auto whole = read_file(path);
        auto flipped = whole;
        flipped[flipped.size() / 2] ^= 1;
        for (const auto& bytes :
             {flipped, whole.substr(0, whole.size() - 1), whole + "x", std::string()}) {
            directory.write(stored.file.name, bytes);
            std::string got;
            try {
                read_stored(directory.path(), stored.file, key,
                            [&](std::string_view part) { got += part; });
                FAIL();
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), Code::backup_damaged) << error.message();
                EXPECT_EQ(error.fact("file"), stored.file.name);
                EXPECT_LT(got.size(), text.size());
            }
        }
        fs::remove(path);
        EXPECT_THROW(read(directory.path(), stored.file, key), Error);
    }
}

TEST(Stored, WithoutTheKeyItsCauseIsTold) {
    const test::Directory directory;
    const auto stored = store(directory.path(), "a", "text", our_key());
    const auto code = [&](const std::optional<SealingKey>& key) {
        try {
            read(directory.path(), stored.file, key);
        } catch (const Error& error) {
            return error.code();
        }
        return Code::internal;
    };
    EXPECT_EQ(code(std::nullopt), Code::backup_key);
    EXPECT_EQ(code(SealingKey::of(Secret("another key of many characters!!"))), Code::backup_key);
}

}  // namespace
}  // namespace caisson::backups

// SPDX-License-Identifier: Apache-2.0
#include "base/sealing.h"

#include <random>

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson {
namespace {

SealingKey key_of(const std::string& text) { return SealingKey::of(Secret(text)); }

const SealingKey& our_key() {
    static const auto key = key_of("a key of thirty-two characters!!");
    return key;
}

std::string sealed(std::string_view plain, std::size_t step = 10'000) {
    std::string out;
    Sealer sealer(our_key(), [&](std::string_view bytes) { out += bytes; });
    for (std::size_t i = 0; i < plain.size(); i += step) {
        sealer.add(plain.substr(i, step));
    }
    sealer.finish();
    return out;
}

std::string opened(std::string_view bytes, const SealingKey& key, std::size_t step = 7'777) {
    std::string out;
    Opener opener(key, [&](std::string_view plain) { out += plain; });
    for (std::size_t i = 0; i < bytes.size(); i += step) {
        opener.add(bytes.substr(i, step));
    }
    opener.finish();
    return out;
}

Code code_of(std::string_view bytes, const SealingKey& key) {
    try {
        opened(bytes, key);
    } catch (const Error& error) {
        return error.code();
    }
    return Code::internal;
}

std::string text_of(std::size_t size) {
    std::mt19937 random(static_cast<unsigned>(size));
    std::string text(size, ' ');
    for (auto& c : text) {
        c = static_cast<char>(random());
    }
    return text;
}

TEST(Sealing, OpensToWhatWasSealedWhateverTheSizes) {
    for (const std::size_t size : {0, 1, 65'535, 65'536, 65'537, 131'072, 200'000, 1'000'000}) {
        for (const std::size_t step : {1'000, 65'536, 300'000}) {
            const auto plain = text_of(size);
            const auto bytes = sealed(plain, step);
            EXPECT_EQ(opened(bytes, our_key(), step + 1), plain) << size << " by " << step;
            // A few bytes are found anywhere, by chance.
            if (size >= 16) {
                EXPECT_EQ(bytes.find(plain.substr(0, 64)), std::string::npos);
            }
        }
    }
}

TEST(Sealing, NoTwoStreamsAreAlike) { EXPECT_NE(sealed("the same"), sealed("the same")); }

TEST(Sealing, EveryAlteredByteIsNoticed) {
    const auto bytes = sealed(text_of(70'000));
    std::mt19937 random(1);
    for (int i = 0; i < 300; ++i) {
        auto altered = bytes;
        altered[random() % altered.size()] ^= static_cast<char>(1U << (random() % 8));
        const auto code = code_of(altered, our_key());
        EXPECT_TRUE(code == Code::backup_damaged || code == Code::backup_key);
    }
}

TEST(Sealing, WhatIsCutOffExchangedRepeatedOrAddedIsNoticed) {
    const auto bytes = sealed(text_of(300'000));
    constexpr std::size_t header = 32;
    constexpr std::size_t chunk = 65'536 + 16;
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, header, header + 16,
                                   header + chunk, header + 2 * chunk, bytes.size() - 1}) {
        EXPECT_EQ(code_of(bytes.substr(0, size), our_key()), Code::backup_damaged) << size;
    }
    const auto first = bytes.substr(header, chunk);
    const auto second = bytes.substr(header + chunk, chunk);
    const auto rest = bytes.substr(header + 2 * chunk);
    EXPECT_EQ(code_of(bytes.substr(0, header) + second + first + rest, our_key()),
              Code::backup_damaged);
    EXPECT_EQ(code_of(bytes.substr(0, header) + first + first + rest, our_key()),
              Code::backup_damaged);
    EXPECT_EQ(code_of(bytes + "x", our_key()), Code::backup_damaged);
    // The chunks of one stream are none of another's.
    const auto other = sealed(text_of(300'000));
    EXPECT_EQ(code_of(other.substr(0, header) + bytes.substr(header), our_key()),
              Code::backup_damaged);
}

TEST(Sealing, AnotherKeyIsNamed) {
    EXPECT_EQ(code_of(sealed("text"), key_of("another key of many characters!!")),
              Code::backup_key);
}

TEST(Sealing, TheSameTextGivesTheSameKey) {
    EXPECT_EQ(key_of("correct horse battery").id(), key_of("correct horse battery").id());
    EXPECT_NE(key_of("correct horse battery").id(), key_of("correct horse batterz").id());
    EXPECT_THROW(key_of("too short"), Error);
}

/// How long stretching takes is the machine's business: what counts is which text has which key.
TEST(Sealing, OnlyAKeyThatWasMadeIsNotStretched) {
    EXPECT_TRUE(SealingKey::make_text().reveal().starts_with(SealingKey::made_prefix));
    EXPECT_NE(SealingKey::make_text().reveal(), SealingKey::make_text().reveal());
    const std::string random(43, 'r');
    // Names of keys as computed apart from this code, with Python's hashlib.
    EXPECT_EQ(key_of("caisson-key-" + random).id(), "759f734977f05db5");
    EXPECT_EQ(key_of(random).id(), "4dd0fd16ba592ede");
    EXPECT_EQ(key_of("caisson-key-" + std::string(42, 'r') + " ").id(), "994a586d9973e2b1");
}

}  // namespace
}  // namespace caisson

// SPDX-License-Identifier: Apache-2.0
#include "base/signing.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace caisson {
namespace {

// Source: RFC 8032, 7.1, TEST 2.
const Secret seed{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"};
constexpr std::string_view public_key =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
constexpr std::string_view signature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d"
    "8c387b2eaeb4302aeeb00d291612bb0c00";

TEST(Signing, SignsAsTheStandardSays) {
    const auto key = SigningKey::parse(seed);
    EXPECT_EQ(key.public_key(), public_key);
    EXPECT_EQ(key.sign("\x72"), signature);
    EXPECT_TRUE(is_signed_by(public_key, "\x72", signature));
}

TEST(Signing, RefusesAnotherMessageKeyOrSignature) {
    EXPECT_FALSE(is_signed_by(public_key, "\x73", signature));
    EXPECT_FALSE(is_signed_by(SigningKey::generate().public_key(), "\x72", signature));
    auto other = std::string(signature);
    other[7] = other[7] == '0' ? '1' : '0';
    EXPECT_FALSE(is_signed_by(public_key, "\x72", other));
    EXPECT_FALSE(is_signed_by(public_key, "\x72", ""));
    EXPECT_FALSE(is_signed_by("no key", "\x72", signature));
}

TEST(Signing, ReadsTheKeysItWrites) {
    const auto key = SigningKey::generate();
    EXPECT_EQ(SigningKey::parse(key.pem()).public_key(), key.public_key());
    const auto other = SigningKey::generate();
    EXPECT_THAT(
        public_keys_of(public_key_pem(key.public_key()) + public_key_pem(other.public_key())),
        testing::ElementsAre(key.public_key(), other.public_key()));
    EXPECT_THAT(public_keys_of("# ours\n" + key.public_key() + "\n"),
                testing::ElementsAre(key.public_key()));
    EXPECT_EQ(key_id(key.public_key()).size(), 16U);
}

TEST(Signing, NeverShowsWhatWasGivenInsteadOfAKey) {
    try {
        SigningKey::parse(Secret("hunter2"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::usage);
        EXPECT_EQ(error.message().find("hunter2"), std::string::npos);
    }
    EXPECT_THROW(public_keys_of("nothing"), Error);
    EXPECT_THROW(public_keys_of(""), Error);
}

}  // namespace
}  // namespace caisson

// SPDX-License-Identifier: Apache-2.0
#include "base/crypto.h"

#include <set>

#include <gtest/gtest.h>

namespace caisson {
namespace {

TEST(Crypto, Sha256FollowsFips180) {
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Crypto, SecretsAreLongDifferentAndSafeInUrls) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const auto secret = random_secret().reveal();
        EXPECT_EQ(secret.size(), 32U);
        EXPECT_EQ(secret.find_first_not_of(
                      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  std::string::npos);
        EXPECT_TRUE(seen.insert(secret).second);
    }
}

TEST(Crypto, UuidsSayTheirVersion) {
    const auto uuid = random_uuid();
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
}

TEST(Crypto, ComparesSecrets) {
    EXPECT_TRUE(equal_in_constant_time("a", "a"));
    EXPECT_FALSE(equal_in_constant_time("a", "b"));
    EXPECT_FALSE(equal_in_constant_time("a", "aa"));
}

TEST(Crypto, MakesACertificateForNamesAndAddresses) {
    const auto made = self_signed_certificate("caisson", {"localhost", "127.0.0.1", "::1"});
    EXPECT_EQ(made.certificate.rfind("-----BEGIN CERTIFICATE-----", 0), 0U);
    EXPECT_EQ(made.key.reveal().rfind("-----BEGIN PRIVATE KEY-----", 0), 0U);
}

}  // namespace
}  // namespace caisson

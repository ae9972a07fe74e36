// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/drill/receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "tests/support/postgres.h"

namespace caisson::backups {
namespace {

using testing::IsEmpty;

struct ReceiptTest : testing::Test {
    ReceiptTest() {
        repository.prepare();
        repository.begin(set.id);
        repository.finish(set, key);
        found = repository.find(set.id).value();
    }
    static Set make_set() {
        Set made;
        made.id = "20261126T210633Z-logical-5f3a";
        return made;
    }
    Receipt receipt(bool passed = true) const {
        return {set.id,
                sha256_hex(found.json),
                "local",
                false,
                "2026-11-26T22:00:00.000Z",
                "2026-11-26T22:00:05.000Z",
                "",
                "",
                3.5,
                0,
                1 << 20,
                {{"restore", true, "1 MB", 3.5}, {"contents", passed, "as the manifest says", 1.5}},
                "15.20",
                "0.1.0"};
    }
    std::map<std::string, KeptReceipt> proofs() const {
        return proofs_of(repository, {found}, {key.public_key()});
    }

    test::Directory directory;
    Repository repository{"local", directory.path() / "local"};
    SigningKey key = SigningKey::generate();
    Set set = make_set();
    Found found;
};

TEST_F(ReceiptTest, IsWhatItsTextSays) { EXPECT_EQ(parse_receipt(to_json(receipt())), receipt()); }

TEST_F(ReceiptTest, ProvesItsSet) {
    EXPECT_THAT(proofs(), IsEmpty());
    keep_receipt(repository, receipt(), key);
    ASSERT_EQ(proofs().count(set.id), 1U);
    EXPECT_EQ(proofs().at(set.id).receipt, receipt());
}

TEST_F(ReceiptTest, OfAFailedDrillProvesNothing) {
    keep_receipt(repository, receipt(false), key);
    EXPECT_THAT(proofs(), IsEmpty());
    auto empty = receipt();
    empty.trials.clear();
    EXPECT_FALSE(empty.passed());
}

TEST_F(ReceiptTest, WithoutAKnownSignatureProvesNothing) {
    keep_receipt(repository, receipt(), std::nullopt);
    EXPECT_THAT(proofs(), IsEmpty());
    keep_receipt(repository, receipt(), SigningKey::generate());
    EXPECT_THAT(proofs(), IsEmpty());
}

TEST_F(ReceiptTest, ThatWasAlteredProvesNothing) {
    const auto path = keep_receipt(repository, receipt(false), key);
    auto text = read_file(path);
    const auto place = text.find("\\\"passed\\\":false");
    ASSERT_NE(place, std::string::npos);
    text.replace(place, 16, "\\\"passed\\\":true ");
    write_file(path, text);
    EXPECT_THAT(proofs(), IsEmpty());
    write_file(path, "{");
    EXPECT_THAT(receipts_of(repository, {key.public_key()}), IsEmpty());
}

TEST_F(ReceiptTest, OfAnotherRepositoryProvesNothingHere) {
    auto other = receipt();
    other.repository = "offsite";
    keep_receipt(repository, other, key);
    EXPECT_THAT(proofs(), IsEmpty());
}

TEST_F(ReceiptTest, OfASmallDrillDoesNotReplaceAFullOne) {
    auto small = receipt();
    small.is_small = true;
    small.started = "2026-11-25T22:00:00.000Z";
    keep_receipt(repository, small, key);
    EXPECT_TRUE(proofs().at(set.id).receipt.is_small);
    keep_receipt(repository, receipt(), key);
    EXPECT_FALSE(proofs().at(set.id).receipt.is_small);
    small.started = "2026-11-27T22:00:00.000Z";
    keep_receipt(repository, small, key);
    EXPECT_FALSE(proofs().at(set.id).receipt.is_small);
}

TEST_F(ReceiptTest, OfAnotherManifestProvesNothing) {
    auto other = receipt();
    other.manifest_sha256 = sha256_hex("another");
    keep_receipt(repository, other, key);
    EXPECT_THAT(proofs(), IsEmpty());
}

}  // namespace
}  // namespace caisson::backups

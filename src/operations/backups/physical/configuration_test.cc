// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "operations/backups/physical/catalogue.h"
#include "operations/backups/physical/failures.h"
#include "operations/backups/physical/segment.h"

namespace caisson::backups::physical {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Stanza stanza{"lumina-local-7", "/state/data", "/state/run", 5433, "postgres"};
const Home home{"/backups/pgbackrest"};

std::string text_with(const std::optional<Secret>& passphrase) {
    Depot offsite;
    offsite.number = 2;
    offsite.path = "/lumina";
    offsite.bucket = "sets";
    offsite.endpoint = "s3.example";
    offsite.region = "eu";
    offsite.key = Secret("key");
    offsite.secret = Secret("secret");
    return configuration_text({}, home, {Depot{1, "local", "/repo", {}, {}, {}, {}, {}}, offsite},
                              passphrase, stanza);
}

TEST(Configuration, HasEachRepositoryItsKeyAndTheStanza) {
    const auto text = text_with(Secret("a # long; pass=phrase"));
    EXPECT_THAT(text, HasSubstr("\nrepo1-path=/repo\n"));
    EXPECT_THAT(text, HasSubstr("\nrepo1-cipher-pass=a # long; pass=phrase\n"));
    EXPECT_THAT(text, HasSubstr("\nrepo2-type=s3\nrepo2-s3-bucket=sets\n"));
    EXPECT_THAT(text, HasSubstr("\n[lumina-local-7]\npg1-path=/state/data\n"));
    EXPECT_THAT(text_with(std::nullopt), Not(HasSubstr("cipher")));
}

TEST(Configuration, IsNotOneThatItRefuses) {
    EXPECT_THAT(refused_settings(text_with(Secret("passphrase")), {2, 45}), IsEmpty());
}

TEST(Configuration, RefusesAPassphraseThatALineCannotHold) {
    for (const std::string bad : {"", " a", "a ", "a\nb"}) {
        EXPECT_THROW(text_with(Secret(bad)), Error) << bad;
    }
}

std::vector<std::string> refused(std::string_view text, Version version = {2, 45}) {
    std::vector<std::string> names;
    for (const auto& each : refused_settings(text, version)) {
        names.push_back(each.setting);
    }
    return names;
}

TEST(Configuration, RefusesWhatLosesDataWithTheVersionAtHand) {
    EXPECT_THAT(refused("[global]\narchive-push-queue-max=1GB\n"),
                ElementsAre("archive-push-queue-max"));
    EXPECT_THAT(refused("[global]\nrepo2-block=y\n"), ElementsAre("repo-block"));
    EXPECT_THAT(refused("[global]\nrepo2-block=y\n", {2, 55}), IsEmpty());
    EXPECT_THAT(refused("[global]\narchive-async=y\n"), ElementsAre("archive-async"));
    EXPECT_THAT(refused("[global:archive-push]\narchive-async=y\n"), IsEmpty());
    EXPECT_THAT(refused("[global]\nrepo1-retention-full=30\nrepo1-retention-full-type=time\n"),
                ElementsAre("repo-retention-full", "repo-retention-full-type"));
    EXPECT_THAT(refused("[global]\nexpire-auto=y\n#expire-auto=y\n"), ElementsAre("expire-auto"));
}

TEST(Configuration, KnowsVersions) {
    EXPECT_EQ(parse_version("pgBackRest 2.45\n"), (Version{2, 45}));
    EXPECT_LT(*parse_version("pgBackRest 2.9dev"), oldest_version);
    EXPECT_FALSE(parse_version("bash: pgbackrest"));
    EXPECT_FALSE(parse_version("pgBackRest 2"));
}

TEST(Failures, TellTheCauseOfAWrongPassphrase) {
    const auto complaint =
        complaint_of(
            "ERROR: [029]: unable to load info file '/r/backup.info' or "
            "'/r/backup.info.copy':\n       FormatError: key/value at line 1: \xff\x80\n"
            "       HINT: has a stanza-create been performed?\nnext line\n")
            .value();
    EXPECT_EQ(complaint.code, 29);
    EXPECT_EQ(unreadable_info(complaint), fs::path("/r/backup.info"));
    EXPECT_THAT(complaint.text, Not(HasSubstr("next line")));
    EXPECT_EQ(error_of("backup", 29, complaint, InfoFile::sealed, true).code(), Code::backup_key);
    EXPECT_EQ(error_of("backup", 29, complaint, InfoFile::sealed, false).code(), Code::backup_key);
    EXPECT_EQ(error_of("backup", 29, complaint, InfoFile::plain, true).code(), Code::backup_key);
    EXPECT_EQ(error_of("backup", 29, complaint, InfoFile::plain, false).code(),
              Code::backup_damaged);
    EXPECT_EQ(error_of("backup", 29, complaint, InfoFile::missing, true).code(),
              Code::backup_missing);
}

TEST(Failures, AreToldApart) {
    const auto code = [](std::string_view text) {
        return error_of("backup", 1, complaint_of(text).value(), InfoFile::elsewhere, true).code();
    };
    EXPECT_EQ(code("ERROR: [050]: unable to acquire lock on file"), Code::locked);
    EXPECT_EQ(code("ERROR: [047]: unable to write: [28] No space left on device"), Code::disk_full);
    EXPECT_EQ(code("ERROR: [064]: unable to write '/r/bundle/1': [2] No such file or directory"),
              Code::disk_full);
    EXPECT_EQ(code("ERROR: [124]: raised from local-2 protocol: unable to write '/r/bundle/1'"),
              Code::disk_full);
    EXPECT_EQ(code("ERROR: [064]: unable to write '/r/bundle/1': [5] Input/output error"),
              Code::backup_failed);
    EXPECT_EQ(code("ERROR: [056]: unable to find primary cluster"), Code::cannot_connect);
    EXPECT_EQ(code("ERROR: [075]: backup set X is not valid"), Code::backup_missing);
    EXPECT_EQ(code("ERROR: [095]: raised from local-1"), Code::backup_damaged);
    EXPECT_EQ(code("ERROR: [082]: WAL segment was not archived"), Code::backup_failed);
    const auto missing = complaint_of("ERROR: [055]: unable to open missing file").value();
    EXPECT_EQ(error_of("restore", 55, missing, InfoFile::elsewhere, true).code(),
              Code::backup_damaged);
    const auto altered =
        complaint_of("ERROR: [029]: raised from local-1 protocol: zst error").value();
    EXPECT_EQ(error_of("restore", 29, altered, InfoFile::elsewhere, true).code(),
              Code::backup_damaged);
    EXPECT_EQ(error_of("info", 55, missing, InfoFile::elsewhere, true).code(), Code::backup_failed);
    EXPECT_FALSE(complaint_of("INFO: all is well"));
}

TEST(Segments, HaveNamesAndPositions) {
    EXPECT_EQ(parse_lsn("16/B374D848"), Lsn{0x16B374D848});
    EXPECT_EQ(lsn_text(0x16B374D848), "16/B374D848");
    for (const std::string bad : {"", "16", "/1", "1/", "G/1", "1/123456789", "123456789/1"}) {
        EXPECT_FALSE(parse_lsn(bad)) << bad;
    }
    const auto segment = parse_segment("00000002000000160000003A").value();
    EXPECT_EQ(segment.timeline, 2U);
    EXPECT_EQ(segment.number, 0x16U * 256 + 0x3A);
    EXPECT_EQ(segment_name(segment), "00000002000000160000003A");
    EXPECT_EQ(segment_number(0x163A000028), segment.number);
    EXPECT_FALSE(parse_segment("000000020000001600000100"));
    EXPECT_FALSE(parse_segment("00000002.history"));
}

TEST(Catalogue, ReadsWhatPgbackrestSays) {
    const auto listings = parse_info(
        R"([{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000004","min":"000000010000000000000001"}],"backup":[{"annotation":{"caisson":"abc"},"archive":{"start":"000000010000000000000003","stop":"000000010000000000000004"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":70211255,"repository":{"delta":8005584,"size":8005584},"size":70211255},"label":"20261126-213354F","lsn":{"start":"0/3000028","stop":"0/4000050"},"prior":null,"reference":null,"timestamp":{"start":1795728834,"stop":1795728836},"type":"full"}],"cipher":"aes-256-cbc","db":[{"id":1,"repo-key":1,"system-id":7712596595392058460,"version":"15"}],"name":"st-7712596595392058460","repo":[{"cipher":"aes-256-cbc","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0}}])");
    ASSERT_EQ(listings.size(), 1U);
    EXPECT_EQ(listings[0].system_identifier, "7712596595392058460");
    EXPECT_EQ(listings[0].archive_max, "000000010000000000000004");
    EXPECT_EQ(listings[0].problem, "");
    ASSERT_EQ(listings[0].entries.size(), 1U);
    EXPECT_EQ(listings[0].entries[0].set, "abc");
    EXPECT_EQ(listings[0].entries[0].stored_bytes, 8005584U);
    EXPECT_EQ(listings[0].entries[0].prior, "");
    EXPECT_THROW(parse_info("[{}]"), Error);
    EXPECT_THROW(parse_info("no"), Error);

    Found found;
    found.set.id = "abc";
    found.set.kind = Kind::full;
    found.set.label = "20261126-213354F";
    found.set.system_identifier = "7712596595392058460";
    auto joined = join_sets("local", listings, {found});
    ASSERT_EQ(joined.size(), 1U);
    EXPECT_EQ(joined[0].mistake, "");
    // Another cluster's backup may have the same label.
    found.set.system_identifier = "1";
    joined = join_sets("local", listings, {found});
    ASSERT_EQ(joined.size(), 2U);
    EXPECT_THAT(joined[0].mistake, HasSubstr("no manifest"));
    EXPECT_THAT(joined[1].mistake, HasSubstr("files are gone"));
}

}  // namespace
}  // namespace caisson::backups::physical

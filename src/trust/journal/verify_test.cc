// SPDX-License-Identifier: Apache-2.0
#include "trust/journal/verify.h"

#include <gmock/gmock.h>

namespace caisson::journal {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string ours = "11111111-1111-4111-8111-111111111111";
const std::string another = "22222222-2222-4222-8222-222222222222";

/// A journal as a writer makes it.
struct Journal {
    SigningKey key = SigningKey::generate();
    std::string database = ours;
    std::int64_t epoch = 1;
    std::vector<Entry> entries;

    void add(std::string_view kind, const std::string& detail = "{}") {
        Entry entry;
        entry.sequence = static_cast<std::int64_t>(entries.size()) + 1;
        entry.epoch = epoch;
        entry.at = "2026-03-03T08:00:00.000000Z";
        entry.kind = kind;
        entry.detail = detail;
        entry.previous = entries.empty() ? no_hash() : entries.back().hash;
        entry.hash = hash_of(entry);
        entries.push_back(entry);
    }
    void begin() {
        std::string continues;
        if (!entries.empty()) {
            const auto& last = entries.back();
            continues = R"(,"continues":{"epoch":)" + std::to_string(last.epoch) +
                        R"(,"sequence":)" + std::to_string(last.sequence) + R"(,"hash":")" +
                        last.hash + "\"}";
            ++epoch;
        }
        add(kinds::epoch, R"({"database":")" + database + "\"" + continues + "}");
    }
    Head head() const {
        const auto& last = entries.back();
        return journal::sign({database, last.epoch, last.sequence, last.hash, last.at, "", ""},
                             key);
    }
    void sign() {
        const auto signed_head = head();
        add(kinds::signature, R"({"database":")" + database + R"(","sequence":)" +
                                  std::to_string(signed_head.sequence) + R"(,"hash":")" +
                                  signed_head.hash + R"(","key":")" + signed_head.key +
                                  R"(","signature":")" + signed_head.signature + "\"}");
    }
    /// As somebody would who may write the table, but has no key.
    void rehash_from(std::size_t index) {
        for (; index < entries.size(); ++index) {
            entries[index].previous = index == 0 ? no_hash() : entries[index - 1].hash;
            entries[index].hash = hash_of(entries[index]);
        }
    }
    Verdict verdict(Expectation expectation = {}) const {
        Verifier verifier(std::move(expectation));
        for (const auto& entry : entries) {
            verifier.take(entry);
        }
        return verifier.finish();
    }
};

/// epoch 1, key 2, start 3, finish 4, start 5, finish 6, signature 7
Journal small() {
    Journal journal;
    journal.begin();
    journal.add(kinds::key, to_json(introduce(journal.key)));
    for (int i = 0; i < 2; ++i) {
        journal.add(kinds::start);
        journal.add(kinds::finish);
    }
    journal.sign();
    return journal;
}

std::vector<std::string> found(const Verdict& verdict) {
    std::vector<std::string> list;
    for (const auto& finding : verdict.findings) {
        list.push_back(std::string(name_of(finding.kind)) + " " + std::to_string(finding.first) +
                       "-" + std::to_string(finding.last));
    }
    return list;
}

TEST(Verify, AJournalAsItWasWrittenHolds) {
    const auto journal = small();
    const auto verdict = journal.verdict({ours, {journal.head()}, {}, {}});
    EXPECT_THAT(found(verdict), IsEmpty());
    EXPECT_THAT(verdict.notes, IsEmpty());
    EXPECT_EQ(verdict.entries, 7);
    EXPECT_EQ(verdict.signed_through, 6);
    EXPECT_EQ(verdict.signatures, 1U);
    EXPECT_EQ(verdict.heads, 1U);
    EXPECT_EQ(verdict.database, ours);
}

TEST(Verify, NamesTheEntryOfWhichAnyFieldWasChanged) {
    for (auto field : {&Entry::at, &Entry::kind, &Entry::actor, &Entry::origin, &Entry::run,
                       &Entry::subject, &Entry::detail}) {
        auto journal = small();
        journal.entries[3].*field += "x";
        EXPECT_THAT(found(journal.verdict()), ElementsAre("changed 4-4"));
        // With its hash made anew the next entry does not follow it.
        journal.entries[3].hash = hash_of(journal.entries[3]);
        EXPECT_THAT(found(journal.verdict()), ElementsAre("changed 4-4"));
    }
}

TEST(Verify, NamesEntriesThatAreMissing) {
    auto journal = small();
    journal.entries.erase(journal.entries.begin() + 3, journal.entries.begin() + 5);
    EXPECT_THAT(found(journal.verdict()), ElementsAre("missing 4-5"));
    journal.entries.erase(journal.entries.begin());
    EXPECT_THAT(found(journal.verdict()), Contains("missing 1-1"));
}

TEST(Verify, NamesEntriesThatAreThereTwice) {
    auto journal = small();
    journal.entries.insert(journal.entries.begin() + 4, journal.entries[3]);
    EXPECT_THAT(found(journal.verdict()), Contains("out_of_order 4-4"));
}

TEST(Verify, AHeadKnowsATailThatWasCutOff) {
    auto journal = small();
    const auto head = journal.head();
    journal.entries.resize(4);
    EXPECT_THAT(found(journal.verdict()), IsEmpty()) << "the chain alone cannot know";
    const auto verdict = journal.verdict({"", {head}, {}, {}});
    EXPECT_THAT(found(verdict), ElementsAre("cut_tail 5-7"));
    EXPECT_THAT(verdict.findings[0].text, HasSubstr("knows entry 7, the journal ends at 4"));
    journal.entries.clear();
    EXPECT_THAT(found(journal.verdict({"", {head}, {}, {}})), ElementsAre("cut_tail 1-7"));
}

TEST(Verify, WhoRewritesTheChainCannotSignIt) {
    auto journal = small();
    const auto head = journal.head();
    journal.entries[2].detail = R"({"innocent":true})";
    journal.rehash_from(2);
    EXPECT_THAT(found(journal.verdict()), ElementsAre("forged 7-7"));
    // Nor when the signature names the new hash.
    journal.entries[6].detail = R"({"sequence":6,"hash":")" + journal.entries[5].hash +
                                R"(","key":")" + head.key + R"(","signature":")" + head.signature +
                                "\"}";
    journal.rehash_from(6);
    EXPECT_THAT(found(journal.verdict()), ElementsAre("forged 7-7"));
    EXPECT_THAT(found(journal.verdict({"", {head}, {}, {}})),
                ElementsAre("forged 7-7", "rewritten 7-7"));
}

TEST(Verify, WhoRewritesItWithAnotherKeyIsNotBelieved) {
    const auto genuine = small();
    const auto fake = small();
    EXPECT_THAT(found(fake.verdict()), IsEmpty()) << "without a key or a head to hold against it";
    EXPECT_THAT(found(fake.verdict({"", {}, {genuine.key.public_key()}, {}})),
                ElementsAre("other_key 2-2", "other_key 7-7", "unsigned 1-7"));
    // The keys that this place made itself are held against it as well.
    EXPECT_THAT(found(fake.verdict({"", {}, {}, {genuine.key.public_key()}})),
                ElementsAre("unsigned 1-7"));
    EXPECT_THAT(found(fake.verdict({"", {genuine.head()}, {}, {}})), Contains("rewritten 7-7"));
    EXPECT_THAT(found(genuine.verdict({"", {}, {genuine.key.public_key()}, {}})), IsEmpty());
}

TEST(Verify, AKeyThatTheOldOneIntroducedMaySign) {
    auto journal = small();
    const auto first = journal.key.public_key();
    const auto next = SigningKey::generate();
    journal.add(kinds::key, to_json(introduce(next, journal.key)));
    journal.key = next;
    journal.sign();
    const auto verdict = journal.verdict({"", {}, {first}, {}});
    EXPECT_THAT(found(verdict), IsEmpty());
    EXPECT_EQ(verdict.signatures, 2U);
    // One that nobody introduced may not; without keys to hold against it that is a note.
    journal.key = SigningKey::generate();
    journal.add(kinds::key, to_json(introduce(journal.key)));
    journal.sign();
    EXPECT_THAT(found(journal.verdict({"", {}, {first}, {}})),
                ElementsAre("other_key 10-10", "other_key 11-11", "unsigned 10-11"));
    EXPECT_THAT(found(journal.verdict()), IsEmpty());
    EXPECT_THAT(journal.verdict().notes, Contains(HasSubstr("for which no key vouches")));
    // What is signed last covers all before, and only keys that are known need no voucher.
    const auto known = journal.verdict({"", {}, {}, {first, journal.key.public_key()}});
    EXPECT_THAT(found(known), IsEmpty());
    EXPECT_THAT(known.notes, IsEmpty());
}

TEST(Verify, AJournalWhoseSignaturesWereTakenOutIsNamed) {
    auto journal = small();
    const auto key = journal.key.public_key();
    journal.entries.pop_back();
    EXPECT_THAT(found(journal.verdict()), IsEmpty()) << "without a key to hold against it";
    EXPECT_THAT(found(journal.verdict({"", {}, {key}, {}})), ElementsAre("unsigned 1-6"));
    // A first run that is still going on has signed nothing; the one after it would have.
    EXPECT_THAT(found(journal.verdict({"", {}, {}, {key}})), IsEmpty());
    journal.entries[4].run = journal.entries[5].run = "another";
    journal.rehash_from(4);
    EXPECT_THAT(found(journal.verdict({"", {}, {}, {key}})), ElementsAre("unsigned 1-6"));
}

TEST(Verify, TheTailOfARunAfterTheLastSignatureIsNoFinding) {
    auto journal = small();
    journal.add(kinds::start);
    const auto verdict = journal.verdict({"", {}, {journal.key.public_key()}, {}});
    EXPECT_THAT(found(verdict), IsEmpty());
    EXPECT_THAT(verdict.notes, ElementsAre("entry 8 is not signed"));
}

TEST(Verify, HeadsAreNotEscapedByAnotherEpochNumber) {
    const auto genuine = small();
    const auto key = genuine.key.public_key();
    auto renumbered = small();
    for (auto& entry : renumbered.entries) {
        entry.epoch = 2;
    }
    renumbered.rehash_from(0);
    EXPECT_THAT(found(renumbered.verdict({"", {genuine.head()}, {}, {}})),
                testing::IsSupersetOf({"wrong_epoch 1-1", "rewritten 7-7"}));
    // Epoch 1 of another database first, and only then the database that the heads are of.
    Journal shifted;
    shifted.database = another;
    shifted.begin();
    shifted.database = ours;
    shifted.begin();
    EXPECT_THAT(found(shifted.verdict({ours, {genuine.head()}, {}, {}})),
                ElementsAre("cut_tail 3-7"));
    for (int i = 0; i < 8; ++i) {
        shifted.add(kinds::start);
    }
    EXPECT_THAT(found(shifted.verdict({"", {genuine.head()}, {}, {}})),
                ElementsAre("rewritten 7-7"));
    // The database at hand is ours, whatever the journal says.
    Journal foreign;
    foreign.database = another;
    foreign.begin();
    EXPECT_THAT(found(foreign.verdict({ours, {genuine.head()}, {}, {}})),
                ElementsAre("cut_tail 2-7"));
}

TEST(Verify, NobodyLeavesHeadsBehindWithAKeyOfHisOwn) {
    const auto genuine = small();
    Journal fake;
    fake.begin();
    fake.add(kinds::key, to_json(introduce(fake.key)));
    fake.database = another;
    fake.begin();
    fake.sign();
    EXPECT_THAT(found(fake.verdict({another, {genuine.head()}, {}, {}})),
                ElementsAre("cut_tail 3-7"));
}

TEST(Verify, AForgedIntroductionIsNamed) {
    auto journal = small();
    const auto next = SigningKey::generate();
    auto introduction = introduce(next, journal.key);
    introduction.signature = next.sign(introduction_message(next.public_key()));
    journal.add(kinds::key, to_json(introduction));
    EXPECT_THAT(found(journal.verdict()), Contains("forged 8-8"));
}

TEST(Verify, ARestoreBeginsAnEpochThatNamesTheOldHead) {
    auto journal = small();
    journal.add(kinds::start);
    journal.sign();
    const auto old_head = journal.head();
    // The backup was taken before the last two entries.
    journal.entries.resize(7);
    journal.database = another;
    journal.begin();
    EXPECT_THAT(found(journal.verdict({another, {old_head}, {}, {}})), ElementsAre("cut_tail 8-9"))
        << "an epoch that nobody signed may hide what was cut off";
    journal.sign();
    const auto verdict = journal.verdict({another, {old_head, journal.head()}, {}, {}});
    EXPECT_THAT(found(verdict), IsEmpty());
    EXPECT_EQ(verdict.epoch, 2);
    EXPECT_THAT(verdict.notes, Contains(HasSubstr("entries 8 to 9 of epoch 1")));
    journal.entries[7].detail = R"({"database":"x","continues":{"epoch":1,"sequence":6}})";
    journal.rehash_from(7);
    EXPECT_THAT(found(journal.verdict()), Contains("wrong_epoch 8-8"));
}

TEST(Verify, AHeadOfAnotherDatabaseIsNamed) {
    auto other = small();
    other.database = another;
    EXPECT_THAT(found(small().verdict({"", {other.head()}, {}, {}})),
                ElementsAre("other_journal 0-0"));
    auto journal = small();
    EXPECT_THAT(found(journal.verdict({"", {other.head(), journal.head()}, {}, {}})), IsEmpty());
    EXPECT_THAT(journal.verdict({"", {other.head(), journal.head()}, {}, {}}).notes,
                ElementsAre("1 head is of database " + another + ", not of this one"));
}

TEST(Verify, AnExportThatBeginsLaterNeedsTheHeadOfJustBefore) {
    auto journal = small();
    const auto head = journal.head();
    journal.add(kinds::start);
    journal.sign();
    journal.entries.erase(journal.entries.begin(), journal.entries.begin() + 7);
    EXPECT_THAT(found(journal.verdict()), ElementsAre("missing 1-7"));
    const auto verdict = journal.verdict({"", {head}, {journal.key.public_key()}, {}});
    EXPECT_THAT(found(verdict), IsEmpty());
    EXPECT_EQ(verdict.signatures, 1U);
}

TEST(Verify, SaysWhatIsNotSigned) {
    auto journal = small();
    journal.add(kinds::start);
    journal.add(kinds::failure);
    EXPECT_THAT(journal.verdict().notes, ElementsAre("entries 8 to 9 are not signed"));
}

TEST(Verify, CountsFindingsBeyondTheFirstThousand) {
    Verifier verifier({});
    for (std::size_t line = 1; line <= 1500; ++line) {
        verifier.unreadable(line, "torn");
    }
    const auto verdict = verifier.finish();
    EXPECT_EQ(verdict.findings.size(), 1000U);
    EXPECT_EQ(verdict.more, 500U);
}

}  // namespace
}  // namespace caisson::journal

// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "base/text.h"
#include "tests/support/postgres.h"
#include "trust/catalogue.h"
#include "trust/journal/table.h"
#include "trust/journal/verify.h"
#include "trust/journal/writer.h"

namespace caisson::journal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Journal : public testing::Test {
 protected:
    Journal() {
        trust::install_catalogue(connection_, {trust::identity_step(), table_step()});
        stamp("11111111-1111-4111-8111-111111111111");
        connection_.script("create table work (id int primary key)");
    }

    void stamp(const std::string& uuid) {
        connection_.query(
            "insert into caisson.identity (platform, database, environment, uuid, "
            "system_identifier, database_oid) values ('p', 'd', 'local', $1, '', '') on conflict "
            "(only_row) do update set uuid = excluded.uuid",
            {uuid});
    }
    Writer::Options options() {
        Writer::Options options;
        options.settings = database_.settings();
        options.key = key_;
        options.heads = directory_.path() / "journal" / "d.heads";
        return options;
    }
    std::vector<Entry> entries() {
        std::vector<Entry> list;
        read(connection_, {}, [&](const Entry& entry) { list.push_back(entry); });
        return list;
    }
    /// "epoch key start finish", in their order.
    std::string kinds_of_all() {
        std::string text;
        for (const auto& entry : entries()) {
            text += (text.empty() ? "" : " ") + entry.kind;
        }
        return text;
    }
    Verdict verdict() {
        std::vector<std::string> mistakes;
        const auto heads = parse_heads(
            read_if_exists(directory_.path() / "journal" / "d.heads").value_or(""), mistakes);
        EXPECT_THAT(mistakes, IsEmpty());
        Verifier verifier({"", heads, {key_.public_key()}, {}});
        read(connection_, {}, [&](const Entry& entry) { verifier.take(entry); });
        return verifier.finish();
    }
    void expect_whole() {
        const auto result = verdict();
        for (const auto& finding : result.findings) {
            ADD_FAILURE() << finding.text;
        }
    }
    std::vector<std::string> findings() {
        std::vector<std::string> list;
        for (const auto& finding : verdict().findings) {
            list.push_back(std::string(name_of(finding.kind)) + " " +
                           std::to_string(finding.first) + "-" + std::to_string(finding.last));
        }
        return list;
    }

    /// A run of a writer that saw the journal before another, whose entries these are, committed.
    void lose_against(const std::vector<Draft>& drafts, std::int64_t epoch,
                      std::optional<Writer::Options> with = {}) {
        auto all = entries();
        const auto there = all.size();
        for (const auto& draft : drafts) {
            Entry entry;
            entry.sequence = static_cast<std::int64_t>(all.size()) + 1;
            entry.epoch = epoch;
            entry.at = "2026-03-03T08:00:00.000000Z";
            entry.kind = draft.kind;
            entry.subject = draft.subject;
            entry.detail = draft.detail;
            entry.previous = all.empty() ? no_hash() : all.back().hash;
            entry.hash = hash_of(entry);
            all.push_back(entry);
        }
        connection_.script("begin;" + insert_sql(std::span(all).subspan(there)));
        Writer writer(with ? std::move(*with) : options());
        std::atomic<bool> has_ended = false;
        std::thread thread([&] {
            try {
                writer.append({kinds::start, "second"});
                writer.end();
            } catch (const std::exception& error) {
                ADD_FAILURE() << error.what();
            }
            has_ended = true;
        });
        pg::Connection watcher(database_.settings());
        while (!has_ended &&
               watcher
                   .query("select from pg_stat_activity where wait_event_type = 'Lock' and "
                          "application_name = 'caisson journal' and datname = current_database()")
                   .empty()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        connection_.query("commit");
        thread.join();
    }

    test::Directory directory_;
    test::Database database_;
    pg::Connection connection_{database_.settings()};
    SigningKey key_ = SigningKey::generate();
};

TEST_F(Journal, ARunIsChainedSignedAndItsHeadKept) {
    Writer writer(options());
    writer.append({kinds::start, "migrations/001", R"({"file":"001.sql"})"});
    connection_.script("begin;insert into work values (1);" +
                       writer.within({kinds::finish, "migrations/001"}) + "commit");
    writer.confirm();
    const auto head = writer.end();
    ASSERT_TRUE(head);
    EXPECT_EQ(kinds_of_all(), "epoch key start finish signature");
    EXPECT_EQ(head->sequence, 5);
    expect_whole();
    EXPECT_EQ(verdict().heads, 1U);
    EXPECT_EQ(entries()[2].actor, database_.settings().user);
    EXPECT_EQ(entries()[2].run, writer.run());
}

TEST_F(Journal, WhatHasNothingToTellWritesNothing) {
    Writer writer(options());
    EXPECT_FALSE(writer.end());
    EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(Journal, AFailureSurvivesTheRollbackAndTakesTheNumberOfTheFinish) {
    Writer writer(options());
    writer.append({kinds::start, "migrations/001"});
    EXPECT_THROW(connection_.script("begin;" + writer.within({kinds::finish, "migrations/001"}) +
                                    "select 1/0;commit"),
                 pg::DatabaseError);
    connection_.query("rollback");
    writer.resolve();
    writer.append({kinds::failure, "migrations/001", R"({"error":"division by zero"})"});
    writer.end();
    EXPECT_EQ(kinds_of_all(), "epoch key start failure signature");
    expect_whole();
}

TEST_F(Journal, AnOutcomeThatNobodyHeardIsReadFromTheTable) {
    Writer writer(options());
    writer.append({kinds::start, "migrations/001"});
    connection_.script("begin;" + writer.within({kinds::finish, "migrations/001"}) + "commit");
    writer.resolve();
    writer.append({kinds::start, "migrations/002"});
    writer.end();
    EXPECT_EQ(kinds_of_all(), "epoch key start finish start signature");
    expect_whole();
}

TEST_F(Journal, SeveralFilesOfOneTransactionStandOrFallTogether) {
    Writer writer(options());
    writer.append({kinds::start, "migrations/001"});
    connection_.script("begin;" + writer.within({kinds::finish, "migrations/001"}));
    writer.append({kinds::start, "migrations/002"});
    connection_.script(writer.within({kinds::finish, "migrations/002"}) + "commit");
    writer.confirm();
    writer.append({kinds::start, "migrations/003"});
    connection_.script("begin;" + writer.within({kinds::finish, "migrations/003"}));
    writer.append({kinds::start, "migrations/004"});
    connection_.script(writer.within({kinds::finish, "migrations/004"}) + "rollback");
    writer.resolve();
    writer.append({kinds::failure, "migrations/004"});
    writer.end();
    EXPECT_EQ(kinds_of_all(), "epoch key start finish start finish start start failure signature");
    expect_whole();
}

TEST_F(Journal, ARunThatWasKilledIsFollowedByTheNext) {
    {
        Writer killed(options());
        killed.append({kinds::start, "migrations/001"});
        connection_.script("begin;" + killed.within({kinds::finish, "migrations/001"}) + "commit");
    }
    Writer next(options());
    next.append({kinds::start, "migrations/002"});
    next.end();
    EXPECT_EQ(kinds_of_all(), "epoch key start finish start signature");
    expect_whole();
}

TEST_F(Journal, ItsConnectionMayBreak) {
    Writer writer(options());
    writer.append({kinds::start, "migrations/001"});
    connection_.query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = "
        "'caisson journal' and datname = current_database()");
    writer.append({kinds::failure, "migrations/001"});
    writer.end();
    EXPECT_EQ(kinds_of_all(), "epoch key start failure signature");
    expect_whole();
}

TEST_F(Journal, OneWriterAtATime) {
    Writer first(options());
    first.append({kinds::start, "one"});
    auto impatient = options();
    impatient.wait = std::chrono::milliseconds(20);
    Writer second(std::move(impatient));
    try {
        second.append({kinds::start, "two"});
        FAIL() << "the lock is held";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::locked);
    }
    first.end();
    second.append({kinds::start, "two"});
    second.end();
    EXPECT_EQ(kinds_of_all(), "epoch key start signature start signature");
    expect_whole();
}

TEST_F(Journal, WhoReleasesItLetsAnotherWriteInBetween) {
    Writer first(options());
    first.append({kinds::start, "one"});
    first.release();
    Writer second(options());
    second.append({kinds::start, "two"});
    second.end();
    first.append({kinds::finish, "one"});
    first.release();
    EXPECT_TRUE(first.end());
    EXPECT_EQ(kinds_of_all(), "epoch key start start signature finish signature");
    expect_whole();
}

TEST_F(Journal, WhereNoLockHoldsTheNumbersAreTheFence) {
    // As through a pooler: both write in turns, and each believes to have the lock.
    Writer first(options());
    first.append({kinds::start, "one"});
    connection_.query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = "
        "'caisson journal' and datname = current_database()");
    Writer second(options());
    second.append({kinds::start, "two"});
    second.end();
    first.append({kinds::finish, "one"});
    first.end();
    EXPECT_EQ(kinds_of_all(), "epoch key start start signature finish signature");
    expect_whole();
}

TEST_F(Journal, WhoComesSecondNeitherBeginsAnEpochNorIntroducesAKey) {
    const auto detail = [](const std::string& database, const std::string& more = "") {
        return R"({"database":")" + database + "\"" + more + "}";
    };
    lose_against({{kinds::epoch, "", detail("11111111-1111-4111-8111-111111111111")}}, 1);
    EXPECT_EQ(kinds_of_all(), "epoch key start signature");
    expect_whole();
    // Another one stamped anew: what it continues is not what the second saw last.
    stamp("22222222-2222-4222-8222-222222222222");
    const auto last = entries().back();
    lose_against({{kinds::epoch, "",
                   detail("22222222-2222-4222-8222-222222222222",
                          R"(,"continues":{"epoch":1,"sequence":4,"hash":")" + last.hash + "\"}")},
                  {kinds::plan, ""}},
                 2);
    EXPECT_EQ(kinds_of_all(), "epoch key start signature epoch plan start signature");
    expect_whole();
    const auto next = SigningKey::generate();
    const auto introduction = introduce(next, key_);
    auto renewed = options();
    renewed.key = next;
    renewed.keys = {introduce(key_), introduction};
    lose_against({{kinds::key, introduction.key, to_json(introduction)}}, 2, std::move(renewed));
    EXPECT_EQ(kinds_of_all(),
              "epoch key start signature epoch plan start signature key start signature");
    expect_whole();
}

TEST_F(Journal, ManyWritersLeaveOneChain) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([this, i] {
            for (int turn = 0; turn < 5; ++turn) {
                Writer writer(options());
                writer.append({kinds::start, std::to_string(i)});
                writer.append({kinds::finish, std::to_string(i)});
                writer.end();
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(entries().size(), 2U + 4 * 5 * 3);
    expect_whole();
    EXPECT_EQ(verdict().heads, 20U);
}

TEST_F(Journal, ADatabaseThatIsStampedAnewBeginsAnEpoch) {
    {
        Writer writer(options());
        writer.append({kinds::start, "one"});
        writer.end();
    }
    stamp("22222222-2222-4222-8222-222222222222");
    Writer writer(options());
    writer.append({kinds::start, "two"});
    const auto head = writer.end();
    EXPECT_EQ(kinds_of_all(), "epoch key start signature epoch start signature");
    EXPECT_EQ(head->epoch, 2);
    EXPECT_EQ(head->database, "22222222-2222-4222-8222-222222222222");
    expect_whole();
}

TEST_F(Journal, ANewKeyIsIntroducedByTheOld) {
    {
        Writer writer(options());
        writer.append({kinds::start, "one"});
        writer.end();
    }
    const auto next = SigningKey::generate();
    auto renewed = options();
    renewed.key = next;
    renewed.keys = {introduce(key_), introduce(next, key_)};
    Writer writer(std::move(renewed));
    writer.append({kinds::start, "two"});
    writer.end();
    EXPECT_EQ(kinds_of_all(), "epoch key start signature key start signature");
    expect_whole();
}

TEST_F(Journal, NothingInItIsChangedByMistake) {
    Writer writer(options());
    writer.append({kinds::start, "one"});
    writer.end();
    for (const auto* statement : {"update caisson.journal set detail = '{}'",
                                  "delete from caisson.journal", "truncate caisson.journal"}) {
        EXPECT_THROW(connection_.query(statement), pg::DatabaseError) << statement;
    }
    expect_whole();
}

TEST_F(Journal, WhatASuperuserChangesIsNamed) {
    Writer writer(options());
    for (int i = 0; i < 3; ++i) {
        writer.append({kinds::start, std::to_string(i)});
    }
    writer.end();
    ASSERT_EQ(kinds_of_all(), "epoch key start start start signature");
    connection_.query("alter table caisson.journal disable trigger all");
    connection_.query("create table keep as select * from caisson.journal");
    const auto restore = [&] {
        connection_.script(
            "truncate caisson.journal; insert into caisson.journal select * from keep");
    };
    connection_.query(
        "update caisson.journal set at = at + interval '1 microsecond' where "
        "sequence = 4");
    EXPECT_THAT(findings(), ElementsAre("changed 4-4"));
    restore();
    connection_.query("delete from caisson.journal where sequence in (3, 4)");
    EXPECT_THAT(findings(), ElementsAre("missing 3-4"));
    restore();
    connection_.query("delete from caisson.journal where sequence > 4");
    EXPECT_THAT(findings(), ElementsAre("cut_tail 5-6", "unsigned 1-4"));
    restore();
    connection_.query("delete from caisson.journal");
    EXPECT_THAT(findings(), ElementsAre("cut_tail 1-6"));
}

TEST_F(Journal, ADatabaseWithoutOneIsToldToBeProvisioned) {
    connection_.script("drop schema caisson cascade");
    Writer writer(options());
    try {
        writer.append({kinds::start, "one"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::identity_unknown);
        EXPECT_EQ(error.hint(), "let it be brought up to date: caisson provision");
    }
}

}  // namespace
}  // namespace caisson::journal

// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/watch.h"

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "drivers/http/server.h"
#include "operations/monitor/alerts/message.h"
#include "operations/monitor/alerts/sample_alerts.h"
#include "tests/support/postgres.h"

namespace caisson::alerts {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* secret = "a secret of some length";

/// A receiver that keeps what it was told, and may refuse.
class Hook {
 public:
    Hook()
        : server_({}, {http::fast("POST", "/hook", [this](const http::Request& request) {
                      return take(request);
                  })}) {}
    std::string url() const { return server_.url() + "/hook"; }
    std::vector<std::string> bodies() const {
        const std::scoped_lock lock(mutex_);
        return bodies_;
    }
    std::atomic<int> status{200};
    std::atomic<int> attempts{0};
    std::atomic<int> forged{0};

 private:
    http::Response take(const http::Request& request) {
        ++attempts;
        const auto expected =
            signature_of(secret, std::string(request.header("X-Caisson-Timestamp")), request.body);
        forged += request.header("X-Caisson-Signature") == expected ? 0 : 1;
        if (status == 200) {
            const std::scoped_lock lock(mutex_);
            bodies_.push_back(request.body);
        }
        return {.status = status, .body = "{}"};
    }
    mutable std::mutex mutex_;
    std::vector<std::string> bodies_;
    http::Server server_;
};

class Watching : public testing::Test {
 protected:
    Watching() {
        run_.manifest.name = "shop";
        run_.manifest.directory = directory_.path();
        run_.environment.name = "local";
        run_.state.root = directory_.path() / "state";
        auto& alerting = run_.manifest.alerting;
        alerting.wait = 0ms;
        platform::AlertDelivery delivery;
        delivery.name = "hook";
        delivery.webhook = hook_.url();
        delivery.secret = secret;
        alerting.deliveries = {delivery};
    }
    void judge(Watch& watch, double percent) {
        auto sample = reading("sequences.used_percent", percent);
        sample.finish();
        watch.judge(sample, age_ += 30s, 30s);
    }
    template <typename Condition>
    bool becomes(const Condition& condition) {
        const Stopwatch watch;
        while (!condition()) {
            if (watch.elapsed() > 20s) {
                return false;
            }
            std::this_thread::sleep_for(5ms);
        }
        return true;
    }

    test::Directory directory_;
    Hook hook_;
    trust::Run run_;
    milliseconds age_{0};
};

TEST_F(Watching, TellsAReceiverWithASignature) {
    Watch watch(run_);
    judge(watch, 86);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 1; }));
    EXPECT_THAT(hook_.bodies().at(0), HasSubstr(R"("rule":"sequences_used_percent")"));
    judge(watch, 10);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 2; }));
    EXPECT_THAT(hook_.bodies()[1], HasSubstr(R"("kind":"resolved")"));
    EXPECT_EQ(hook_.forged, 0);
}

TEST_F(Watching, AWaitThatEndsBetweenTwoSamplesIsToldThen) {
    run_.manifest.alerting.wait = 300ms;
    Watch watch(run_);
    const Stopwatch since;
    judge(watch, 86);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 1; }));
    EXPECT_GE(since.elapsed(), 300ms);
    judge(watch, 86);
    judge(watch, 10);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 2; }));
    EXPECT_THAT(hook_.bodies()[1], HasSubstr(R"("kind":"resolved")"));
}

TEST_F(Watching, AWaitOfAnIntervalEndsWithTheSecondSample) {
    run_.manifest.alerting.wait = 30s;
    Watch watch(run_);
    judge(watch, 86);
    EXPECT_THAT(watch.book().outbox, IsEmpty());
    judge(watch, 86);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 1; }));
}

TEST_F(Watching, ARestartDeliversWhatAReceiverDidNotTake) {
    hook_.status = 503;
    {
        Watch watch(run_);
        judge(watch, 86);
        EXPECT_TRUE(becomes([&] { return hook_.attempts == 1; }));
        EXPECT_TRUE(becomes([&] { return watch.book().receivers["hook"].failures == 1; }));
    }
    EXPECT_THAT(read_book(run_)->outbox, SizeIs(1));
    hook_.status = 200;
    const Watch watch(run_);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 1; }));
    EXPECT_TRUE(becomes([&] { return watch.book().outbox.empty(); }));
    EXPECT_THAT(read_book(run_)->outbox, IsEmpty());
}

TEST_F(Watching, TheSecondSampleTellsAlsoWhereItComesAMomentEarly) {
    run_.manifest.alerting.wait = 30s;
    Watch watch(run_);
    judge(watch, 86);
    age_ -= 5ms;
    judge(watch, 86);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 1; }));
}

TEST_F(Watching, WhoHandsOverLeavesNothingOpen) {
    Watch watch(run_);
    judge(watch, 86);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 1; }));
    watch.hand_over();
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 2; }));
    EXPECT_THAT(hook_.bodies()[1], HasSubstr(R"("kind":"resolved")"));
    EXPECT_THAT(watch.book().pages, IsEmpty());
    watch.hand_over();
    judge(watch, 86);  // Its turn again.
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 3; }));
    EXPECT_THAT(hook_.bodies()[2], HasSubstr(R"("kind":"firing")"));
}

TEST_F(Watching, ACommandReadsTheMessage) {
    auto& delivery = run_.manifest.alerting.deliveries[0];
    delivery.webhook.clear();
    const auto file = directory_.path() / "told";
    delivery.command = {"/bin/sh", "-c", "cat >\"$0.new\" && mv \"$0.new\" \"$0\"", file};
    Watch watch(run_);
    judge(watch, 86);
    EXPECT_TRUE(becomes([&] { return fs::exists(file); }));
    EXPECT_THAT(read_file(file), HasSubstr(R"({"version":1,)"));
}

TEST_F(Watching, AnAlertOutlivesARestart) {
    {
        Watch watch(run_);
        judge(watch, 86);
        EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 1; }));
        EXPECT_TRUE(becomes([&] { return watch.book().outbox.empty(); }));
    }
    Watch watch(run_);
    judge(watch, 86);
    judge(watch, 10);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 2; }));
    EXPECT_THAT(hook_.bodies()[1], HasSubstr(R"("kind":"resolved")")) << "not told twice";
}

TEST_F(Watching, ABrokenBookIsBegunAnew) {
    make_directory(book_file(run_).parent_path());
    write_file(book_file(run_), "{\"at\":");
    Watch watch(run_);
    judge(watch, 86);
    EXPECT_TRUE(becomes([&] { return hook_.bodies().size() == 1; }));
    EXPECT_EQ(read_file(book_file(run_).string() + ".broken"), "{\"at\":") << "it is kept";
}

TEST_F(Watching, WhatPassesBetweenTwoProcessesIsToldByTheClockThatDoesNotJump) {
    {
        Watch watch(run_);
        judge(watch, 86);
    }
    const auto open_after = [&](const std::function<void(Book&)>& change) {
        auto book = read_book(run_).value();
        change(book);
        write_file(book_file(run_), to_text(book), 0600);
        Watch watch(run_);
        judge(watch, 86);
        return watch.book().pages.at(0).open - book.pages.at(0).open;
    };
    EXPECT_EQ(open_after([](Book& book) { book.at -= 20h; }), 30s) << "the date was set";
    EXPECT_EQ(open_after([](Book& book) { book.at += 20h; }), 30s);
    EXPECT_EQ(open_after([](Book& book) { book.boot = "another"; }), 0s) << "nobody knows";
    EXPECT_EQ(open_after([](Book& book) { book.age += 20h; }), 0s);
}

TEST_F(Watching, ACommandHasNothingOfOurEnvironmentButWhereProgramsAre) {
    ::setenv("CAISSON_TEST_SECRET", "hunter2", 1);
    auto& delivery = run_.manifest.alerting.deliveries[0];
    delivery.webhook.clear();
    const auto file = directory_.path() / "environment";
    delivery.command = {"/bin/sh", "-c", "env >\"$0.new\" && mv \"$0.new\" \"$0\"", file};
    Watch watch(run_);
    judge(watch, 86);
    EXPECT_TRUE(becomes([&] { return fs::exists(file); }));
    ::unsetenv("CAISSON_TEST_SECRET");
    EXPECT_THAT(read_file(file), HasSubstr("PATH="));
    EXPECT_THAT(read_file(file), testing::Not(HasSubstr("hunter2")));
}

TEST_F(Watching, OrdersAreObeyed) {
    Orders orders;
    orders.silences = {{"s", {}, moment_now() - 1h, moment_now() + 1h, "upgrade", "me"}};
    write_orders(run_, orders);
    Watch watch(run_);
    judge(watch, 86);
    EXPECT_THAT(watch.book().outbox, IsEmpty());
    EXPECT_EQ(watch.book().alerts.at(0).state, State::firing);
}

TEST_F(Watching, MistakesOfTheManifestAreSaidAtTheStart) {
    run_.manifest.alerting.rules = {{.name = "lock_blocked", .warning = 1}};
    EXPECT_THROW(Watch{run_}, Error);
    run_.manifest.alerting.rules.clear();
    run_.manifest.alerting.deliveries[0].secret = "${NOT_DECLARED}";
    EXPECT_THROW(Watch{run_}, Error);
    run_.manifest.alerting.deliveries[0].secret = secret;
    run_.manifest.alerting.deliveries[0].webhook = "http://example.org/hook";
    EXPECT_THROW(Watch{run_}, Error) << "in clear to another machine";
}

}  // namespace
}  // namespace caisson::alerts

// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/prober.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace caisson::daemon {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Finding> ask(Prober& prober) {
    std::promise<std::shared_ptr<const Finding>> promise;
    prober.ask([&](const std::shared_ptr<const Finding>& finding) { promise.set_value(finding); });
    return promise.get_future().get();
}

Probe probe(std::function<Reading()> read) { return {"probe", true, std::move(read)}; }
Reading connected() { return {Presence::connected, {}, {}, {}}; }

TEST(Prober, AFreshFindingIsGivenOutAgainAndAnOldOneIsNot) {
    std::atomic<int> asked{0};
    const auto count = [&] {
        ++asked;
        return connected();
    };
    Prober lazy({probe(count)}, {1h, 10s, 1h});
    lazy.start();
    const auto first = ask(lazy);
    EXPECT_EQ(ask(lazy), first);
    EXPECT_EQ(asked, 1);

    Prober eager({probe(count)}, {0ms, 10s, 1h});
    eager.start();
    EXPECT_NE(ask(eager), ask(eager));
}

TEST(Prober, HoweverManyAskThereIsOneFlight) {
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::promise<void> door;
    const auto opened = door.get_future().share();
    Prober prober({probe([&] {
                      most = std::max(most.load(), ++inside);
                      opened.wait();
                      --inside;
                      return connected();
                  })},
                  {0ms, 30s, 1h});
    prober.start();
    std::atomic<int> answers{0};
    std::promise<void> done;
    for (int i = 0; i < 100; ++i) {
        prober.ask([&](const std::shared_ptr<const Finding>&) {
            if (++answers == 100) {
                done.set_value();
            }
        });
    }
    door.set_value();
    done.get_future().wait();
    EXPECT_EQ(most, 1);
}

TEST(Prober, WhoHangsIsUnreachableAndHidesNoOther) {
    std::promise<void> door;
    const auto opened = door.get_future().share();
    Prober prober({probe([&] {
                       opened.wait();
                       return connected();
                   }),
                   probe(connected)},
                  {0ms, 50ms, 1h});
    prober.start();
    const Stopwatch watch;
    const auto finding = ask(prober);
    EXPECT_LT(watch.elapsed(), 10s);
    EXPECT_EQ(finding->readings[0].presence, Presence::unreachable);
    EXPECT_EQ(finding->readings[1].presence, Presence::connected);
    door.set_value();
    auto later = ask(prober);
    while (later->readings[0].presence != Presence::connected && watch.elapsed() < 10s) {
        later = ask(prober);
    }
    EXPECT_EQ(later->readings[0].presence, Presence::connected);
}

TEST(Prober, WhoThrowsIsUnreachable) {
    Prober prober({probe([]() -> Reading { throw std::runtime_error("gone"); })}, {});
    prober.start();
    const auto finding = ask(prober);
    EXPECT_EQ(finding->readings[0].presence, Presence::unreachable);
    EXPECT_EQ(finding->readings[0].error, "gone");
}

TEST(Prober, LooksByItselfAndEndsWithoutAnswering) {
    std::promise<void> twice;
    std::atomic<int> rounds{0};
    bool answered = false;
    {
        Prober prober({}, {0ms, 10s, 1ms}, [&](Finding&) {
            if (++rounds == 2) {
                twice.set_value();
            }
        });
        prober.start();
        twice.get_future().wait();
    }
    {
        Prober never_started({}, {});
        never_started.ask([&](const std::shared_ptr<const Finding>&) { answered = true; });
    }
    EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace caisson::daemon

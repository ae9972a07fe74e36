// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "drivers/redis/ask.h"
#include "drivers/redis/client_state.h"
#include "drivers/redis/greeting.h"

namespace caisson::redis {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

/// A request that every connection breaks at is the reason that they do.
constexpr std::uint8_t most_moves = 2;

/// Its reader keeps a connection alive: one whose set-up fails would stay for ever.
class Opening {
 public:
    explicit Opening(std::shared_ptr<Link> link) : link_(std::move(link)) {}
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;
    ~Opening() {
        if (link_) {
            link_->close(Unanswered::Reason::closed, "it could not be set up");
        }
    }
    void succeeded() { link_ = nullptr; }

 private:
    std::shared_ptr<Link> link_;
};

}  // namespace

void Client::State::begin() {
    for (const auto& one : sentinels_.settings) {
        auto subscriber = std::make_shared<Subscriber>(executor_, one,
                                                       std::vector<std::string>{"+switch-master"});
        followers_.push_back(subscriber);
        asio::co_spawn(executor_, follow(std::move(subscriber), weak_from_this()), asio::detached);
    }
    open_soon(milliseconds(0));
    check();
}

/// Twice as long each time, and between half of that and all of it: callers that lost the same
/// server do not come back at the same moment.
milliseconds Client::State::pause() {
    const auto most = std::min(limits_.retry * (1 << std::min(failures_, 16U)), limits_.retry_most);
    std::uniform_int_distribution<milliseconds::rep> spread(most.count() / 2, most.count());
    ++failures_;
    return milliseconds(spread(random_));
}

void Client::State::open_soon(milliseconds delay) {
    if (is_closed_ || is_opening_ || link_) {
        return;
    }
    is_opening_ = true;
    const auto start = [self = weak_from_this()] {
        const auto state = self.lock();
        if (!state || state->is_closed_) {
            return;
        }
        asio::co_spawn(state->executor_, open(state), [self](std::exception_ptr failure) {
            const auto opened = self.lock();
            if (!opened || opened->is_closed_) {
                return;
            }
            opened->is_opening_ = false;
            opened->opening_ = nullptr;
            if (!failure) {
                return;
            }
            ++opened->stats_.failed;
            try {
                std::rethrow_exception(failure);
            } catch (const std::exception& thrown) {
                opened->stats_.last_failure = thrown.what();
            }
            if (const auto ear = std::exchange(opened->ear_, nullptr)) {
                ear->close(Unanswered::Reason::closed, "there is nothing to hear");
            }
            opened->open_soon(opened->pause());
        });
    };
    if (delay.count() == 0) {
        start();
        return;
    }
    retry_timer_.expires_after(delay);
    retry_timer_.async_wait([start](boost::system::error_code cancelled) {
        if (!cancelled) {
            start();
        }
    });
}

asio::awaitable<void> Client::State::open(std::shared_ptr<State> self) {
    const auto settings = co_await self->locate();
    const auto limit = self->limits_.connect;
    std::string ear;
    if (self->tracks()) {
        ear = co_await open_ear(self, settings);
    }
    const auto link = std::make_shared<Link>(self->executor_, settings, self->limits_.grace);
    self->opening_ = link;
    Opening opening(link);
    co_await link->connect(limit);
    if (!self->sentinels_.settings.empty()) {
        Command question{"ROLE"};
        const auto role = co_await link->command(std::move(question), limit);
        if (role.items.empty() || role.items.front().value != "master") {
            throw Error(Code::cannot_connect,
                        fmt::format("Redis at {} is not the master that the sentinels say it is",
                                    settings.text()));
        }
    }
    if (self->tracks()) {
        Command tracking{"CLIENT", "TRACKING", "ON", "REDIRECT", ear};
        if (!self->tracking_.prefixes.empty()) {
            tracking.push_back("BCAST");
        }
        for (const auto& prefix : self->tracking_.prefixes) {
            tracking.insert(tracking.end(), {"PREFIX", prefix});
        }
        co_await link->command(std::move(tracking), limit);
        if (!self->ear_) {
            throw Error(Code::cannot_connect, "the connection for invalidations was lost");
        }
    }
    if (self->is_closed_) {
        co_return;
    }
    self->settings_ = settings;
    opening.succeeded();
    self->adopt(link);
}

/// The connection that invalidations are sent to; its number.
asio::awaitable<std::string> Client::State::open_ear(std::shared_ptr<State> self,
                                                     Settings settings) {
    const auto link = std::make_shared<Link>(self->executor_, settings, self->limits_.grace);
    self->opening_ = link;
    Opening opening(link);
    co_await link->connect(self->limits_.connect);
    Command question{"CLIENT", "ID"};
    const auto number = (co_await link->command(std::move(question), self->limits_.connect)).text();
    link->on_broken = [weak = self->weak_from_this(), ear = link.get()](std::vector<RequestPointer>,
                                                                        const std::string& why) {
        const auto state = weak.lock();
        if (!state || state->ear_.get() != ear) {
            return;
        }
        state->ear_ = nullptr;
        // What it did not hear is not known, and the other one goes on without telling anybody.
        if (const auto other = state->link_) {
            other->close(Unanswered::Reason::connection, "invalidations were lost: " + why);
        }
    };
    link->hear([weak = self->weak_from_this()](const Reply& reply) {
        if (const auto state = weak.lock()) {
            state->hear(reply);
        }
    });
    link->write(format({"SUBSCRIBE", "__redis__:invalidate"}));
    opening.succeeded();
    self->ear_ = link;
    co_return number;
}

void Client::State::hear(const Reply& reply) {
    if (reply.items.size() != 3 || reply.items[0].value != "message") {
        return;
    }
    if (reply.items[2].is_nothing()) {
        if (tracking_.on_all) {
            tracking_.on_all();
        }
        return;
    }
    std::vector<std::string> keys;
    for (const auto& key : reply.items[2].items) {
        keys.push_back(key.value);
    }
    if (tracking_.on_keys) {
        tracking_.on_keys(keys);
    }
}

void Client::State::adopt(std::shared_ptr<Link> link) {
    link->on_broken = [weak = weak_from_this(), one = link.get()](
                          std::vector<RequestPointer> elsewhere, const std::string& why) {
        if (const auto state = weak.lock()) {
            state->broke(one, std::move(elsewhere), why);
        }
    };
    ++stats_.connected;
    stats_.last_failure.clear();
    failures_ = 0;
    link_ = std::move(link);
    if (tracking_.on_all) {
        // Whatever changed before is not told.
        tracking_.on_all();
    }
    send_waiting();
}

void Client::State::broke(const Link* link, std::vector<RequestPointer> elsewhere,
                          const std::string& why) {
    if (link_.get() != link) {
        return;
    }
    ++stats_.broken;
    stats_.answered += link->answered();
    stats_.writes += link->writes();
    stats_.last_failure = why;
    link_ = nullptr;
    if (const auto ear = std::exchange(ear_, nullptr)) {
        ear->close(Unanswered::Reason::closed, "there is nothing to hear");
    }
    // Back to the front, in their order: they have waited before.
    for (auto request = elsewhere.rbegin(); request != elsewhere.rend(); ++request) {
        auto& one = **request;
        if (is_closed_ || ++one.moves > most_moves || one.deadline <= Clock::now()) {
            one.give_up(std::make_exception_ptr(
                Unanswered(Unanswered::Reason::connection, one.may_have_run,
                           fmt::format("Redis at {}: {}", settings_.text(), why))));
            continue;
        }
        ++stats_.moved;
        wait(std::move(*request), true);
    }
    if (!is_closed_ && tracking_.on_all) {
        tracking_.on_all();
    }
    open_soon(milliseconds(0));
}

/// Silence may be a server that is gone without a word.
void Client::State::check() {
    if (is_closed_) {
        return;
    }
    const auto now = Clock::now();
    if (link_ && link_->in_flight() == 0 && now - link_->heard() >= limits_.check) {
        auto ping = std::make_unique<Request>();
        ping->bytes = format({"PING"});
        ping->deadline = now + limits_.grace;
        link_->submit(std::move(ping));
    }
    if (ear_) {
        if (now - ear_->heard() >= 2 * limits_.check + limits_.grace) {
            ear_->close(Unanswered::Reason::connection, "it was silent");
        } else if (now - ear_->heard() >= limits_.check) {
            ear_->write(format({"PING"}));
        }
    }
    check_timer_.expires_after(std::max(limits_.check / 2, milliseconds(1)));
    check_timer_.async_wait([self = weak_from_this()](boost::system::error_code cancelled) {
        if (const auto state = self.lock(); state && !cancelled) {
            state->check();
        }
    });
}

}  // namespace caisson::redis

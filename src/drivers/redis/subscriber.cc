// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/subscriber.h"

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "drivers/redis/link.h"
#include "drivers/redis/protocol.h"

namespace caisson::redis {

namespace asio = boost::asio;
using Clock = Link::Clock;
using std::chrono::milliseconds;

struct Subscriber::State : std::enable_shared_from_this<State> {
    State(asio::any_io_executor on, Settings to, std::vector<std::string> named,
          std::vector<std::string> matched, SubscriberLimits within)
        : executor(std::move(on)),
          settings(std::move(to)),
          channels(std::move(named)),
          patterns(std::move(matched)),
          limits(within),
          news(executor) {}

    asio::any_io_executor executor;
    Settings settings;
    std::vector<std::string> channels;
    std::vector<std::string> patterns;
    SubscriberLimits limits;
    asio::steady_timer news;  ///< Cancelled when there is something to look at.
    std::shared_ptr<Link> link;
    std::deque<Message> messages;
    std::size_t confirmed = 0;
    unsigned failures = 0;
    bool was_heard = false;  ///< There was a connection before.
    bool is_closed = false;
    std::mt19937 random{std::random_device{}()};

    bool is_subscribed() const {
        return link && link->is_open() && confirmed >= channels.size() + patterns.size();
    }

    void ping() const { link->write(format({"PING"})); }

    void drop() {
        if (const auto old = std::exchange(link, nullptr)) {
            old->on_broken = nullptr;
            old->close(Unanswered::Reason::closed, "the subscriber left it");
        }
    }

    void add(Message message) {
        if (messages.size() >= limits.kept) {
            // What is not complete is told as such, once.
            messages.clear();
            message = Message{};
            message.is_gap = true;
        }
        messages.push_back(std::move(message));
        news.cancel();
    }

    void hear(Reply reply) {
        auto& items = reply.items;
        if (items.size() == 3 &&
            (items[0].value == "subscribe" || items[0].value == "psubscribe")) {
            ++confirmed;
            news.cancel();
        } else if (items.size() == 3 && items[0].value == "message") {
            add({std::move(items[1].value), std::move(items[2].value), {}, false, false});
        } else if (items.size() == 4 && items[0].value == "pmessage") {
            add({std::move(items[2].value), std::move(items[3].value), std::move(items[1].value),
                 false, false});
        } else if (reply.is_error()) {
            // Such as NOPERM: the confirmation does not come, and the attempt fails.
            link->close(Unanswered::Reason::connection, reply.value);
        }
    }

    /// Until something happens, for at most so long. Whether it did.
    asio::awaitable<bool> wait(Clock::time_point until) {
        boost::system::error_code cancelled;
        news.expires_at(until);
        co_await news.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
        co_return static_cast<bool>(cancelled);
    }

    asio::awaitable<void> connect() {
        const auto self = shared_from_this();
        drop();
        confirmed = 0;
        const auto made = std::make_shared<Link>(executor, settings, limits.answer);
        link = made;
        const auto deadline = Clock::now() + limits.connect;
        co_await made->connect(limits.connect);
        made->on_broken = [weak = weak_from_this()](auto, const auto&) {
            if (const auto state = weak.lock()) {
                state->news.cancel();
            }
        };
        made->hear([weak = weak_from_this()](Reply reply) {
            if (const auto state = weak.lock()) {
                state->hear(std::move(reply));
            }
        });
        for (auto* const kind : {&channels, &patterns}) {
            if (!kind->empty()) {
                std::vector<std::string> command = *kind;
                command.emplace(command.begin(), kind == &channels ? "SUBSCRIBE" : "PSUBSCRIBE");
                made->write(format(command));
            }
        }
        while (!is_subscribed()) {
            if (is_closed || !made->is_open() || Clock::now() >= deadline) {
                drop();
                throw Error(Code::cannot_connect,
                            "Redis at " + settings.text() + " did not take the subscription");
            }
            co_await wait(deadline);
        }
        failures = 0;
        was_heard = true;
    }

    asio::awaitable<void> connect_again() {
        const bool was_lost = was_heard;
        while (!is_closed && !is_subscribed()) {
            bool has_failed = false;
            try {
                co_await connect();
            } catch (const Error&) {
                has_failed = true;
            }
            if (has_failed && !is_closed) {
                const auto most =
                    std::min(limits.retry * (1 << std::min(failures++, 16U)), limits.retry_most);
                std::uniform_int_distribution<milliseconds::rep> spread(most.count() / 2,
                                                                        most.count());
                const auto until = Clock::now() + milliseconds(spread(random));
                while (!is_closed && Clock::now() < until) {
                    co_await wait(until);
                }
            }
        }
        if (was_lost && !is_closed) {
            Message gap;
            gap.is_gap = true;
            // Before whatever the new connection brought already.
            messages.push_front(std::move(gap));
        }
    }
};

Subscriber::Subscriber(asio::any_io_executor executor, Settings settings,
                       std::vector<std::string> channels, std::vector<std::string> patterns,
                       SubscriberLimits limits)
    : state_(std::make_shared<State>(std::move(executor), std::move(settings), std::move(channels),
                                     std::move(patterns), limits)) {}

Subscriber::Subscriber(Subscriber&&) noexcept = default;

Subscriber::~Subscriber() {
    if (state_) {
        close();
    }
}

bool Subscriber::is_connected() const { return state_->is_subscribed(); }

void Subscriber::close() {
    state_->is_closed = true;
    state_->drop();
    state_->news.cancel();
}

asio::awaitable<void> Subscriber::start() {
    const auto state = state_;
    if (!state->is_subscribed()) {
        co_await state->connect();
    }
}

asio::awaitable<Message> Subscriber::next() {
    const auto state = state_;
    auto asked = Clock::time_point::max();
    while (true) {
        if (!state->messages.empty()) {
            auto message = std::move(state->messages.front());
            state->messages.pop_front();
            co_return message;
        }
        if (state->is_closed) {
            Message last;
            last.is_closed = true;
            co_return last;
        }
        if (!state->is_subscribed()) {
            asked = Clock::time_point::max();
            co_await state->connect_again();
            continue;
        }
        const auto heard = state->link->heard();
        const auto now = Clock::now();
        if (heard > asked) {
            asked = Clock::time_point::max();
        }
        if (asked != Clock::time_point::max() && now - asked >= state->limits.answer) {
            state->drop();
            continue;
        }
        if (asked == Clock::time_point::max() && now - heard >= state->limits.check) {
            // Silence may be a server that is gone without a word.
            state->ping();
            asked = now;
        }
        // Not beside the co_await: there g++ 12 works out both, and one is beyond the end of time.
        auto until = heard + state->limits.check;
        if (asked != Clock::time_point::max()) {
            until = asked + state->limits.answer;
        }
        co_await state->wait(until);
    }
}

}  // namespace caisson::redis

// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/ask.h"

#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace caisson::redis {
namespace {

namespace asio = boost::asio;

/// A request with the coroutine that waits for it.
template <typename Handler, typename Answer>
class Asked final : public Request {
 public:
    Asked(Handler&& handler, asio::any_io_executor executor, Ask&& ask)
        : handler_(std::move(handler)), executor_(std::move(executor)) {
        bytes = std::move(ask.bytes);
        expected = ask.expected;
        idempotent = ask.idempotent;
        deadline = Clock::now() + ask.deadline;
    }
    ~Asked() override {
        if (listening_) {
            *listening_ = nullptr;
        }
    }
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;

    /// Lets the caller be cancelled.
    void listen_for_cancellation() {
        auto slot = asio::get_associated_cancellation_slot(*handler_);
        if (slot.is_connected()) {
            listening_ = std::make_shared<Asked*>(this);
            slot.assign([alive = listening_](asio::cancellation_type) {
                if (*alive) {
                    (*alive)->give_up(std::make_exception_ptr(
                        boost::system::system_error(asio::error::operation_aborted)));
                }
            });
        }
    }

    void complete() override {
        if (!handler_) {
            return;
        }
        auto handler = std::move(*handler_);
        handler_.reset();
        if constexpr (std::is_same_v<Answer, Reply>) {
            std::move(handler)(std::exception_ptr(), std::move(reply));
        } else {
            std::move(handler)(std::exception_ptr(), std::move(replies));
        }
    }

    void give_up(std::exception_ptr why) override {
        abandoned = true;
        if (!handler_) {
            return;
        }
        // Posted: whoever gives up may stand in the middle of something.
        asio::post(executor_, [handler = std::move(*handler_), why = std::move(why)]() mutable {
            std::move(handler)(why, Answer());
        });
        handler_.reset();
    }

 private:
    std::optional<Handler> handler_;
    asio::any_io_executor executor_;
    std::shared_ptr<Asked*> listening_;  ///< What the cancellation slot knows of us.
};

template <typename Answer>
asio::awaitable<Answer> ask(std::shared_ptr<Taker> taker, Ask what) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Answer)>(
        [](auto&& handler, std::shared_ptr<Taker> to, Ask asked) {
            using Handler = std::decay_t<decltype(handler)>;
            auto request = std::make_unique<Asked<Handler, Answer>>(
                std::move(handler), to->executor(), std::move(asked));
            request->listen_for_cancellation();
            to->submit(std::move(request));
        },
        asio::use_awaitable, std::move(taker), std::move(what));
}

}  // namespace

asio::awaitable<Reply> ask_one(std::shared_ptr<Taker> taker, Ask what) {
    return ask<Reply>(std::move(taker), std::move(what));
}

asio::awaitable<std::vector<Reply>> ask_all(std::shared_ptr<Taker> taker, Ask what) {
    return ask<std::vector<Reply>>(std::move(taker), std::move(what));
}

}  // namespace caisson::redis

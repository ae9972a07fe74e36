// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/ask.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace caisson::pg {
namespace {

namespace asio = boost::asio;

/// A request with the coroutine that waits for it.
template <typename Handler, typename Answer>
class Asked final : public Request {
 public:
    Asked(Handler&& handler, asio::any_io_executor executor, Ask&& ask)
        : handler_(std::move(handler)), executor_(std::move(executor)) {
        session = std::move(ask.session);
        steps = std::move(ask.steps);
        idempotent = ask.idempotent;
        only_prepares = ask.only_prepares;
        is_bound = ask.is_bound;
        wants_lane = std::is_same_v<Answer, std::shared_ptr<void>>;
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
        std::move(handler)(failure, failure ? Answer() : take_answer());
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

    void complete_soon() override {
        if (handler_) {
            asio::post(executor_,
                       [handler = std::move(*handler_), answer = take_answer()]() mutable {
                           std::move(handler)(std::exception_ptr(), std::move(answer));
                       });
            handler_.reset();
        }
    }

 private:
    Answer take_answer() {
        if constexpr (std::is_same_v<Answer, Rows>) {
            return rows.empty() ? Rows() : std::move(rows.front());
        } else if constexpr (std::is_same_v<Answer, std::shared_ptr<void>>) {
            return std::move(lane);
        } else {
            return {std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end())};
        }
    }

    std::optional<Handler> handler_;
    asio::any_io_executor executor_;
    std::shared_ptr<Asked*> listening_;  ///< What the cancellation slot knows of us.
};

/// Several requests with the one coroutine that waits for all of them.
class Whole {
 public:
    virtual ~Whole() = default;
    virtual void settle(std::size_t part, Request& request) = 0;
    virtual void settle(std::size_t part, std::exception_ptr why) = 0;
};

class Part final : public Request {
 public:
    Part(std::shared_ptr<Whole> whole, std::size_t number, asio::any_io_executor executor,
         Ask&& ask)
        : whole_(std::move(whole)), number_(number), executor_(std::move(executor)) {
        session = std::move(ask.session);
        steps = std::move(ask.steps);
        idempotent = ask.idempotent;
        deadline = Clock::now() + ask.deadline;
    }
    void complete() override {
        if (const auto whole = std::exchange(whole_, nullptr)) {
            whole->settle(number_, *this);
        }
    }
    void give_up(std::exception_ptr why) override {
        abandoned = true;
        if (whole_) {
            asio::post(executor_, [whole = std::exchange(whole_, nullptr), number = number_,
                                   why = std::move(why)] { whole->settle(number, why); });
        }
    }
    /// The caller went away, and wants to hear nothing any more.
    void forget() {
        abandoned = true;
        whole_.reset();
    }

 private:
    std::shared_ptr<Whole> whole_;
    std::size_t number_;
    asio::any_io_executor executor_;
};

template <typename Handler>
class WholeFor final : public Whole, public std::enable_shared_from_this<WholeFor<Handler>> {
 public:
    WholeFor(Handler&& handler, asio::any_io_executor executor)
        : handler_(std::move(handler)), executor_(std::move(executor)) {}

    void submit(Taker& taker, std::vector<Ask> asks) {
        left_ = asks.size();
        parts_.resize(asks.size());
        rows_.resize(asks.size());
        std::vector<RequestPointer> requests;
        for (std::size_t i = 0; i < asks.size(); ++i) {
            auto part =
                std::make_unique<Part>(this->shared_from_this(), i, executor_, std::move(asks[i]));
            parts_[i] = part.get();
            requests.push_back(std::move(part));
        }
        auto slot = asio::get_associated_cancellation_slot(*handler_);
        if (slot.is_connected()) {
            slot.assign([self = this->weak_from_this()](asio::cancellation_type) {
                if (const auto whole = self.lock()) {
                    whole->cancel();
                }
            });
        }
        for (auto& request : requests) {
            taker.submit(std::move(request));
        }
    }
    void settle(std::size_t part, Request& request) override {
        rows_[part] = std::move(request.rows);
        settle(part, request.failure);
    }
    void settle(std::size_t part, std::exception_ptr why) override {
        parts_[part] = nullptr;
        if (why && !failure_) {
            failure_ = std::move(why);
        }
        if (--left_ > 0 || !handler_) {
            return;
        }
        std::vector<Rows> all;
        for (auto& rows : rows_) {
            std::move(rows.begin(), rows.end(), std::back_inserter(all));
        }
        auto handler = std::move(*handler_);
        handler_.reset();
        std::move(handler)(failure_, failure_ ? std::vector<Rows>() : std::move(all));
    }

 private:
    void cancel() {
        if (!handler_) {
            return;
        }
        for (auto* const part : parts_) {
            if (part) {
                part->forget();
            }
        }
        asio::post(executor_, [handler = std::move(*handler_)]() mutable {
            std::move(handler)(std::make_exception_ptr(
                                   boost::system::system_error(asio::error::operation_aborted)),
                               std::vector<Rows>());
        });
        handler_.reset();
    }

    std::optional<Handler> handler_;
    asio::any_io_executor executor_;
    std::vector<Part*> parts_;  ///< Those that are not settled.
    std::vector<boost::container::small_vector<Rows, 1>> rows_;
    std::exception_ptr failure_;
    std::size_t left_ = 0;
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

asio::awaitable<Rows> ask_one(std::shared_ptr<Taker> taker, Ask what) {
    return ask<Rows>(std::move(taker), std::move(what));
}

asio::awaitable<std::vector<Rows>> ask_all(std::shared_ptr<Taker> taker, Ask what) {
    return ask<std::vector<Rows>>(std::move(taker), std::move(what));
}

asio::awaitable<std::vector<Rows>> ask_each(std::shared_ptr<Taker> taker, std::vector<Ask> asks) {
    if (asks.empty()) {
        co_return std::vector<Rows>();
    }
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                            void(std::exception_ptr, std::vector<Rows>)>(
        [](auto&& handler, std::shared_ptr<Taker> to, std::vector<Ask> asked) {
            using Handler = std::decay_t<decltype(handler)>;
            const auto whole =
                std::make_shared<WholeFor<Handler>>(std::move(handler), to->executor());
            whole->submit(*to, std::move(asked));
        },
        asio::use_awaitable, std::move(taker), std::move(asks));
}

std::vector<Ask> parts_of(const Ask& ask, std::vector<Query> queries, std::size_t together) {
    std::vector<Ask> parts;
    for (auto& query : queries) {
        refuse_stateful(query.statement);
        if (parts.empty() || parts.back().steps.size() >= std::max<std::size_t>(together, 1)) {
            parts.push_back(ask);
            parts.back().steps.reserve(together);
        }
        parts.back().steps.push_back(std::move(query));
    }
    return parts;
}

asio::awaitable<std::shared_ptr<void>> ask_for_lane(std::shared_ptr<Taker> taker,
                                                    std::chrono::milliseconds limit) {
    Ask what;
    what.deadline = limit;
    return ask<std::shared_ptr<void>>(std::move(taker), std::move(what));
}

void refuse_stateful(const Statement& statement) {
    if (const auto word = statement.needs_own_lane(); !word.empty()) {
        throw Error(Code::usage,
                    fmt::format("{} was asked of a lane that others use at the same time", word),
                    "It would change their connection: ask it of a transaction or a lease, and not "
                    "through a pooler.");
    }
}

}  // namespace caisson::pg

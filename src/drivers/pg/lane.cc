// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/lane.h"

#include <utility>

#include <boost/asio/this_coro.hpp>

#include "drivers/pg/ask.h"
#include "drivers/pg/core.h"

namespace caisson::pg {

namespace asio = boost::asio;

namespace {

Ask ask_for(const LaneLimits& limits, const RequestOptions& options) {
    Ask ask;
    ask.deadline = options.deadline.count() > 0 ? options.deadline : limits.request;
    ask.idempotent = options.idempotent;
    return ask;
}

}  // namespace

asio::awaitable<Lane> Lane::open(Settings settings, LaneLimits limits) {
    auto core =
        std::make_shared<Core>(co_await asio::this_coro::executor, std::move(settings), limits);
    co_await core->connect();
    co_return Lane(std::move(core));
}

Lane::~Lane() {
    if (core_) {
        core_->close(Unanswered::Reason::closed, "the lane was closed");
    }
}

asio::awaitable<Rows> Lane::query(Statement statement, Arguments arguments,
                                  RequestOptions options) {
    refuse_stateful(statement);
    auto ask = ask_for(core_->limits(), options);
    ask.steps.push_back({std::move(statement), std::move(arguments)});
    return ask_one(core_, std::move(ask));
}

asio::awaitable<Rows> Lane::query(Session session, Statement statement, Arguments arguments,
                                  RequestOptions options) {
    refuse_stateful(statement);
    auto ask = ask_for(core_->limits(), options);
    ask.session = std::move(session);
    ask.steps.push_back({std::move(statement), std::move(arguments)});
    return ask_one(core_, std::move(ask));
}

asio::awaitable<std::vector<Rows>> Lane::batch(Session session, std::vector<Query> queries,
                                               RequestOptions options) {
    auto ask = ask_for(core_->limits(), options);
    ask.session = std::move(session);
    for (auto& query : queries) {
        refuse_stateful(query.statement);
        ask.steps.push_back(std::move(query));
    }
    return ask_all(core_, std::move(ask));
}

asio::awaitable<std::vector<Rows>> Lane::batches(std::vector<Query> queries, std::size_t together,
                                                 RequestOptions options) {
    return ask_each(core_,
                    parts_of(ask_for(core_->limits(), options), std::move(queries), together));
}

LaneStats Lane::stats() const { return core_->stats(); }

bool Lane::is_open() const { return core_->is_open(); }

}  // namespace caisson::pg

// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/pool.h"

#include <utility>

#include "drivers/pg/pool_state.h"

namespace caisson::pg {

namespace asio = boost::asio;

namespace {

Ask ask_for(const PoolLimits& limits, Session session, const RequestOptions& options) {
    Ask ask;
    ask.session = std::move(session);
    ask.deadline = options.deadline.count() > 0 ? options.deadline : limits.lane.request;
    ask.idempotent = options.idempotent;
    return ask;
}

}  // namespace

Pool::Pool(asio::any_io_executor executor, Settings settings, PoolLimits limits)
    : state_(std::make_shared<State>(std::move(executor), std::move(settings), limits)) {
    state_->begin();
}

Pool::~Pool() { close(); }

void Pool::close() {
    if (state_) {
        state_->close();
    }
}

PoolStats Pool::stats() const { return state_->stats(); }

std::size_t Pool::load() const { return state_->load(); }

asio::awaitable<Rows> Pool::query(Session session, Statement statement, Arguments arguments,
                                  RequestOptions options) {
    refuse_stateful(statement);
    auto ask = ask_for(state_->limits(), std::move(session), options);
    ask.steps.push_back({std::move(statement), std::move(arguments)});
    return ask_one(state_, std::move(ask));
}

asio::awaitable<std::vector<Rows>> Pool::batch(Session session, std::vector<Query> queries,
                                               RequestOptions options) {
    auto ask = ask_for(state_->limits(), std::move(session), options);
    for (auto& query : queries) {
        refuse_stateful(query.statement);
        ask.steps.push_back(std::move(query));
    }
    return ask_all(state_, std::move(ask));
}

asio::awaitable<std::vector<Rows>> Pool::batches(Session session, std::vector<Query> queries,
                                                 std::size_t together, RequestOptions options) {
    return ask_each(state_, parts_of(ask_for(state_->limits(), std::move(session), options),
                                     std::move(queries), together));
}

asio::awaitable<Lease> Pool::lease() {
    const auto state = state_;
    auto core =
        std::static_pointer_cast<Lane::Core>(co_await ask_for_lane(state, state->limits().acquire));
    co_return Lease(std::move(core),
                    [weak = std::weak_ptr(state)](std::shared_ptr<Lane::Core> returned) {
                        if (const auto pool = weak.lock()) {
                            pool->give_back(returned);
                        } else {
                            returned->close(Unanswered::Reason::closed, "the pool was closed");
                        }
                    });
}

}  // namespace caisson::pg

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The inside of a pool: which lanes there are, who waits. Private to this module.

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "drivers/pg/ask.h"
#include "drivers/pg/core.h"
#include "drivers/pg/pool.h"

namespace caisson::pg {

class Pool::State final : public Taker, public std::enable_shared_from_this<State> {
 public:
    using Clock = Request::Clock;
    using CorePointer = std::shared_ptr<Lane::Core>;

    State(boost::asio::any_io_executor executor, Settings settings, PoolLimits limits);

    void begin();
    void submit(RequestPointer request) override;
    boost::asio::any_io_executor executor() const override { return executor_; }
    void give_back(const CorePointer& core);
    void close();
    PoolStats stats() const;
    std::size_t load() const;
    const PoolLimits& limits() const { return limits_; }

 private:
    enum class Use : std::uint8_t {
        shared,
        promised,  ///< No more requests; held alone once it is empty.
        alone,
        cleaned,   ///< Was held alone; what was left in it is being taken away.
        retiring,  ///< No more requests; closed once it is empty.
    };
    struct Entry {
        CorePointer core;
        Use use = Use::shared;
        Clock::time_point expiry;
        Clock::time_point used;     ///< When it last became idle.
        Clock::time_point checked;  ///< When it was last known to live.
    };
    struct Waiting {
        RequestPointer request;
        Clock::time_point until;
    };

    // pool_state.cc: who gets which lane.
    Entry* least_loaded();
    void dispatch();
    void grant();
    void enqueue(std::deque<Waiting>& queue, RequestPointer request);
    void watch_queue(Clock::time_point until);
    void expire_waiting();
    void expire(std::deque<Waiting>& queue, Clock::time_point now, Clock::time_point& next);
    std::size_t held_alone() const;

    // pool_lanes.cc: how many lanes there are.
    void grow();
    bool needs_lane();
    void open_one();
    static boost::asio::awaitable<void> open(std::shared_ptr<State> self);
    void adopt(CorePointer core);
    void lane_broke(const Lane::Core* core, std::vector<RequestPointer> elsewhere);
    void lane_answered(const Lane::Core* core);
    static boost::asio::awaitable<void> clean(std::shared_ptr<State> self, CorePointer core);
    void maintain();
    void look_after(Entry& entry, Clock::time_point now, std::size_t& spare);
    void fail_waiting();
    void retry_later();
    void forget(const Lane::Core* core);
    Entry* entry_of(const Lane::Core* core);

    boost::asio::any_io_executor executor_;
    Settings settings_;
    PoolLimits limits_;
    std::vector<Entry> lanes_;
    std::deque<Waiting> waiting_;
    std::deque<Waiting> waiting_alone_;
    boost::asio::steady_timer queue_timer_;
    boost::asio::steady_timer reap_timer_;
    boost::asio::steady_timer retry_timer_;
    Clock::time_point queue_timer_at_ = Clock::time_point::max();
    std::size_t opening_ = 0;
    bool is_retrying_ = false;
    bool is_closed_ = false;
    std::string last_failure_;  ///< Why the last attempt to open a lane failed.
    std::minstd_rand random_{std::random_device{}()};
    PoolStats stats_;
};

}  // namespace caisson::pg

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The inside of a client: who waits for a connection, and how there comes to be one. Private to
/// this module.

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "drivers/redis/client.h"
#include "drivers/redis/link.h"
#include "drivers/redis/subscriber.h"

namespace caisson::redis {

class Client::State final : public Taker, public std::enable_shared_from_this<State> {
 public:
    using Clock = Request::Clock;

    State(boost::asio::any_io_executor executor, Sentinels sentinels, Settings settings,
          ClientLimits limits, Tracking tracking);

    void begin();
    void submit(RequestPointer request) override;
    boost::asio::any_io_executor executor() const override { return executor_; }
    /// The server says that it is not the master: asks the sentinels again.
    void doubt(const Reply& reply);
    void close();
    ClientStats stats() const;
    const ClientLimits& limits() const { return limits_; }
    const Settings& settings() const { return settings_; }

 private:
    // client_state.cc: who waits.
    void wait(RequestPointer request, bool at_front);
    void send_waiting();
    void watch_queue(Clock::time_point until);
    void expire_waiting();

    // client_connect.cc: how there comes to be a connection.
    bool tracks() const { return tracking_.on_keys || tracking_.on_all; }
    void open_soon(std::chrono::milliseconds delay);
    std::chrono::milliseconds pause();
    static boost::asio::awaitable<void> open(std::shared_ptr<State> self);
    static boost::asio::awaitable<std::string> open_ear(std::shared_ptr<State> self,
                                                        Settings settings);
    void hear(const Reply& reply);
    void adopt(std::shared_ptr<Link> link);
    void broke(const Link* link, std::vector<RequestPointer> elsewhere, const std::string& why);
    void check();

    // client_sentinels.cc: where the master is.
    boost::asio::awaitable<Settings> locate();
    static boost::asio::awaitable<void> follow(std::shared_ptr<Subscriber> subscriber,
                                               std::weak_ptr<State> client);
    void move_to(const std::string& host, const std::string& port);

    boost::asio::any_io_executor executor_;
    Sentinels sentinels_;
    Settings settings_;
    ClientLimits limits_;
    Tracking tracking_;
    boost::asio::steady_timer queue_timer_;
    boost::asio::steady_timer retry_timer_;
    boost::asio::steady_timer check_timer_;
    Clock::time_point queue_timer_at_ = Clock::time_point::max();
    std::shared_ptr<Link> link_;     ///< Ready, or nothing.
    std::shared_ptr<Link> opening_;  ///< On its way to be ready.
    std::shared_ptr<Link> ear_;      ///< Hears invalidations.
    std::deque<RequestPointer> waiting_;
    std::vector<std::shared_ptr<Subscriber>> followers_;
    std::mt19937 random_{std::random_device{}()};
    unsigned failures_ = 0;  ///< In a row.
    bool is_opening_ = false;
    bool is_closed_ = false;
    ClientStats stats_;
};

}  // namespace caisson::redis

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One connection: what is in flight on it, and what is about to be written. Private to this
/// module.

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "drivers/redis/protocol.h"
#include "drivers/redis/request.h"
#include "drivers/redis/settings.h"
#include "drivers/redis/stream.h"
#include "drivers/redis/unanswered.h"

namespace caisson::redis {

class Link final : public Taker, public std::enable_shared_from_this<Link> {
 public:
    using Clock = Request::Clock;

    /// `grace`: how long after the deadline of its oldest request it is given up.
    Link(boost::asio::any_io_executor executor, Settings settings, std::chrono::milliseconds grace);
    ~Link() override;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// Connects, says who we are, and sees that the server is ready, within `limit`.
    /// Errors: cannot_connect.
    boost::asio::awaitable<void> connect(std::chrono::milliseconds limit);
    /// As a request of its own. Errors: Unanswered, database_rejected.
    boost::asio::awaitable<Reply> command(std::vector<std::string> arguments,
                                          std::chrono::milliseconds limit);
    /// Written at the end of this turn of the loop, with all others that come until then.
    void submit(RequestPointer request) override;
    boost::asio::any_io_executor executor() const override { return executor_; }
    /// From here on every reply is told to `on_reply`, and no request is taken: for pub/sub.
    void hear(std::function<void(Reply)> on_reply);
    /// Bytes that nobody waits for the answer of, on a link that hears.
    void write(std::string_view bytes);
    /// Fails what is in flight and closes the connection; on_broken is told what may be sent
    /// elsewhere.
    void close(Unanswered::Reason reason, const std::string& why);

    bool is_open() const { return is_open_; }
    std::size_t in_flight() const { return in_flight_.size(); }
    std::uint64_t answered() const { return answered_; }
    std::uint64_t writes() const { return writes_; }
    Clock::time_point heard() const { return heard_; }
    const Settings& settings() const { return settings_; }

    std::function<void(std::vector<RequestPointer> elsewhere, const std::string& why)> on_broken;

 private:
    boost::asio::awaitable<void> greet(Clock::time_point deadline);
    void read();
    void on_read(boost::system::error_code failure, std::size_t size);
    bool take(Reply reply);
    void flush_soon();
    void flush();
    void watch_deadline(Clock::time_point deadline);
    void on_deadline();

    boost::asio::any_io_executor executor_;
    Settings settings_;
    std::chrono::milliseconds grace_;
    std::shared_ptr<Stream> stream_;
    boost::asio::steady_timer timer_;
    Clock::time_point timer_at_ = Clock::time_point::max();
    Reader reader_;
    std::deque<RequestPointer> in_flight_;
    std::vector<RequestPointer> complete_;  ///< Their callers go on at the end of the turn.
    std::function<void(Reply)> on_reply_;
    std::string out_;           ///< Not handed to the socket yet.
    std::string writing_;       ///< Handed to the socket; it may be on its way.
    std::uint64_t handed_ = 0;  ///< Bytes before `out_`, since the beginning.
    std::uint64_t answered_ = 0;
    std::uint64_t writes_ = 0;
    Clock::time_point heard_{};  ///< When something came last.
    std::array<char, 65536> buffer_;
    bool is_open_ = false;
    bool is_closed_ = false;
    bool is_writing_ = false;
    bool will_flush_ = false;
};

}  // namespace caisson::redis

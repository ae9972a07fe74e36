// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The inside of a lane: what is in flight, and the socket. Private to this module.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "drivers/pg/ask.h"
#include "drivers/pg/lane.h"
#include "drivers/pg/libpq.h"
#include "drivers/pg/request.h"
#include "drivers/pg/statements.h"

namespace caisson::pg {

class Lane::Core final : public Taker, public std::enable_shared_from_this<Core> {
 public:
    using Clock = Request::Clock;

    Core(boost::asio::any_io_executor executor, Settings settings, LaneLimits limits);
    ~Core() override;
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    boost::asio::awaitable<void> connect();
    /// Sends it now, or once its statements are prepared. Completes it, later, whatever happens.
    void submit(RequestPointer request) override;
    boost::asio::any_io_executor executor() const override { return executor_; }
    /// Whether another server process answers than the one that we connected to: a pooler, such as
    /// PgBouncer in transaction mode, where each transaction may meet another connection.
    bool is_pooled() const { return is_pooled_; }
    /// Asks for nothing: whether the server still answers. Closes the lane when it does not.
    void check(std::chrono::milliseconds limit);
    /// Fails what is in flight and closes the connection.
    void close(Unanswered::Reason reason, const std::string& why);

    bool is_open() const { return connection_ != nullptr && !is_broken_; }
    std::size_t in_flight() const { return in_flight_.size() + unprepared_; }
    /// Since when the server works at the oldest request that is not answered.
    Clock::time_point head_since() const { return head_since_; }
    LaneStats stats() const;
    const Settings& settings() const { return settings_; }
    const LaneLimits& limits() const { return limits_; }
    pg_conn* connection() const { return connection_.get(); }

    // Whoever owns the lane hears of it, at the end of a turn.
    std::function<void()> on_answers;                            ///< There may be room again.
    std::function<void(std::vector<RequestPointer>)> on_broken;  ///< What may be run elsewhere.

    // For one caller that holds the lane alone and speaks to libpq itself, while nothing is in
    // flight. Outside the pipeline mode, or inside, as it was.
    /// Sends a statement that is prepared, and a Sync. Errors: as Arguments::fit().
    bool send_alone(const Session& session, Query& query, Clock::time_point deadline);
    /// What the server is told of a deadline, in milliseconds: a little less than is left, so that
    /// its own answer comes in time.
    static std::string statement_timeout(Clock::time_point deadline);
    /// What sets a session, as a statement of its own.
    static Query preamble_of(const Session& session, Clock::time_point deadline);
    void begin_manual();
    void end_manual();
    /// Whether it says that a prepared statement does not fit any more: a table was altered, or
    /// somebody discarded it.
    static bool is_outdated(const pg_result* result);
    /// Prepares it anew when it is asked for the next time.
    void forget(const Statement& statement) { statements_.forget(statement); }
    /// Takes away what a holder may have left in the connection. False when it is in the middle of
    /// something.
    boost::asio::awaitable<bool> reset();
    /// Until the socket can be read (or written, too). Errors: Unanswered at the deadline.
    boost::asio::awaitable<void> await_socket(bool for_write, Clock::time_point deadline);
    /// Until everything is written.
    boost::asio::awaitable<void> flush(Clock::time_point deadline);
    /// The next result of libpq, or nullptr. Errors: as await_socket(), and cannot_connect.
    boost::asio::awaitable<libpq::Owned<pg_result>> next_result(Clock::time_point deadline);

 private:
    // core.cc: what is asked for.
    static const Statement& preamble();
    bool send(const Prepared& prepared, std::size_t size, const char* const* values,
              const int* lengths, const int* formats);
    Prepared* find_or_prepare(const Statement& statement, RequestPointer& request);
    void prepare(const Statement& statement, RequestPointer request);
    bool fit_arguments(Request& request);
    bool send_step(const Prepared& prepared, const Arguments& arguments);
    bool send_preamble(Request& request);
    void send_command(const std::string& text);
    void enqueue(RequestPointer request, bool is_sent);

    // core_read.cc: what comes back.
    void on_readable();
    bool may_look_again(bool was_answered);
    void read_answers();
    bool read_request(Request& request);
    void take_result(Request& request, libpq::Owned<pg_result> result);
    /// What follows could not be told apart: the lane is closed, and says why.
    void break_off(std::string why);
    void take_rejection(Request& request, const pg_result* result);
    void finish(RequestPointer request);
    void finish_prepare(Request& request);
    void finish_lookup(Request& request);
    void look_up(std::vector<TypeId> types, Request& preparation);
    void make_ready(Prepared& prepared, const std::vector<TypeId>& columns);
    void run_again(RequestPointer request);
    void complete_all();

    // core_socket.cc: when.
    boost::asio::awaitable<void> connect_to(std::string address, Clock::time_point deadline);
    boost::asio::awaitable<void> look_for_pooler(Clock::time_point deadline);
    void attach_socket();
    void release_socket();
    void watch_readable();
    void look_again();
    void watch_writable();
    void watch_deadline(Clock::time_point deadline);
    void on_deadline();

    boost::asio::any_io_executor executor_;
    Settings settings_;
    LaneLimits limits_;
    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer timer_;
    boost::asio::steady_timer manual_timer_;
    Clock::time_point timer_at_ = Clock::time_point::max();
    libpq::Owned<pg_conn> connection_;
    Statements statements_;
    std::unordered_map<TypeId, bool> learnt_;  ///< The database's own types: read in binary or not.
    std::deque<RequestPointer> in_flight_;
    std::vector<RequestPointer> complete_;  ///< Their callers go on at the end of the turn.
    std::size_t unprepared_ = 0;            ///< Requests that wait for a statement.
    Clock::time_point head_since_{};
    Clock::time_point awake_until_{};
    std::string last_words_;  ///< What the server said before it closed the connection.
    bool is_broken_ = false;
    bool is_manual_ = false;
    bool is_pooled_ = false;
    bool is_late_ = false;
    bool is_reading_ = false;
    bool is_writing_ = false;
    std::uint64_t watch_ = 0;  ///< Older waits for the socket are void.
    std::uint64_t manual_wait_ = 0;
    LaneStats stats_;
    // Kept between requests for their capacity.
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

}  // namespace caisson::pg

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One connection to Redis that many callers use at once: what they ask in one turn of the loop is
/// written together, and answers come in the order of the questions.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/redis/command.h"
#include "drivers/redis/reply.h"
#include "drivers/redis/script.h"
#include "drivers/redis/sentinels.h"
#include "drivers/redis/settings.h"
#include "drivers/redis/tracking.h"
#include "drivers/redis/unanswered.h"

namespace caisson::redis {

struct ClientLimits {
    std::size_t requests = 10'000;              ///< Waiting or in flight; more are refused at once.
    std::chrono::milliseconds request{1'000};   ///< The deadline of requests that bring none.
    std::chrono::milliseconds connect{1'000};   ///< One attempt, with all that is said first.
    std::chrono::milliseconds retry{20};        ///< Before the second attempt; doubled each time.
    std::chrono::milliseconds retry_most{400};  ///< Never longer. All with jitter.
    std::chrono::milliseconds check{5'000};     ///< Silent for so long: asked whether it lives.
    /// How long after the deadline of its oldest request a connection that does not answer is
    /// given up.
    std::chrono::milliseconds grace{500};
};

struct RequestOptions {
    std::chrono::milliseconds deadline{0};  ///< From the call to the answer; zero: the limits' own.
    /// Running it twice does no harm: when the connection breaks before the answer, it is sent
    /// again over the next one, within its deadline.
    bool idempotent = false;
};

struct ClientStats {
    bool is_connected = false;
    std::size_t in_flight = 0;
    std::size_t waiting = 0;      ///< Requests, for a connection.
    std::uint64_t answered = 0;   ///< Requests.
    std::uint64_t writes = 0;     ///< To the socket; each carries what came together.
    std::uint64_t connected = 0;  ///< Times.
    std::uint64_t failed = 0;     ///< Attempts to connect.
    std::uint64_t broken = 0;     ///< Connections.
    std::uint64_t moved = 0;      ///< Requests sent over another connection than their first.
    std::uint64_t refused = 0;    ///< Requests refused because too many were waiting.
    std::uint64_t timeouts = 0;   ///< Requests that got no connection in time.
    std::string server;           ///< Where it is connected to, or tries to be.
    std::string last_failure;     ///< Why it could not connect; empty when it is connected.
};

/// Threads: that of the executor, which one thread runs; callers are coroutines there. Errors of
/// every request: database_rejected, with the fact "redis" (as Connection); Unanswered; usage for a
/// command that needs a connection of its own. A caller that is cancelled gets operation_aborted at
/// once; its answer is dropped when it comes, and nobody else is disturbed. Redis being away is an
/// error of the request, never of the client, which goes on trying to reach it.
class Client {
 public:
    class State;

    /// Connects in the background.
    Client(boost::asio::any_io_executor executor, Settings settings, ClientLimits limits = {},
           Tracking tracking = {});
    /// The same to whichever server is the master. `settings`: all but where it is.
    Client(boost::asio::any_io_executor executor, Sentinels sentinels, Settings settings,
           ClientLimits limits = {}, Tracking tracking = {});
    Client(Client&&) noexcept = default;
    Client& operator=(Client&&) = delete;
    /// As close().
    ~Client();

    boost::asio::awaitable<Reply> command(Command arguments, RequestOptions options = {});
    /// All of them in one request. An error of one command is a value in its place.
    boost::asio::awaitable<std::vector<Reply>> pipeline(std::vector<Command> commands,
                                                        RequestOptions options = {});
    /// The same between MULTI and EXEC: nobody else's command comes in between. Errors: also
    /// database_rejected when Redis refused to queue one, and ran none.
    boost::asio::awaitable<std::vector<Reply>> transaction(std::vector<Command> commands,
                                                           RequestOptions options = {});
    boost::asio::awaitable<Reply> evaluate(const Script& script, std::vector<std::string> keys,
                                           std::vector<std::string> arguments = {},
                                           RequestOptions options = {});
    ClientStats stats() const;
    /// Closes everything; whoever waits gets Unanswered.
    void close();

 private:
    std::shared_ptr<State> state_;
};

}  // namespace caisson::redis

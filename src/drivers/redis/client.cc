// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/client.h"

#include <utility>

#include <fmt/format.h>

#include "base/crypto.h"
#include "drivers/redis/ask.h"
#include "drivers/redis/client_state.h"
#include "drivers/redis/greeting.h"
#include "drivers/redis/protocol.h"
#include "drivers/redis/stateful.h"

namespace caisson::redis {

namespace asio = boost::asio;

namespace {

void refuse_stateful(const Command& command) {
    if (const auto why = needs_own_connection(command); !why.empty()) {
        throw Error(Code::usage,
                    fmt::format("{} was asked of a connection that others use at the same time: {}",
                                command.front(), why),
                    "Ask a Connection or a Subscriber, or use transaction().");
    }
}

Ask ask_for(const ClientLimits& limits, const RequestOptions& options) {
    Ask ask;
    ask.deadline = options.deadline.count() > 0 ? options.deadline : limits.request;
    ask.idempotent = options.idempotent;
    return ask;
}

/// Of a command that Redis refused; the caller hears of it as an error.
void throw_if_error(const std::shared_ptr<Client::State>& state, const std::string& command,
                    const Reply& reply) {
    if (reply.is_error()) {
        state->doubt(reply);
        throw rejected(state->settings(), command, reply.value);
    }
}

}  // namespace

Script::Script(std::string source) : source_(std::move(source)), sha1_(sha1_hex(source_)) {}

Client::Client(asio::any_io_executor executor, Settings settings, ClientLimits limits,
               Tracking tracking)
    : Client(std::move(executor), Sentinels(), std::move(settings), limits, std::move(tracking)) {}

Client::Client(asio::any_io_executor executor, Sentinels sentinels, Settings settings,
               ClientLimits limits, Tracking tracking)
    : state_(std::make_shared<State>(std::move(executor), std::move(sentinels), std::move(settings),
                                     limits, std::move(tracking))) {
    state_->begin();
}

Client::~Client() { close(); }

void Client::close() {
    if (state_) {
        state_->close();
    }
}

ClientStats Client::stats() const { return state_->stats(); }

asio::awaitable<Reply> Client::command(Command arguments, RequestOptions options) {
    refuse_stateful(arguments);
    const auto state = state_;
    auto ask = ask_for(state->limits(), options);
    ask.bytes = format(arguments);
    auto reply = co_await ask_one(state, std::move(ask));
    throw_if_error(state, arguments.front(), reply);
    co_return reply;
}

asio::awaitable<std::vector<Reply>> Client::pipeline(std::vector<Command> commands,
                                                     RequestOptions options) {
    const auto state = state_;
    auto ask = ask_for(state->limits(), options);
    for (const auto& command : commands) {
        refuse_stateful(command);
        ask.bytes += format(command);
    }
    if (commands.empty()) {
        co_return std::vector<Reply>();
    }
    if (commands.size() == 1) {
        std::vector<Reply> only;
        only.push_back(co_await ask_one(state, std::move(ask)));
        co_return only;
    }
    ask.expected = commands.size();
    co_return co_await ask_all(state, std::move(ask));
}

asio::awaitable<std::vector<Reply>> Client::transaction(std::vector<Command> commands,
                                                        RequestOptions options) {
    const auto state = state_;
    auto ask = ask_for(state->limits(), options);
    ask.bytes = format({"MULTI"});
    for (const auto& command : commands) {
        refuse_stateful(command);
        ask.bytes += format(command);
    }
    ask.bytes += format({"EXEC"});
    ask.expected = commands.size() + 2;
    auto replies = co_await ask_all(state, std::move(ask));
    for (std::size_t i = 0; i < commands.size(); ++i) {
        throw_if_error(state, commands[i].front(), replies[i + 1]);
    }
    throw_if_error(state, "EXEC", replies.back());
    co_return std::move(replies.back().items);
}

asio::awaitable<Reply> Client::evaluate(const Script& script, std::vector<std::string> keys,
                                        std::vector<std::string> arguments,
                                        RequestOptions options) {
    const auto state = state_;
    const auto deadline =
        std::chrono::steady_clock::now() +
        (options.deadline.count() > 0 ? options.deadline : state->limits().request);
    Command command{"EVALSHA", script.sha1(), std::to_string(keys.size())};
    const auto source = script.source();
    command.insert(command.end(), keys.begin(), keys.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto ask = ask_for(state->limits(), options);
    ask.bytes = format(command);
    auto reply = co_await ask_one(state, std::move(ask));
    if (reply.is_error() && kind_of_error(reply.value) == "NOSCRIPT") {
        // It did not run, so that it may be asked again, with what is left of the time.
        command[0] = "EVAL";
        command[1] = source;
        ask = ask_for(state->limits(), options);
        ask.bytes = format(command);
        ask.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        reply = co_await ask_one(state, std::move(ask));
    }
    throw_if_error(state, "EVALSHA", reply);
    co_return reply;
}

}  // namespace caisson::redis

// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/listener.h"

#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "drivers/pg/core.h"
#include "drivers/pg/quote.h"

namespace caisson::pg {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

struct Listener::State {
    asio::any_io_executor executor;
    Settings settings;
    std::vector<std::string> channels;
    ListenerLimits limits;
    std::shared_ptr<Lane::Core> core;
    bool was_lost = false;

    void drop() {
        if (core) {
            std::exchange(core, nullptr)
                ->close(Unanswered::Reason::closed, "the listener was closed");
        }
    }

    /// Sends one message of the simple protocol and reads its answers.
    asio::awaitable<void> command(std::string text) {
        const auto deadline = Clock::now() + limits.answer;
        if (PQsendQuery(core->connection(), text.c_str()) != 1) {
            throw libpq::broken(core->connection(), settings);
        }
        while (const auto result = co_await core->next_result(deadline)) {
            if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) {
                if (libpq::field(result.get(), PG_DIAG_SQLSTATE).empty()) {
                    throw libpq::broken(core->connection(), settings);
                }
                throw libpq::rejected(result.get(), settings);
            }
        }
    }

    asio::awaitable<void> connect() {
        const auto opened = std::make_shared<Lane::Core>(executor, settings, LaneLimits{});
        core = opened;
        co_await opened->connect();
        if (opened->is_pooled()) {
            throw Error(Code::usage,
                        "LISTEN was asked for through a pooler, which hears nothing for others",
                        "let the listener connect to PostgreSQL itself");
        }
        opened->begin_manual();
        PQexitPipelineMode(opened->connection());
        std::string text;
        for (const auto& channel : channels) {
            text += "listen " + identifier(channel) + "; ";
        }
        co_await command(std::move(text));
    }

    /// Waits for something to read. Whether there was something within `limits.check`.
    asio::awaitable<bool> hear() {
        try {
            co_await core->await_socket(false, Clock::now() + limits.check);
        } catch (const Unanswered&) {
            co_return false;
        }
        if (PQconsumeInput(core->connection()) == 0) {
            throw libpq::broken(core->connection(), settings);
        }
        co_return true;
    }
};

Listener::Listener(asio::any_io_executor executor, Settings settings,
                   std::vector<std::string> channels, ListenerLimits limits)
    : state_(std::make_unique<State>(State{std::move(executor), std::move(settings),
                                           std::move(channels), limits, nullptr, false})) {
    for (const auto& channel : state_->channels) {
        // A name that is none would be asked for again and again.
        static_cast<void>(identifier(channel));
    }
}

Listener::Listener(Listener&&) noexcept = default;

Listener::~Listener() {
    if (state_) {
        state_->drop();
    }
}

asio::awaitable<void> Listener::start() {
    if (!state_->core) {
        try {
            co_await state_->connect();
        } catch (...) {
            state_->drop();
            throw;
        }
    }
}

asio::awaitable<Notification> Listener::next() {
    auto& state = *state_;
    while (true) {
        bool is_lost = false;
        try {
            co_await start();
            if (std::exchange(state.was_lost, false)) {
                co_return Notification{{}, {}, 0, true};
            }
            while (true) {
                if (const libpq::Owned<PGnotify> heard{PQnotifies(state.core->connection())}) {
                    co_return Notification{heard->relname, heard->extra, heard->be_pid, false};
                }
                if (!co_await state.hear()) {
                    // Silence may be a server that is gone without a word.
                    co_await state.command("");
                }
            }
        } catch (const Error& error) {
            if (error.code() == Code::usage) {
                throw;
            }
            is_lost = true;
        }
        if (is_lost) {
            state.drop();
            state.was_lost = true;
            asio::steady_timer pause(state.executor, state.limits.retry);
            co_await pause.async_wait(asio::use_awaitable);
        }
    }
}

}  // namespace caisson::pg

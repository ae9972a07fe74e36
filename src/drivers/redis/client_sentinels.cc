// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "drivers/redis/client_state.h"
#include "drivers/redis/greeting.h"

namespace caisson::redis {

namespace asio = boost::asio;

namespace {

std::uint16_t port_of(const std::string& text) {
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failure != std::errc() || end != text.data() + text.size() || port == 0) {
        throw Error(Code::cannot_connect,
                    fmt::format("a sentinel says that the master's port is \"{}\"", text));
    }
    return port;
}

}  // namespace

/// Asks one after the other; who answers is asked first the next time.
asio::awaitable<Settings> Client::State::locate() {
    if (sentinels_.settings.empty()) {
        co_return settings_;
    }
    std::string failure = "there is no sentinel";
    for (std::size_t i = 0; i < sentinels_.settings.size(); ++i) {
        const auto link = std::make_shared<Link>(executor_, sentinels_.settings[i], limits_.grace);
        opening_ = link;
        try {
            co_await link->connect(limits_.connect);
            Command question{"SENTINEL", "get-master-addr-by-name", sentinels_.master};
            const auto where = co_await link->command(std::move(question), limits_.connect);
            link->close(Unanswered::Reason::closed, "it was asked");
            if (where.items.size() != 2) {
                failure = fmt::format("the sentinel at {} knows no master \"{}\"",
                                      sentinels_.settings[i].text(), sentinels_.master);
                continue;
            }
            auto settings = settings_;
            settings.socket.clear();
            settings.host = where.items[0].text();
            settings.port = port_of(where.items[1].text());
            std::swap(sentinels_.settings[0], sentinels_.settings[i]);
            co_return settings;
        } catch (const Error& error) {
            link->close(Unanswered::Reason::closed, "it did not answer");
            failure = error.message();
        }
        if (is_closed_) {
            break;
        }
    }
    throw Error(Code::cannot_connect, failure);
}

/// Lives as long as the subscriber: nothing of a client that is gone is touched.
asio::awaitable<void> Client::State::follow(std::shared_ptr<Subscriber> subscriber,
                                            std::weak_ptr<State> client) {
    while (true) {
        const auto heard = co_await subscriber->next();
        const auto state = client.lock();
        if (!state || state->is_closed_ || heard.is_closed) {
            co_return;
        }
        // <master name> <old ip> <old port> <new ip> <new port>
        std::vector<std::string> words;
        for (std::size_t from = 0; from <= heard.payload.size();) {
            const auto end = std::min(heard.payload.find(' ', from), heard.payload.size());
            words.push_back(heard.payload.substr(from, end - from));
            from = end + 1;
        }
        if (words.size() == 5 && words[0] == state->sentinels_.master) {
            state->move_to(words[3], words[4]);
        }
    }
}

void Client::State::move_to(const std::string& host, const std::string& port) {
    if (link_ && link_->settings().host == host && std::to_string(link_->settings().port) == port) {
        return;
    }
    failures_ = 0;
    if (const auto link = link_) {
        link->close(Unanswered::Reason::connection, "the master moved to " + host + ":" + port);
    }
}

void Client::State::doubt(const Reply& reply) {
    const auto kind = kind_of_error(reply.value);
    if (!sentinels_.settings.empty() && (kind == "READONLY" || kind == "MASTERDOWN")) {
        if (const auto link = link_) {
            link->close(Unanswered::Reason::connection, "it is no master any more");
        }
    }
}

}  // namespace caisson::redis

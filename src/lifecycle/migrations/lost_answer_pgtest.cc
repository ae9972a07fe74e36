// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lifecycle/migrations/workbench.h"

namespace caisson::migrations {
namespace {

using testing::HasSubstr;

/// What becomes of the message that carries this marker.
enum class Loss {
    answer,   ///< It reaches the server, and its answer is lost with the connection.
    message,  ///< It is lost with the connection.
};

/// Stands between a client and the server until the marker comes by.
class Proxy {
 public:
    Proxy(const fs::path& directory, pg::Settings server, std::string marker, Loss loss)
        : server_(std::move(server)), marker_(std::move(marker)), loss_(loss) {
        path_ = directory / fmt::format(".s.PGSQL.{}", server_.port);
        listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
        const auto address = address_of(path_);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address),
                  0);
        EXPECT_EQ(::listen(listener_, 1), 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~Proxy() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

 private:
    static sockaddr_un address_of(const fs::path& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        return address;
    }
    /// Passes on what is there; false at the end.
    static bool pass(int from, int to, std::string& seen) {
        std::array<char, 65536> buffer{};
        const auto count = ::read(from, buffer.data(), buffer.size());
        if (count <= 0) {
            return false;
        }
        seen.assign(buffer.data(), static_cast<std::size_t>(count));
        return to < 0 || ::write(to, buffer.data(), static_cast<std::size_t>(count)) == count;
    }
    void serve() {
        const int client = ::accept(listener_, nullptr, nullptr);
        if (client < 0) {
            return;
        }
        const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
        const auto address =
            address_of(fs::path(server_.host) / fmt::format(".s.PGSQL.{}", server_.port));
        EXPECT_EQ(::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address),
                  0);
        std::string seen;
        for (bool open = true; open;) {
            std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
            ::poll(ends.data(), ends.size(), -1);
            if (ends[1].revents != 0) {
                open = pass(server, client, seen);
            } else if (ends[0].revents != 0) {
                open = carry(client, server, seen);
            }
        }
        ::close(client);
        ::close(server);
    }
    bool carry(int client, int server, std::string& seen) const {
        if (loss_ == Loss::message) {
            return pass(client, -1, seen) && seen.find(marker_) == std::string::npos &&
                   ::write(server, seen.data(), seen.size()) == static_cast<ssize_t>(seen.size());
        }
        if (!pass(client, server, seen)) {
            return false;
        }
        if (seen.find(marker_) == std::string::npos) {
            return true;
        }
        // The server has answered: what it did is done, and nobody hears of it.
        pass(server, -1, seen);
        return false;
    }

    pg::Settings server_;
    std::string marker_;
    Loss loss_;
    fs::path path_;
    int listener_ = -1;
    std::thread thread_;
};

class LostAnswerTest : public testing::Test, protected Workbench {
 protected:
    /// Runs through a proxy that loses what carries the marker.
    Error lost(const std::string& marker, Loss loss) {
        auto settings = database.settings();
        const Proxy proxy(sockets.path(), settings, marker, loss);
        settings.host = sockets.path();
        pg::Connection through(settings);
        return refusal([&] {
            migrations::up([&](bool) -> pg::Connection& { return through; }, files(), features, {},
                           options);
        });
    }
    test::Directory sockets;
};

TEST_F(LostAnswerTest, AFileWhoseCommitWasNotHeardOfIsFoundApplied) {
    write("001_a.sql", "create table a(i int);");
    write("002_b.sql", "create table b(i int);");
    const auto error = lost("create table a", Loss::answer);
    EXPECT_EQ(error.code(), Code::cannot_connect);
    EXPECT_THAT(error.fact("in flight"), HasSubstr("001_a.sql: the history tells the next run"));
    const auto report = up();
    ASSERT_EQ(report.applied.size(), 1U);
    EXPECT_EQ(report.applied.front().version, "002");
    EXPECT_EQ(history(), "001:applied 002:applied");
}

TEST_F(LostAnswerTest, AFileThatNeverArrivedIsFoundPending) {
    write("001_a.sql", "create table a(i int);");
    EXPECT_EQ(lost("create table a", Loss::message).code(), Code::cannot_connect);
    EXPECT_EQ(history(), "");
    EXPECT_EQ(up().applied.size(), 1U);
}

TEST_F(LostAnswerTest, AnIndexThatWasBuiltUnheardIsFound) {
    connection.script("create table a(i int)");
    write("001_a.sql", "create index concurrently on a(i);\ncreate table b(i int);");
    // The statement itself, as the protocol ends it; the text is in the history as well.
    const auto statement = std::string("on a(i)") + '\0';
    EXPECT_EQ(lost(statement, Loss::answer).code(), Code::cannot_connect);
    EXPECT_EQ(history(), "001:partial");
    EXPECT_EQ(up().applied.size(), 1U);
    EXPECT_EQ(ask("select count(*) from pg_index where indrelid = 'a'::regclass"), "1");
}

}  // namespace
}  // namespace caisson::migrations

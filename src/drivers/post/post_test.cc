// SPDX-License-Identifier: Apache-2.0
#include "drivers/post/post.h"

#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

namespace caisson::post {
namespace {

using testing::HasSubstr;

/// A port of this machine that nobody listens on.
std::string closed_place() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(listener);
    return "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

TEST(Requests, ThatNobodyAnswersNameTheHostAndNotThePath) {
    try {
        send(WebRequest{closed_place() + "/secret-token", {}, ""});
        FAIL() << "it was answered";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
        EXPECT_THAT(error.message(), HasSubstr("127.0.0.1"));
        EXPECT_THAT(error.message(), Not(HasSubstr("secret-token")));
    }
}

TEST(Requests, AreOfTheWebAlone) {
    EXPECT_THROW(send(WebRequest{"file:///etc/passwd", {}, ""}), Error);
}

TEST(Messages, AreWrittenAsMailIs) {
    const Mail mail{.from = "caisson@example.org",
                    .to = {"a@example.org", "b@example.org"},
                    .subject = "Die Platte läuft voll",
                    .text = "one\ntwo",
                    .id = "7"};
    const auto text = message_of(mail, "Fri, 27 Nov 2026 00:00:00 +0000");
    EXPECT_THAT(text, HasSubstr("To: <a@example.org>, <b@example.org>\r\n"));
    EXPECT_THAT(text, HasSubstr("Subject: =?UTF-8?B?RGllIFBsYXR0ZSBsw6R1ZnQgdm9sbA==?=\r\n"));
    EXPECT_THAT(text, HasSubstr("Message-ID: <7@example.org>\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\n\r\nb25lDQp0d28=\r\n"));
}

TEST(Messages, TakeNoAddressThatWouldAddAHeader) {
    const Mail mail{.from = "a@b\r\nBcc: c@d", .to = {"a@b"}};
    EXPECT_THROW(message_of(mail, ""), Error);
}

/// A mail server that says yes to everything, once, and keeps what it was told.
class MailServer {
 public:
    explicit MailServer(in_addr_t at = INADDR_LOOPBACK)
        : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(at);
        socklen_t size = sizeof address;
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
        ::listen(listener_, 1);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~MailServer() {
        thread_.join();
        ::close(listener_);
    }
    MailServer(const MailServer&) = delete;
    MailServer& operator=(const MailServer&) = delete;
    std::uint16_t port = 0;
    std::string told;

 private:
    void serve() {
        const int peer = ::accept(listener_, nullptr, nullptr);
        const auto say = [&](std::string_view line) {
            (void)::write(peer, line.data(), line.size());
        };
        say("220 ready\r\n");
        std::string unread;
        bool in_message = false;
        std::array<char, 4096> buffer{};
        for (;;) {
            const auto read = ::read(peer, buffer.data(), buffer.size());
            if (read <= 0) {
                break;
            }
            unread.append(buffer.data(), static_cast<std::size_t>(read));
            std::size_t end = 0;
            while ((end = unread.find("\r\n")) != std::string::npos) {
                const auto line = unread.substr(0, end);
                unread.erase(0, end + 2);
                told += line + "\n";
                if (in_message) {
                    in_message = line != ".";
                    if (!in_message) {
                        say("250 taken\r\n");
                    }
                } else if (line == "DATA") {
                    in_message = true;
                    say("354 go on\r\n");
                } else {
                    say(line == "QUIT" ? "221 bye\r\n" : "250 fine\r\n");
                }
            }
        }
        ::close(peer);
    }
    int listener_;
    std::thread thread_;
};

TEST(Mails, AreTakenByAServer) {
    std::string told;
    {
        MailServer server;
        send(Mail{.server = "smtp://127.0.0.1:" + std::to_string(server.port),
                  .from = "caisson@example.org",
                  .to = {"ops@example.org"},
                  .subject = "connections",
                  .text = "too many",
                  .id = "1"});
        told = server.told;
    }
    EXPECT_THAT(told, HasSubstr("MAIL FROM:<caisson@example.org>"));
    EXPECT_THAT(told, HasSubstr("RCPT TO:<ops@example.org>"));
    EXPECT_THAT(told, HasSubstr("Subject: connections"));
}

TEST(Mails, KeepThePasswordToThemselvesWithoutTls) {
    MailServer server;
    EXPECT_THROW(send(Mail{.server = "smtp://127.0.0.1:" + std::to_string(server.port),
                           .user = "u",
                           .password = Secret("hunter2"),
                           .from = "a@example.org",
                           .to = {"b@example.org"}}),
                 Error);
}

TEST(Mails, GoToAnotherMachineByTlsOrNotAtAll) {
    // 127.0.0.2 is this machine, too, and no name of it that we take for it.
    std::string told;
    {
        MailServer server(INADDR_LOOPBACK + 1);
        EXPECT_THROW(send(Mail{.server = "smtp://127.0.0.2:" + std::to_string(server.port),
                               .from = "a@example.org",
                               .to = {"b@example.org"}}),
                     Error);
        told = server.told;
    }
    EXPECT_EQ(told.find("MAIL FROM"), std::string::npos) << told;
}

}  // namespace
}  // namespace caisson::post

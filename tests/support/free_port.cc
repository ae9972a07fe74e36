// SPDX-License-Identifier: Apache-2.0
#include "tests/support/free_port.h"

#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace caisson::test {

std::uint16_t free_port() {
    static std::mt19937 random(std::random_device{}());
    while (true) {
        const auto port = std::uniform_int_distribution<int>(10'000, 31'999)(random);
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool is_free =
            ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        ::close(listener);
        if (is_free) {
            return static_cast<std::uint16_t>(port);
        }
    }
}

}  // namespace caisson::test

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/ports.h"

#include <array>
#include <charconv>
#include <cstring>
#include <sstream>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

namespace caisson::servers {
namespace {

struct Listener {
    PortHolder holder;
    std::string inode;
};

std::uint32_t hexadecimal(std::string_view text) {
    std::uint32_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return number;
}

/// The kernel prints addresses as 32-bit words in the machine's own byte order.
std::string address_text(std::string_view words, int family) {
    std::array<unsigned char, 16> bytes{};
    for (std::size_t i = 0; i * 8 < words.size() && i < 4; ++i) {
        const std::uint32_t word = hexadecimal(words.substr(i * 8, 8));
        std::memcpy(bytes.data() + i * 4, &word, 4);
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, bytes.data(), text.data(), text.size());
    return text.data();
}

/// A listener on `port` in one of the kernel's tables.
std::optional<Listener> find_listener(const char* table, int family, std::uint16_t port) {
    std::istringstream lines(read_if_exists(table).value_or(""));
    std::string line;
    std::getline(lines, line);  // The heading.
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
        fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
            timeout >> inode;
        const auto colon = local.find(':');
        constexpr std::string_view listening = "0A";
        if (state != listening || colon == std::string::npos ||
            hexadecimal(std::string_view(local).substr(colon + 1)) != port) {
            continue;
        }
        const std::string address = address_text(local.substr(0, colon), family);
        const bool is_any = address == "0.0.0.0" || address == "::";
        if (is_any || address.rfind("127.", 0) == 0 || address == "::1" ||
            address.rfind("::ffff:127.", 0) == 0) {
            PortHolder holder{port, address, 0, "", 0};
            std::from_chars(user.data(), user.data() + user.size(), holder.user);
            return Listener{holder, inode};
        }
    }
    return std::nullopt;
}

/// The process that has the socket open; 0 when we may not see it.
pid_t process_with(const std::string& inode) {
    const std::string wanted = "socket:[" + inode + "]";
    std::error_code failure;
    for (const auto& process : fs::directory_iterator("/proc", failure)) {
        const std::string name = process.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        std::error_code hidden;
        for (fs::directory_iterator entry(process.path() / "fd", hidden), end;
             !hidden && entry != end; entry.increment(hidden)) {
            std::error_code gone;
            if (fs::read_symlink(entry->path(), gone) == wanted) {
                return std::stoi(name);
            }
        }
    }
    return 0;
}

}  // namespace

std::string PortHolder::text() const {
    if (process != 0) {
        return fmt::format("{} (process {})", program.empty() ? "a program" : program, process);
    }
    const passwd* const account = ::getpwuid(user);
    return fmt::format("a process of account {}",
                       account ? std::string(account->pw_name) : std::to_string(user));
}

std::optional<PortHolder> who_listens(std::uint16_t port) {
    auto found = find_listener("/proc/net/tcp", AF_INET, port);
    if (!found) {
        found = find_listener("/proc/net/tcp6", AF_INET6, port);
    }
    if (!found) {
        return std::nullopt;
    }
    found->holder.process = process_with(found->inode);
    found->holder.program = process_name(found->holder.process);
    return found->holder;
}

}  // namespace caisson::servers

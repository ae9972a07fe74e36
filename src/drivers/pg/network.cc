// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/network.h"

#include <array>
#include <cstdint>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/error.h"
#include "drivers/pg/bytes.h"
#include "drivers/pg/text_format.h"

namespace caisson::pg {
namespace {

/// PostgreSQL's own numbers of families: independent of the platform's AF_INET6.
constexpr std::uint8_t version_4 = 2;
constexpr std::uint8_t version_6 = 3;

}  // namespace

std::string inet_text(std::string_view binary, bool is_cidr) {
    Cursor in{binary};
    const auto family = in.take<std::uint8_t>();
    const auto prefix = in.take<std::uint8_t>();
    in.take<std::uint8_t>();
    const auto size = in.take<std::uint8_t>();
    const bool is_4 = family == version_4 && size == 4;
    if (!in.fine || in.left.size() != size || (!is_4 && !(family == version_6 && size == 16))) {
        return {};
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(is_4 ? AF_INET : AF_INET6, in.left.data(), text.data(), text.size());
    std::string address = text.data();
    if (is_cidr || prefix != size * 8) {
        address += fmt::format("/{}", prefix);
    }
    return address;
}

void encode_inet(std::string& out, std::string_view text) {
    const auto slash = text.find('/');
    const std::string address(text.substr(0, slash));
    const bool is_4 = address.find(':') == std::string::npos;
    const std::size_t size = is_4 ? 4 : 16;
    std::array<char, 16> bytes{};
    std::int64_t prefix = static_cast<std::int64_t>(size) * 8;
    const bool has_prefix =
        slash == std::string_view::npos || parse_number(text.substr(slash + 1), prefix);
    if (::inet_pton(is_4 ? AF_INET : AF_INET6, address.c_str(), bytes.data()) != 1 || !has_prefix ||
        prefix < 0 || prefix > static_cast<std::int64_t>(size) * 8) {
        throw Error(Code::usage, fmt::format("\"{}\" is no network address", text));
    }
    put(out, is_4 ? version_4 : version_6);
    put(out, static_cast<std::uint8_t>(prefix));
    put(out, std::uint8_t{0});
    put(out, static_cast<std::uint8_t>(size));
    out.append(bytes.data(), size);
}

}  // namespace caisson::pg

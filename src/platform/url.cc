// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/environment.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

/// Says what is wrong with a URL without repeating any of it.
class UrlReader {
 public:
    UrlReader(std::string_view url, const Place& place) : rest_(url), place_(place) {}

    Endpoint read() {
        take_scheme();
        const auto authority_end = std::min(rest_.find_first_of("/?#"), rest_.size());
        take_authority(rest_.substr(0, authority_end));
        rest_.remove_prefix(authority_end);
        if (rest_.starts_with('/')) {
            const auto end = std::min(rest_.find_first_of("?#"), rest_.size());
            endpoint_.database = decoded(rest_.substr(1, end - 1), "the name of the database");
            rest_.remove_prefix(end);
        }
        if (rest_.starts_with('?')) {
            for (const auto& pair : split(rest_.substr(1, rest_.find('#') - 1), '&')) {
                take_parameter(pair);
            }
        }
        check();
        return endpoint_;
    }

 private:
    [[noreturn]] void refuse(const std::string& message, const std::string& hint = {}) const {
        throw Error(Code::variable_invalid, "the connection URL " + message, hint).at(place_);
    }

    void take_scheme() {
        if (rest_.starts_with("jdbc:")) {
            rest_.remove_prefix(5);
        }
        const auto colon = rest_.find("://");
        auto scheme =
            colon == std::string_view::npos ? std::string() : lower(rest_.substr(0, colon));
        scheme = scheme.substr(0, scheme.find('+'));
        is_redis_ = scheme == "redis" || scheme == "rediss";
        if (!is_redis_ && scheme != "postgresql" && scheme != "postgres") {
            refuse("does not begin as one; expected postgresql:// or redis://",
                   "or say host, port, user, password and database in fields of their own");
        }
        if (scheme == "rediss") {
            endpoint_.tls = "verify-full";
        }
        rest_.remove_prefix(colon + 3);
        if (std::any_of(rest_.begin(), rest_.end(),
                        [](char c) { return static_cast<unsigned char>(c) <= 0x20; })) {
            refuse("holds a blank or a control character; expected %20 and the like");
        }
    }

    void take_authority(std::string_view authority) {
        // The last @: a password with an unencoded one is read as it was meant.
        if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
            const auto user_info = authority.substr(0, at);
            const auto colon = user_info.find(':');
            endpoint_.user = decoded(user_info.substr(0, colon), "the user");
            if (colon != std::string_view::npos) {
                endpoint_.password = Secret(decoded(user_info.substr(colon + 1), "the password"));
            }
            authority.remove_prefix(at + 1);
        }
        if (authority.find(',') != std::string_view::npos) {
            refuse("names several hosts; expected one",
                   "name the primary, or the balancer or pool in front of the servers");
        }
        std::string_view port;
        if (authority.starts_with('[')) {
            const auto close = authority.find(']');
            if (close == std::string_view::npos) {
                refuse("has a [ without a ]; expected an IPv6 address between them");
            }
            endpoint_.host = authority.substr(1, close - 1);
            port = authority.substr(close + 1);
            if (!is_ip_address(endpoint_.host) || (!port.empty() && port[0] != ':')) {
                refuse("has no IPv6 address between [ and ]");
            }
        } else {
            const auto colon = authority.find(':');
            endpoint_.host = decoded(authority.substr(0, colon), "the host");
            port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
        }
        if (port.size() > 1) {
            take_port(port.substr(1));
        }
    }

    void take_port(std::string_view text) {
        const auto port = parse_port(text);
        if (!port) {
            refuse("has a port that is not one; expected 1 to 65535",
                   "a password that holds one of / ? # @ : % is the usual cause: percent-encode "
                   "it, or give it in the "
                   "field `password`");
        }
        endpoint_.port = *port;
    }

    void take_parameter(std::string_view pair) {
        const auto equals = pair.find('=');
        const auto name = decoded(pair.substr(0, equals), "a parameter");
        const auto value = equals == std::string_view::npos
                               ? std::string()
                               : decoded(pair.substr(equals + 1), "a parameter");
        if (name.empty()) {
            return;
        }
        if (name == "host" || name == "hostaddr") {
            if (value.find(',') != std::string::npos) {
                refuse("names several hosts; expected one");
            }
            endpoint_.host = value;
        } else if (name == "port") {
            take_port(value);
        } else if (name == "user") {
            endpoint_.user = value;
        } else if (name == "password") {
            endpoint_.password = Secret(value);
        } else if (name == "dbname" || (is_redis_ && name == "db")) {
            endpoint_.database = value;
        } else if (name == "sslmode") {
            endpoint_.tls = value == "no-verify" ? "require" : value;  // node-postgres's own word
        } else if (name == "ssl") {
            endpoint_.tls =
                parse_boolean(value).value_or(false) ? "verify-full" : "disable";  // JDBC
        } else if (name == "sslrootcert") {
            endpoint_.tls_root = value;
        } else if (name == "ssl_min_protocol_version") {
            endpoint_.tls_min = value.rfind("TLSv", 0) == 0 ? value.substr(4) : value;
        } else if (name == "channel_binding") {
            endpoint_.channel_binding = value;
        } else {
            endpoint_.ignored.push_back(name);
        }
    }

    void check() const {
        if (!endpoint_.host.empty() && !is_host(endpoint_.host)) {
            refuse(
                "has a host that is none; expected a name, an address or the directory of a socket",
                "a password that holds one of / ? # @ : % is the usual cause: percent-encode it, "
                "or give it in the "
                "field `password`");
        }
        if (!endpoint_.tls.empty() && !is_tls_mode(endpoint_.tls)) {
            refuse(
                "has an sslmode that is none; expected disable, allow, prefer, require, verify-ca "
                "or verify-full");
        }
        if (is_redis_ && !endpoint_.database.empty()) {
            const auto number = parse_integer(endpoint_.database);
            if (!number || *number < 0) {
                refuse("names a Redis database that is not a number; expected one such as /0");
            }
        }
    }

    /// Source: RFC 3986, 2.1.
    std::string decoded(std::string_view text, std::string_view what) const {
        const auto digit = [](char c) {
            return c >= '0' && c <= '9'   ? c - '0'
                   : c >= 'a' && c <= 'f' ? c - 'a' + 10
                   : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                          : -1;
        };
        std::string result;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '%') {
                result += text[i];
                continue;
            }
            const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                refuse(fmt::format("has a % in {} that two hexadecimal digits do not follow", what),
                       "write % itself as %25");
            }
            result += static_cast<char>(high * 16 + low);
            i += 2;
        }
        return result;
    }

    std::string_view rest_;
    Place place_;
    Endpoint endpoint_;
    bool is_redis_ = false;
};

}  // namespace

Endpoint parse_url(const std::string& url, const Place& place) {
    return UrlReader(trim(url), place).read();
}

}  // namespace caisson::platform

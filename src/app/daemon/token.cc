// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/token.h"

#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"

namespace caisson::daemon {

Secret token_at(const fs::path& file) {
    auto text = read_own(file);
    if (!text) {
        if (!fs::exists(file.parent_path())) {
            make_directory(file.parent_path(), 0700);
        }
        write_file(file, random_secret(32).reveal() + "\n", 0600);
        // Two daemons may start at once: the file says whose token counts.
        text = read_file(file);
    }
    Secret token{std::string(trim(*text))};
    if (token.reveal().size() < 16) {
        throw Error(Code::state_unusable,
                    file.string() + " holds no token of at least 16 characters",
                    "remove the file; a new token is made at the next start");
    }
    return token;
}

std::optional<http::Response> ask_token(const http::Request& request, const Secret& token) {
    constexpr std::string_view scheme = "bearer ";
    const auto given = request.header("Authorization");
    const bool has_token = lower(given.substr(0, scheme.size())) == scheme;
    if (has_token && equal_in_constant_time(trim(given.substr(scheme.size())), token.reveal())) {
        return {};
    }
    auto response =
        http::problem(401, has_token ? "this is not the token" : "a bearer token is asked for", {},
                      "send the header Authorization: Bearer TOKEN; the token is in the daemon's "
                      "state directory");
    response.headers.push_back(
        {"WWW-Authenticate", has_token ? "Bearer realm=\"caisson\", error=\"invalid_token\""
                                       : "Bearer realm=\"caisson\""});
    return response;
}

}  // namespace caisson::daemon

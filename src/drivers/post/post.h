// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Messages to other machines: a request to a web address, a mail to a server. The only user of
/// libcurl. Each call opens a connection, waits at most its limit, and follows nothing. Threads:
/// any.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace caisson::post {

struct WebRequest {
    std::string url{};  ///< Of http or https; certificates are verified.
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};  ///< Sent by POST.
    std::chrono::milliseconds limit{10'000};
};

struct WebAnswer {
    int status = 0;
    std::string body{};  ///< Its first 64 KiB.
};

/// The answer, whatever its status; a redirect is one. Errors: cannot_connect when there is none
/// within the limit; interrupted.
WebAnswer send(const WebRequest& request);

struct Mail {
    std::string server{};  ///< smtp://host:587 (by STARTTLS; on this machine only where it is
                           ///< offered) or smtps://host.
    std::string user{};    ///< Empty: nobody signs in.
    Secret password{};
    std::string from{};
    std::vector<std::string> to{};
    std::string subject{};
    std::string text{};  ///< UTF-8, lines end with LF.
    std::string id{};    ///< Left of the @ of Message-ID; equal for what is sent again.
    std::chrono::milliseconds limit{20'000};
};

/// Errors: usage for an address with a line break; cannot_connect when the server does not take it
/// within the limit; interrupted.
void send(const Mail& mail);

/// The message as it is sent. Pure. Source: RFC 5322; RFC 2047 for the subject; RFC 2045 for the
/// text, which is sent in base64.
std::string message_of(const Mail& mail, const std::string& date);

}  // namespace caisson::post

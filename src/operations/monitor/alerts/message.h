// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is told, for people and for programs. Pure.

#include <string>
#include <vector>

#include "operations/monitor/alerts/notify.h"

namespace caisson::alerts {

/// Of the page as it is now; id and delivery are the caller's.
Message message_of(const Page& page, const std::string& kind, const Book& book,
                   const Circumstances& circumstances, Moment now);

/// What a rule says of a reading: "81.2 % of the connections are in use".
std::string summary_of(const Rule* rule, const Alert& alert);
/// The address of the remedy.
std::string remedy_of(const Rule* rule, const std::string& pages);

/// Several messages as one body: `{"version": 1, "id": …, "pages": […]}`.
std::string body_of(const std::vector<Message>& messages);
/// Several as one mail or line: subject first.
struct Letter {
    std::string subject;
    std::string text;
};
Letter letter_of(const std::vector<Message>& messages);

/// `v1=` and the HMAC-SHA256 of "<timestamp>.<body>", in hexadecimal.
std::string signature_of(const std::string& secret, const std::string& timestamp,
                         const std::string& body);

}  // namespace caisson::alerts

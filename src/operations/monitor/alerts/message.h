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

/// Which tells of nothing: to see whether it arrives.
Message test_message(const std::string& platform, const std::string& environment, Moment now);
/// That this many messages were left out while a receiver was away.
Message left_out_message(std::size_t number, const Circumstances& circumstances, Moment now);

/// What a rule says of a reading: "81.2 % of the connections are in use".
std::string summary_of(const Rule* rule, const Alert& alert);
/// The address of the remedy.
std::string remedy_of(const Rule* rule, const std::string& pages);

/// What tells a parcel from others: the same only for the same messages, so that a receiver that
/// ignores what it knows loses nothing that came along later.
std::string id_of(const std::vector<Message>& messages);
/// Several messages as one body: `{"version": 1, "id": …, "pages": [{"message": …, …}]}`; the id is
/// id_of(), and each page has its message's own.
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

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Alerts as values, and the book that is kept of them: what survives a restart. Durations are
/// added up from steps of a clock that does not jump, so that nothing fires or is forgotten because
/// somebody has set the clock; moments are for people.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/moment.h"
#include "operations/monitor/alerts/rule.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::alerts {

using std::chrono::milliseconds;

enum class State { pending, firing, resolved };
std::string_view text_of(State state);

/// One rule, one set of labels.
struct Alert {
    std::string id{};  ///< A UUID.
    std::string rule{};
    monitor::Labels labels{};
    State state = State::pending;
    bool is_unknown = false;  ///< What it is about cannot be read at present.
    std::string why{};        ///< Why not.
    Level level = Level::warning;
    double value = 0;  ///< As last read.
    double worst = 0;  ///< Since it began.
    double threshold = 0;
    std::string who{};          ///< Who stood behind it when it was bad last; empty: not known.
    Moment began{};             ///< When it was bad first.
    Moment fired{};             ///< When it was so for long enough.
    Moment ended{};             ///< When it was resolved.
    Moment acknowledged{};      ///< When somebody said that they know.
    milliseconds bad{0};        ///< Pending: for how long without a break.
    milliseconds good{0};       ///< Firing: for how long the value has been good.
    milliseconds firing{0};     ///< For how long it fires.
    std::string cause{};        ///< The rule whose page it is part of; its own where it is alone.
    bool is_announced = false;  ///< A message was made that tells of it.
    std::vector<std::string> told{};  ///< Deliveries that have taken one, also once it is over.
    std::size_t attempts = 0;         ///< To deliver messages about it.
    std::string last_error{};         ///< Of the last attempt; empty: it succeeded.
    std::uint64_t version = 1;        ///< Grows with each change that a record should show.
    std::uint64_t recorded = 0;       ///< The version that the platform's table has.
};

/// Alerts of one cause, told together.
struct Page {
    std::string id{};    ///< A UUID.
    std::string rule{};  ///< The cause.
    Level level = Level::warning;
    Moment opened{};
    milliseconds open{0};
    milliseconds since_told{0};
    bool is_told = false;
    bool is_acknowledged = false;
    std::size_t renewals = 0;  ///< How often something joined that no acknowledgement covers.
    std::vector<std::string> told{};  ///< Deliveries that it was put into the outbox for.
    std::size_t steps = 0;            ///< Steps of escalation that were taken.
};

/// Something to be told, until it is delivered.
struct Message {
    std::string id{};  ///< Stays the same when it is tried again.
    std::string delivery{};
    std::string page{};
    /// firing, worse, more, less, escalated, still, resolved, left_out.
    std::string kind{};
    std::string rule{};
    Level level = Level::warning;
    Moment made{};
    std::vector<std::string> alerts{};  ///< Ids of those that it tells of.
    std::string json{};                 ///< The page and its alerts, as they were then.
    std::string text{};                 ///< The same for people; the first line is the subject.
};

/// How a delivery does.
struct Receiver {
    std::size_t failures = 0;   ///< In a row.
    milliseconds pause{0};      ///< Until it is tried again.
    std::size_t delivered = 0;  ///< Messages in all.
    std::size_t left_out = 0;   ///< Messages that had no room, since something arrived.
    std::string error{};        ///< Of the last attempt; empty: it succeeded.
    Moment at{};                ///< Of the last attempt.
};

/// Standbys by one name, which others than the name do not tell apart for long: an address changes.
struct Standby {
    std::size_t expected = 0;   ///< So many were there for as long as the rule's settle.
    std::size_t connected = 0;  ///< At the last look.
    std::size_t more = 0;       ///< So many are there, not yet for so long.
    milliseconds more_for{0};
    Moment seen{};  ///< When as many as expected were there last.

    bool operator==(const Standby&) const = default;
};

struct Book {
    Moment at{};  ///< Of the last judgement.
    /// The same by the clock that does not jump, and in which boot of the machine that runs: what
    /// passed until a restart of the process is told by it.
    milliseconds age{0};
    std::string boot{};
    std::vector<Alert> alerts{};
    std::vector<Page> pages{};
    std::vector<Message> outbox{};
    std::map<std::string, Receiver> receivers{};
    std::map<std::string, milliseconds> unread{};  ///< Groups of metrics, for how long.
    std::map<std::string, Standby> standbys{};     ///< By application_name.
    std::map<std::string, std::string> unknown{};  ///< Rules that could not be judged, and why.
};

std::string to_text(const Book& book);
/// Nothing when it is no such text. Pure.
std::optional<Book> parse_book(std::string_view text);

}  // namespace caisson::alerts

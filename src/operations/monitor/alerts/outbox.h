// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is due to be delivered, and what becomes of it: nothing is lost while a receiver is away,
/// and all that waited goes in a few parcels once it is back. Pure.

#include <string>
#include <vector>

#include "operations/monitor/alerts/alert.h"

namespace caisson::alerts {

/// Messages that go together.
struct Parcel {
    std::string delivery{};
    std::vector<Message> messages{};  ///< The oldest first; at most fifty.
};

/// One for each receiver that is not to be left alone just now. Pauses end as time passes.
std::vector<Parcel> due(Book& book, milliseconds elapsed);
void arrived(Book& book, const Parcel& parcel, Moment now);
/// It is tried again after 5 s, then twice as long each time, at most five minutes, for ever.
void failed(Book& book, const Parcel& parcel, const std::string& error, Moment now);

}  // namespace caisson::alerts

// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/outbox.h"

#include <algorithm>

namespace caisson::alerts {
namespace {

constexpr std::size_t most_messages = 50;
constexpr milliseconds first_pause = std::chrono::seconds(5);
constexpr milliseconds longest_pause = std::chrono::minutes(5);

/// What a platform's table shows of it. Pages may be over by now.
void note_attempt(Book& book, const Parcel& parcel, const std::string& error) {
    for (auto& alert : book.alerts) {
        if (std::ranges::none_of(parcel.messages, [&](const Message& message) {
                return std::ranges::count(message.alerts, alert.id) > 0;
            })) {
            continue;
        }
        ++alert.attempts;
        alert.last_error = error;
        if (error.empty() && std::ranges::count(alert.told, parcel.delivery) == 0) {
            alert.told.push_back(parcel.delivery);
        }
        ++alert.version;
    }
}

}  // namespace

std::vector<Parcel> due(Book& book, milliseconds elapsed) {
    std::vector<Parcel> parcels;
    for (auto& [name, receiver] : book.receivers) {
        receiver.pause = std::max(milliseconds(0), receiver.pause - elapsed);
    }
    for (const auto& message : book.outbox) {
        if (book.receivers[message.delivery].pause > milliseconds(0)) {
            continue;
        }
        auto parcel = std::ranges::find(parcels, message.delivery, &Parcel::delivery);
        if (parcel == parcels.end()) {
            parcels.push_back({message.delivery, {}});
            parcel = parcels.end() - 1;
        }
        if (parcel->messages.size() < most_messages) {
            parcel->messages.push_back(message);
        }
    }
    // Whoever did not answer last time holds up nobody who did.
    std::ranges::stable_sort(parcels, {}, [&](const Parcel& parcel) {
        return book.receivers[parcel.delivery].failures;
    });
    return parcels;
}

void arrived(Book& book, const Parcel& parcel, Moment now) {
    auto& receiver = book.receivers[parcel.delivery];
    receiver.failures = 0;
    receiver.error.clear();
    if (std::ranges::any_of(parcel.messages, [](const auto& each) { return each.page.empty(); })) {
        receiver.left_out = 0;
    }
    receiver.at = now;
    receiver.delivered += parcel.messages.size();
    note_attempt(book, parcel, "");
    // One that was replaced meanwhile has another id, and goes next.
    std::erase_if(book.outbox, [&](const Message& message) {
        return std::ranges::find(parcel.messages, message.id, &Message::id) !=
               parcel.messages.end();
    });
}

void failed(Book& book, const Parcel& parcel, const std::string& error, Moment now) {
    auto& receiver = book.receivers[parcel.delivery];
    receiver.pause = first_pause;
    for (std::size_t i = 0; i < receiver.failures && receiver.pause < longest_pause; ++i) {
        receiver.pause *= 2;
    }
    receiver.pause = std::min(receiver.pause, longest_pause);
    ++receiver.failures;
    receiver.error = error;
    receiver.at = now;
    note_attempt(book, parcel, error);
}

}  // namespace caisson::alerts

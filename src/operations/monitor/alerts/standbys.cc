// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/standbys.h"

#include <algorithm>

namespace caisson::alerts {
namespace {

/// Names that come and go must not make the book grow for ever.
constexpr std::size_t most_names = 100;

void see(Standby& standby, std::size_t connected, const Step& step, milliseconds settle) {
    standby.connected = connected;
    if (connected >= standby.expected) {
        standby.seen = step.now;
    }
    if (connected <= standby.expected) {
        standby.more = 0;
        standby.more_for = milliseconds(0);
        return;
    }
    // As many as were there all the while.
    const bool is_new = standby.more == 0 || !step.is_continuous;
    standby.more_for = is_new ? milliseconds(0) : standby.more_for + step.elapsed;
    standby.more = is_new ? connected : std::min(standby.more, connected);
    if (standby.more_for >= settle) {
        standby.expected = standby.more;
        standby.more = 0;
        standby.more_for = milliseconds(0);
    }
}

}  // namespace

void see_standbys(Book& book, const monitor::Sample& sample, const Step& step,
                  milliseconds settle) {
    const auto read = sample.read_at.find("replication");
    if (read == sample.read_at.end() || read->second != sample.at ||
        monitor::unknown_of(sample, "replication.connected")) {
        return;
    }
    if (monitor::value_of(sample, "server.standby") == 1) {
        book.standbys.clear();
        return;
    }
    std::map<std::string, std::size_t> connected;
    for (const auto* const reading : monitor::series_of(sample, "replication.connected")) {
        connected[std::string(monitor::label_of(reading->labels, "application_name"))] +=
            static_cast<std::size_t>(std::max(0.0, reading->value));
    }
    for (const auto& [name, number] : connected) {
        if (number > 0 && book.standbys.size() < most_names) {
            book.standbys.try_emplace(name);
        }
    }
    for (auto& [name, standby] : book.standbys) {
        const auto found = connected.find(name);
        see(standby, found == connected.end() ? 0 : found->second, step, settle);
    }
    std::erase_if(book.standbys, [](const auto& each) {
        return each.second.expected == 0 && each.second.connected == 0;
    });
}

bool is_missing(const Book& book, std::string_view application_name) {
    const auto found = book.standbys.find(std::string(application_name));
    return found != book.standbys.end() && found->second.connected < found->second.expected;
}

void forget_standbys(Book& book, const std::map<std::string, Moment>& gone) {
    for (const auto& [name, at] : gone) {
        const auto found = book.standbys.find(name);
        if (found != book.standbys.end() && is_missing(book, name) && found->second.seen <= at) {
            found->second.expected = found->second.connected;
        }
    }
    std::erase_if(book.standbys, [](const auto& each) {
        return each.second.expected == 0 && each.second.connected == 0;
    });
}

}  // namespace caisson::alerts

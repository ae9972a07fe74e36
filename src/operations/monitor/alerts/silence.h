// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// When nobody is told: silences that somebody asked for, windows that come again and again,
/// maintenance. Alerts are judged all the same, and told afterwards if they still hold. Pure.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/moment.h"
#include "platform/alerting.h"

namespace caisson::alerts {

struct Silence {
    std::string id{};
    std::vector<std::string> rules{};  ///< Empty: all of them, that is maintenance.
    Moment from{};
    Moment until{};
    std::string reason{};
    std::string by{};
};

/// What people have asked the daemon for, in a file of their own: `monitor silence` and `monitor
/// alerts --acknowledge` write it, the daemon reads it.
struct Orders {
    std::vector<Silence> silences{};
    /// Ids of pages, and how often each had been renewed when it was said.
    std::map<std::string, std::size_t> acknowledged{};
    /// Standbys by application_name, and when somebody said that they are gone.
    std::map<std::string, Moment> gone{};
};

std::string to_text(const Orders& orders);
/// None of what is no such text.
Orders parse_orders(std::string_view text);
/// Without silences that ended, and standbys that went, more than a day ago.
Orders without_old(Orders orders, Moment now);

/// Why a rule is silent now; empty when it is not.
std::string silent_because(const std::string& rule, const Orders& orders,
                           const std::vector<platform::SilenceWindow>& windows, Moment now);

}  // namespace caisson::alerts

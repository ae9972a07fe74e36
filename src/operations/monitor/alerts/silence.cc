// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/silence.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "platform/cron.h"

namespace caisson::alerts {
namespace {

bool concerns(const std::vector<std::string>& rules, const std::string& rule) {
    return rules.empty() || std::ranges::find(rules, rule) != rules.end();
}

Moment moment_in(const boost::json::object& object, std::string_view key) {
    return parse_moment(std::string_view(object.at(key).as_string())).value_or(Moment{});
}

}  // namespace

std::string to_text(const Orders& orders) {
    boost::json::array silences;
    for (const auto& each : orders.silences) {
        silences.push_back({{"id", each.id},
                            {"rules", boost::json::array(each.rules.begin(), each.rules.end())},
                            {"from", timestamp(each.from)},
                            {"until", timestamp(each.until)},
                            {"reason", each.reason},
                            {"by", each.by}});
    }
    boost::json::object gone;
    for (const auto& [name, at] : orders.gone) {
        gone[name] = timestamp(at);
    }
    boost::json::object acknowledged;
    for (const auto& [page, renewals] : orders.acknowledged) {
        acknowledged[page] = renewals;
    }
    return boost::json::serialize(boost::json::object{{"silences", std::move(silences)},
                                                      {"gone", std::move(gone)},
                                                      {"acknowledged", std::move(acknowledged)}}) +
           "\n";
}

Orders parse_orders(std::string_view text) {
    Orders orders;
    try {
        const auto document = boost::json::parse(text);
        for (const auto& value : document.at("silences").as_array()) {
            const auto& object = value.as_object();
            Silence silence;
            silence.id = object.at("id").as_string().c_str();
            for (const auto& rule : object.at("rules").as_array()) {
                silence.rules.emplace_back(rule.as_string());
            }
            silence.from = moment_in(object, "from");
            silence.until = moment_in(object, "until");
            silence.reason = object.at("reason").as_string().c_str();
            silence.by = object.at("by").as_string().c_str();
            orders.silences.push_back(std::move(silence));
        }
        const auto& acknowledged = document.at("acknowledged");
        if (acknowledged.is_array()) {  // Of the version before, which renewed none.
            for (const auto& page : acknowledged.as_array()) {
                orders.acknowledged[std::string(page.as_string())] = 0;
            }
        } else {
            for (const auto& page : acknowledged.as_object()) {
                orders.acknowledged[std::string(page.key())] =
                    page.value().to_number<std::size_t>();
            }
        }
        if (const auto* const gone = document.as_object().if_contains("gone")) {
            for (const auto& each : gone->as_object()) {
                orders.gone[std::string(each.key())] = moment_in(gone->as_object(), each.key());
            }
        }
    } catch (const std::exception&) {
        return {};
    }
    return orders;
}

Orders without_old(Orders orders, Moment now) {
    std::erase_if(orders.silences,
                  [&](const Silence& each) { return each.until + std::chrono::hours(24) < now; });
    std::erase_if(orders.gone,
                  [&](const auto& each) { return each.second + std::chrono::hours(24) < now; });
    return orders;
}

std::string silent_because(const std::string& rule, const Orders& orders,
                           const std::vector<platform::SilenceWindow>& windows, Moment now) {
    for (const auto& each : orders.silences) {
        if (concerns(each.rules, rule) && each.from <= now && now < each.until) {
            return each.reason.empty() ? "silenced" : each.reason;
        }
    }
    for (const auto& each : windows) {
        const auto cron = platform::Cron::parse(each.at);
        if (cron && concerns(each.rules, rule) && now < cron->last(now) + each.lasts) {
            return each.reason;
        }
    }
    return {};
}

}  // namespace caisson::alerts

// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/selftest/receiver.h"

#include <algorithm>

#include <boost/json/parse.hpp>

#include "base/crypto.h"
#include "operations/monitor/alerts/message.h"

namespace caisson::selftest {

Receiver::Receiver(std::string secret) : secret_(std::move(secret)) {
    server_ = std::make_unique<http::Server>(
        http::Options{}, std::vector{http::slow("POST", "/alerts", [this](const auto& request) {
            return take(request);
        })});
}

http::Response Receiver::take(const http::Request& request) {
    const auto expected = alerts::signature_of(
        secret_, std::string(request.header("X-Caisson-Timestamp")), request.body);
    const std::scoped_lock lock(mutex_);
    if (!equal_in_constant_time(request.header("X-Caisson-Signature"), expected)) {
        ++forged_;
        return {.status = 401, .body = "{}"};
    }
    const auto body = boost::json::parse(request.body);
    for (const auto& page : body.at("pages").as_array()) {
        const std::string id = page.at("page").as_string().c_str();
        if (page.at("kind").as_string() == "resolved") {
            resolved_.push_back(id);
            continue;
        }
        for (const auto& alert : page.at("alerts").as_array()) {
            if (alert.at("state").as_string() == "firing") {
                firing_[id].emplace_back(alert.at("rule").as_string());
            }
        }
    }
    return {.status = 200, .body = "{}"};
}

std::string Receiver::fired(const std::string& rule) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& [page, rules] : firing_) {
        if (std::ranges::find(rules, rule) != rules.end()) {
            return page;
        }
    }
    return {};
}

bool Receiver::is_resolved(const std::string& page) const {
    const std::scoped_lock lock(mutex_);
    return std::ranges::find(resolved_, page) != resolved_.end();
}

std::size_t Receiver::forged() const {
    const std::scoped_lock lock(mutex_);
    return forged_;
}

void Receiver::forget() {
    const std::scoped_lock lock(mutex_);
    firing_.clear();
    resolved_.clear();
}

}  // namespace caisson::selftest

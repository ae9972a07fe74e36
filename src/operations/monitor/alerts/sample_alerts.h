// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// For tests: samples by hand, and time that passes as the test says.

#include <string>

#include "operations/monitor/alerts/notify.h"
#include "operations/monitor/sample/catalogue.h"

namespace caisson::alerts {

/// A book that is judged again and again.
class Clockwork {
 public:
    Clockwork() { alerting.wait = milliseconds(0); }

    /// One sample later. `elapsed` passes on the clock that does not jump, `wall` on the other.
    void judge(const monitor::Sample& given, milliseconds elapsed = std::chrono::seconds(30),
               bool is_continuous = true) {
        auto sample = given;
        sample.finish();
        for (const auto& row : monitor::catalogue()) {  // All was read but what a test says.
            if (given.read_at.empty()) {
                sample.read_at.try_emplace(std::string(row.group), sample.at);
            }
        }
        now += std::chrono::floor<std::chrono::seconds>(elapsed);
        const Step step{now, elapsed, is_continuous};
        evaluate(book, rules, sample, step, [this] { return next_id(); });
        notify(book, {rules, alerting, orders, "shop", "production", "https://x/alerts.md"}, step,
               [this] { return next_id(); });
    }
    /// As a restart does: only what the text holds remains.
    void restart() { book = parse_book(to_text(book)).value(); }
    /// Everything in the outbox arrives: "firing locks_blocked to log".
    std::vector<std::string> deliver() {
        std::vector<std::string> told;
        for (const auto& message : book.outbox) {
            told.push_back(message.kind + " " + message.rule + " to " + message.delivery);
        }
        book.outbox.clear();
        return told;
    }
    const Alert* alert(std::string_view rule) const {
        for (const auto& each : book.alerts) {
            if (each.rule == rule && each.state != State::resolved) {
                return &each;
            }
        }
        return nullptr;
    }
    std::string state(std::string_view rule) const {
        const auto* const found = alert(rule);
        return !found ? "fine"
                      : (found->is_unknown ? "unknown, was " : "") +
                            std::string(text_of(found->state));
    }
    Rule& rule(std::string_view name) {
        for (auto& each : rules) {
            if (each.name == name) {
                return each;
            }
        }
        throw std::out_of_range(std::string(name));
    }

    std::string next_id() { return "id" + std::to_string(++ids_); }

    Book book;
    std::vector<Rule> rules = default_rules();
    platform::Alerting alerting;
    Orders orders;
    Moment now = *parse_moment("2026-11-27T12:00:00Z");

 private:
    int ids_ = 0;
};

/// A sample with one reading.
inline monitor::Sample reading(std::string_view metric, double value, monitor::Labels labels = {}) {
    monitor::Sample sample;
    sample.add(metric, value, std::move(labels));
    return sample;
}
inline monitor::Sample unknown(const std::string& what) {
    monitor::Sample sample;
    sample.unknowns.push_back({what, {}, "timeout"});
    return sample;
}

}  // namespace caisson::alerts

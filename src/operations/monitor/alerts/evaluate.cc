// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/evaluate.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "operations/monitor/alerts/standbys.h"
#include "operations/monitor/sample/catalogue.h"
#include "operations/monitor/sample/derive.h"

namespace caisson::alerts {
namespace {

std::string group_of(std::string_view what) { return std::string(what.substr(0, what.find('.'))); }

class Evaluation {
 public:
    Evaluation(Book& book, const std::vector<Rule>& rules, const monitor::Sample& sample,
               const Step& step, const NewId& new_id)
        : book_(book), rules_(rules), sample_(sample), step_(step), new_id_(new_id) {}

    void judge() {
        count_unread();
        const auto missing = std::ranges::find(rules_, standbys_missing, &Rule::metric);
        if (missing != rules_.end()) {
            see_standbys(book_, sample_, step_, missing->settle);
        } else {
            book_.standbys.clear();  // Nobody is expected.
        }
        book_.unknown.clear();
        for (const auto& rule : rules_) {
            judge(rule);
        }
        // Rules that are no more take their alerts with them.
        for (auto& alert : book_.alerts) {
            if (alert.state != State::resolved && !find_rule(rules_, alert.rule)) {
                resolve(alert);
            }
        }
        std::erase_if(book_.alerts, [](const Alert& alert) { return alert.id.empty(); });
        book_.at = step_.now;
    }

 private:
    struct Read {
        monitor::Labels labels;
        double value;
    };

    void count_unread() {
        std::set<std::string> groups;
        for (const auto& unknown : sample_.unknowns) {
            const auto group = group_of(unknown.what);
            if (std::ranges::count(monitor::essential_groups(), group) > 0) {
                groups.insert(group);
            }
        }
        std::erase_if(book_.unread, [&](const auto& each) { return !groups.contains(each.first); });
        for (const auto& group : groups) {
            // The first time it is missing it has been so for no time that we know of.
            const auto [found, is_new] = book_.unread.try_emplace(group, 0);
            found->second += is_new ? milliseconds(0) : step_.elapsed;
        }
    }

    std::vector<Read> readings_of(const Rule& rule) const {
        std::vector<Read> readings;
        if (rule.metric == "monitor.unread") {
            for (const auto& [group, time] : book_.unread) {
                readings.push_back({{{"group", group}}, double(time.count()) / 1e3});
            }
            return readings;
        }
        if (rule.metric == standbys_missing) {
            for (const auto& [name, standby] : book_.standbys) {
                if (standby.expected > 0 && !monitor::unknown_of(sample_, rule.metric)) {
                    const auto missing =
                        standby.expected - std::min(standby.expected, standby.connected);
                    readings.push_back({{{"application_name", name}}, double(missing)});
                }
            }
            return readings;
        }
        for (const auto* const reading : monitor::series_of(sample_, rule.metric)) {
            const bool fits = std::ranges::all_of(rule.labels, [&](const auto& wanted) {
                return monitor::label_of(reading->labels, wanted.first) == wanted.second;
            });
            if (fits) {
                const auto same = std::ranges::find(readings, reading->labels, &Read::labels);
                if (same == readings.end()) {
                    readings.push_back({reading->labels, reading->value});
                } else {  // Two that cannot be told apart are as bad as the worse of them.
                    same->value = rule.below ? std::min(same->value, reading->value)
                                             : std::max(same->value, reading->value);
                }
            }
        }
        return readings;
    }

    void judge(const Rule& rule) {
        const auto readings = readings_of(rule);
        for (const auto& reading : readings) {
            judge(rule, reading);
        }
        const auto* const unknown = monitor::unknown_of(sample_, rule.metric);
        if (unknown && readings.empty()) {
            book_.unknown[rule.name] = unknown->why;
        }
        for (auto& alert : book_.alerts) {
            if (alert.rule == rule.name && alert.state != State::resolved &&
                std::ranges::none_of(readings, [&](const Read& reading) {
                    return reading.labels == alert.labels;
                })) {
                miss(rule, alert);
            }
        }
    }

    Alert* find(const Rule& rule, const monitor::Labels& labels) {
        const auto found = std::ranges::find_if(book_.alerts, [&](const Alert& alert) {
            return alert.rule == rule.name && alert.labels == labels &&
                   alert.state != State::resolved && !alert.id.empty();
        });
        return found == book_.alerts.end() ? nullptr : &*found;
    }

    void judge(const Rule& rule, const Read& reading) {
        auto* alert = find(rule, reading.labels);
        const bool fires = alert && alert->state == State::firing;
        const auto level =
            level_of(rule, reading.value, fires ? std::optional(alert->level) : std::nullopt);
        if (!alert && !level) {
            return;
        }
        if (!alert) {
            book_.alerts.push_back({.id = new_id_(),
                                    .rule = rule.name,
                                    .labels = reading.labels,
                                    .worst = reading.value,
                                    .began = step_.now,
                                    .cause = rule.name});
            alert = &book_.alerts.back();
        } else if (alert->state == State::pending && step_.is_continuous && level &&
                   !alert->is_unknown) {
            alert->bad += step_.elapsed;
        }
        if (alert->is_unknown) {
            alert->is_unknown = false;
            alert->why.clear();
            ++alert->version;
        }
        alert->value = reading.value;
        alert->worst = rule.below ? std::min(alert->worst, reading.value)
                                  : std::max(alert->worst, reading.value);
        if (alert->state == State::firing) {
            alert->firing += step_.elapsed;
        }
        if (!level) {
            mend(rule, *alert);
            return;
        }
        alert->good = milliseconds(0);
        if (const auto who = monitor::witness_of(sample_, rule.metric, reading.labels);
            !who.empty()) {
            alert->who = who;
        }
        if (alert->state == State::firing && *level != alert->level) {
            ++alert->version;
        }
        alert->level = *level;
        alert->threshold = threshold_of(rule, *level);
        if (alert->state == State::pending && alert->bad >= rule.hold) {
            alert->state = State::firing;
            alert->fired = step_.now;
            ++alert->version;
        }
    }

    /// The value is good.
    void mend(const Rule& rule, Alert& alert) {
        if (alert.state == State::pending) {
            alert.id.clear();  // Nobody has heard of it.
            return;
        }
        alert.good += step_.is_continuous ? step_.elapsed : milliseconds(0);
        if (alert.good >= rule.stay) {
            resolve(alert);
        }
    }

    /// There is no value.
    void miss(const Rule& rule, Alert& alert) {
        if (alert.state == State::firing) {
            alert.firing += step_.elapsed;
        }
        const auto why = why_missing(rule, alert);
        if (why.empty()) {
            mend(rule, alert);  // What it was about is no more.
            return;
        }
        if (!alert.is_unknown) {
            alert.is_unknown = true;
            ++alert.version;
        }
        alert.why = why;
    }

    /// What is not there is no more only where somebody has looked: why nobody did; empty: they
    /// did.
    std::string why_missing(const Rule& rule, const Alert& alert) const {
        if (rule.metric == "monitor.unread") {
            return "";  // It is counted here.
        }
        if (const auto* const unknown = monitor::unknown_of(sample_, rule.metric, alert.labels)) {
            return unknown->why;
        }
        // Figures of a standby that is gone are not better for that.
        if (rule.metric.starts_with("replication.") && rule.metric != standbys_missing &&
            is_missing(book_, monitor::label_of(alert.labels, "application_name"))) {
            return "the standby is not connected";
        }
        const auto group = group_of(rule.metric);
        if (!sample_.read_at.contains(group)) {
            return group + " was not read";
        }
        if (!monitor::is_derived(rule.metric)) {
            return "";
        }
        const auto whose = std::string(monitor::label_of(alert.labels, "datname"));
        const auto gap = std::ranges::find_if(sample_.gaps, [&](const monitor::Gap& each) {
            return each.what.empty() || each.what == group || each.what == group + " " + whose;
        });
        return gap == sample_.gaps.end() ? "" : gap->why;
    }

    void resolve(Alert& alert) {
        if (alert.state == State::pending) {
            alert.id.clear();
            return;
        }
        alert.state = State::resolved;
        alert.is_unknown = false;
        alert.ended = step_.now;
        ++alert.version;
    }

    Book& book_;
    const std::vector<Rule>& rules_;
    const monitor::Sample& sample_;
    const Step& step_;
    const NewId& new_id_;
};

}  // namespace

void evaluate(Book& book, const std::vector<Rule>& rules, const monitor::Sample& sample,
              const Step& step, const NewId& new_id, bool keeps_records) {
    const auto waits = [&](const Alert& alert) {
        return std::ranges::any_of(book.outbox, [&](const Message& message) {
            return std::ranges::count(message.alerts, alert.id) > 0;
        });
    };
    // A record says who was told at last.
    std::erase_if(book.alerts, [&](const Alert& alert) {
        return alert.state == State::resolved &&
               (!keeps_records || (alert.recorded == alert.version && !waits(alert)));
    });
    // A table that takes no records must not make the book grow for ever.
    constexpr std::size_t most = 2'000;
    if (book.alerts.size() > most) {
        std::erase_if(book.alerts,
                      [](const Alert& alert) { return alert.state == State::resolved; });
    }
    Evaluation(book, rules, sample, step, new_id).judge();
}

}  // namespace caisson::alerts

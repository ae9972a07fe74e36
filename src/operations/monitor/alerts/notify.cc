// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/notify.h"

#include <algorithm>
#include <set>

#include "operations/monitor/alerts/message.h"

namespace caisson::alerts {
namespace {

/// Whether two alerts may be about the same thing: no label that both have is another one.
bool are_alike(const monitor::Labels& one, const monitor::Labels& other) {
    return std::ranges::all_of(one, [&](const auto& label) {
        const auto same = std::ranges::find_if(
            other, [&](const auto& each) { return each.first == label.first; });
        return same == other.end() || same->second == label.second;
    });
}

bool fires(const Book& book, std::string_view rule, const monitor::Labels& labels) {
    return std::ranges::any_of(book.alerts, [&](const Alert& alert) {
        return alert.rule == rule && alert.state == State::firing &&
               are_alike(alert.labels, labels);
    });
}

class Notification {
 public:
    Notification(Book& book, const Circumstances& circumstances, const Step& step,
                 const NewId& new_id)
        : book_(book),
          circumstances_(circumstances),
          step_(step),
          new_id_(new_id),
          deliveries_(deliveries_of(circumstances.alerting)) {}

    void notify() {
        find_causes();
        open_pages();
        for (auto& page : book_.pages) {
            page.open += step_.elapsed;
            page.since_told += step_.elapsed;
            acknowledge(page);
            tell(page);
        }
        close_pages();
        remember_told();
        limit_outbox();
        // What nobody receives any more is not kept.
        std::erase_if(book_.outbox, [&](const Message& message) {
            return std::ranges::find(deliveries_, message.delivery,
                                     &platform::AlertDelivery::name) == deliveries_.end();
        });
    }

 private:
    void find_causes() {
        for (auto& alert : book_.alerts) {
            if (alert.state != State::firing) {
                continue;
            }
            const auto cause = cause_of(alert, book_, circumstances_.rules);
            if (cause != alert.cause) {
                alert.cause = cause;
                ++alert.version;
            }
        }
    }

    void acknowledge(Page& page) {
        if (page.is_acknowledged || !is_acknowledged(page, circumstances_.orders)) {
            return;
        }
        page.is_acknowledged = true;
        for (auto& alert : book_.alerts) {
            if (alert.cause == page.rule && alert.state == State::firing) {
                alert.acknowledged = step_.now;
                ++alert.version;
            }
        }
    }

    bool is_silent(const Alert& alert) const {
        return !silent_because(alert.rule, circumstances_.orders, circumstances_.alerting.silences,
                               step_.now)
                    .empty();
    }

    /// The alerts of a page that may be told of.
    std::vector<const Alert*> voices(const Page& page) const {
        std::vector<const Alert*> found;
        for (const auto& alert : book_.alerts) {
            if (alert.state == State::firing && alert.cause == page.rule && !is_silent(alert)) {
                found.push_back(&alert);
            }
        }
        return found;
    }

    void open_pages() {
        for (const auto& alert : book_.alerts) {
            if (alert.state != State::firing || is_silent(alert) ||
                std::ranges::find(book_.pages, alert.cause, &Page::rule) != book_.pages.end()) {
                continue;
            }
            // What comes back is new, unless those who were told still take it for open.
            const auto unheard = std::ranges::find_if(book_.outbox, [&](const Message& each) {
                return each.rule == alert.cause && each.kind == "resolved" &&
                       !circumstances_.orders.acknowledged.contains(each.page);
            });
            book_.pages.push_back({.id = unheard == book_.outbox.end() ? new_id_() : unheard->page,
                                   .rule = alert.cause,
                                   .level = alert.level,
                                   .opened = step_.now,
                                   .open = -step_.elapsed,
                                   .since_told = -step_.elapsed});
        }
    }

    std::vector<platform::EscalationStep> steps() const {
        if (!circumstances_.alerting.escalation.empty()) {
            return circumstances_.alerting.escalation;
        }
        platform::EscalationStep all;
        for (const auto& delivery : deliveries_) {
            all.to.push_back(delivery.name);
        }
        return {all};
    }

    bool takes(const std::string& name, Level level) const {
        const auto delivery = std::ranges::find(deliveries_, name, &platform::AlertDelivery::name);
        return delivery != deliveries_.end() && level >= delivery->level;
    }

    void tell(Page& page) {
        const auto alerts = voices(page);
        if (alerts.empty()) {
            return;
        }
        Level level = Level::warning;
        for (const auto* const alert : alerts) {
            level = std::max(level, alert->level);
        }
        if (!page.is_told) {
            page.level = level;
            if (page.open < circumstances_.alerting.wait) {
                return;
            }
        }
        const bool is_worse = page.is_told && level > page.level;
        const bool is_more = page.is_told && has_news(page, alerts) &&
                             page.since_told >= circumstances_.alerting.wait;
        page.level = level;
        if (is_worse || is_more) {  // Whoever has it in hand may not know of this.
            page.is_acknowledged = false;
            ++page.renewals;
        }
        escalate(page, is_worse);
        if (is_worse || is_more) {
            send_to_all(page, is_worse ? "worse" : "more");
        } else if (page.is_told && has_lost(page)) {
            send_to_all(page, "less");
        } else if (page.is_told && !page.is_acknowledged &&
                   page.since_told >= circumstances_.alerting.repeat) {
            send_to_all(page, "still");
        }
    }

    bool is_grave(const Alert& alert) const {
        const auto* const rule = find_rule(circumstances_.rules, alert.rule);
        return rule && rule->is_grave;
    }

    /// Another object of the page's own rule, or something grave. Consequences are only listed.
    bool has_news(const Page& page, const std::vector<const Alert*>& alerts) const {
        return std::ranges::any_of(alerts, [&](const Alert* alert) {
            return !alert->is_announced && (alert->rule == page.rule || is_grave(*alert));
        });
    }

    /// Something grave that was told is over, and the page is not.
    bool has_lost(const Page& page) const {
        return std::ranges::any_of(book_.alerts, [&](const Alert& alert) {
            return alert.state == State::resolved && alert.cause == page.rule &&
                   alert.is_announced && is_grave(alert);
        });
    }

    /// Those whose time has come and who do not know yet. Who has acknowledged it has it in hand.
    void escalate(Page& page, bool is_worse) {
        const auto plan = steps();
        std::size_t taken = 0;
        for (const auto& each : plan) {
            if (page.open < each.after ||
                (page.is_acknowledged && each.after > milliseconds(0) && !is_worse)) {
                continue;
            }
            ++taken;
            if (page.level < each.level) {
                continue;
            }
            for (const auto& name : each.to) {
                if (takes(name, page.level) &&
                    std::ranges::find(page.told, name) == page.told.end()) {
                    send(page, name, page.steps == 0 || !page.is_told ? "firing" : "escalated");
                    page.told.push_back(name);
                }
            }
        }
        page.steps = std::max(page.steps, taken);
        if (!page.is_told && !page.told.empty()) {
            page.is_told = true;
            page.since_told = milliseconds(0);
        }
    }

    void send_to_all(Page& page, const std::string& kind) {
        for (const auto& name : page.told) {
            if (!sent_.contains({page.id, name})) {
                send(page, name, kind);
            }
        }
        page.since_told = milliseconds(0);
    }

    void send(const Page& page, const std::string& delivery, const std::string& kind) {
        const auto waiting = std::ranges::find_if(book_.outbox, [&](const Message& each) {
            return each.page == page.id && each.delivery == delivery;
        });
        // Who has not heard yet that it fires, or is worse, is not told of a part of it only.
        const bool is_part = kind == "less" || (kind == "more" && waiting != book_.outbox.end() &&
                                                waiting->kind != "still");
        const bool is_whole = is_part && waiting != book_.outbox.end() && waiting->kind != "less" &&
                              waiting->kind != "resolved";
        auto message =
            message_of(page, is_whole ? waiting->kind : kind, book_, circumstances_, step_.now);
        message.id = new_id_();
        message.delivery = delivery;
        sent_.emplace(page.id, delivery);
        if (kind != "escalated") {  // Which only those hear who knew nothing of the page.
            told_.insert(message.alerts.begin(), message.alerts.end());
        }
        if (waiting != book_.outbox.end()) {
            *waiting = std::move(message);
        } else {
            book_.outbox.push_back(std::move(message));
        }
    }

    /// Once all messages of this step are made: each begins with what is new in it.
    void remember_told() {
        for (auto& alert : book_.alerts) {
            if (told_.contains(alert.id)) {
                alert.is_announced = alert.state == State::firing;
            }
        }
    }

    /// The oldest make way; one message says how many there were.
    void limit_outbox() {
        constexpr std::size_t most = 200;
        for (const auto& delivery : deliveries_) {
            const auto is_of = [&](const Message& each) { return each.delivery == delivery.name; };
            auto waiting = static_cast<std::size_t>(std::ranges::count_if(book_.outbox, is_of));
            if (waiting <= most) {
                continue;
            }
            waiting -= std::erase_if(book_.outbox, [&](const Message& each) {
                return is_of(each) && each.page.empty();
            });
            auto& left_out = book_.receivers[delivery.name].left_out;
            std::erase_if(book_.outbox, [&](const Message& each) {
                const bool goes = is_of(each) && waiting >= most;
                waiting -= goes ? 1 : 0;
                left_out += goes ? 1 : 0;
                return goes;
            });
            auto message = left_out_message(left_out, circumstances_, step_.now);
            message.id = new_id_();
            message.delivery = delivery.name;
            book_.outbox.push_back(std::move(message));
        }
    }

    /// A page is over when nothing of its rule fires, and nothing that it is the cause of. Where
    /// all that is left is silent, nothing is told; it is not over either.
    void close_pages() {
        std::erase_if(book_.pages, [&](Page& page) {
            const bool holds = std::ranges::any_of(book_.alerts, [&](const Alert& alert) {
                return alert.state == State::firing &&
                       (alert.cause == page.rule || alert.rule == page.rule);
            });
            if (holds) {
                return false;
            }
            for (const auto& name : page.told) {
                send(page, name, "resolved");
            }
            return true;
        });
    }

    Book& book_;
    const Circumstances& circumstances_;
    const Step& step_;
    const NewId& new_id_;
    std::vector<platform::AlertDelivery> deliveries_;
    std::set<std::string> told_;  ///< Ids of alerts that a message of this step tells of.
    std::set<std::pair<std::string, std::string>> sent_;  ///< Pages and deliveries of this step.
};

}  // namespace

std::vector<platform::AlertDelivery> deliveries_of(const platform::Alerting& alerting) {
    if (!alerting.deliveries.empty()) {
        return alerting.deliveries;
    }
    platform::AlertDelivery log;
    log.name = "log";
    log.log = true;
    return {log};
}

std::string cause_of(const Alert& alert, const Book& book, const std::vector<Rule>& rules) {
    std::string name = alert.rule;
    std::set<std::string> seen{name};
    for (;;) {
        const auto* const rule = find_rule(rules, name);
        if (!rule) {
            return name;
        }
        const auto cause = std::ranges::find_if(rule->causes, [&](const std::string& each) {
            return !seen.contains(each) && fires(book, each, alert.labels);
        });
        if (cause == rule->causes.end()) {
            return name;
        }
        name = *cause;
        seen.insert(name);
    }
}

bool is_acknowledged(const Page& page, const Orders& orders) {
    const auto found = orders.acknowledged.find(page.id);
    return page.is_acknowledged ||
           (found != orders.acknowledged.end() && found->second >= page.renewals);
}

void notify(Book& book, const Circumstances& circumstances, const Step& step, const NewId& new_id) {
    Notification(book, circumstances, step, new_id).notify();
}

}  // namespace caisson::alerts

// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/message.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/crypto.h"
#include "base/hmac.h"
#include "base/json.h"
#include "base/text.h"
#include "operations/monitor/alerts/first_step.h"

namespace caisson::alerts {
namespace {

/// More are counted and not told one by one.
constexpr std::size_t most_alerts = 20;

boost::json::object json_of(const Alert& alert, const Rule* rule, const std::string& pages) {
    return {{"id", alert.id},
            {"rule", alert.rule},
            {"state", text_of(alert.state)},
            {"unknown", alert.is_unknown},
            {"level", text_of(alert.level)},
            {"summary", summary_of(rule, alert)},
            {"labels", monitor::json_of(alert.labels)},
            {"value", alert.value},
            {"threshold", alert.threshold},
            {"who", alert.who},
            {"began_at", timestamp(alert.began)},
            {"ended_at", alert.ended == Moment{} ? boost::json::value(nullptr)
                                                 : boost::json::value(timestamp(alert.ended))},
            {"do", first_step(alert.rule)},
            {"remedy", remedy_of(rule, pages)}};
}

std::string word_of(const std::string& kind, Level level) {
    return kind == "resolved" ? "resolved"
           : kind == "less"   ? "resolved in part"
                              : std::string(text_of(level));
}
std::string word_of(const Alert& alert) {
    return alert.state == State::resolved ? "resolved" : std::string(text_of(alert.level));
}

/// What a message is about comes first: what is new, or over; else the worst, of several the cause.
auto place_of(const Alert& alert, const Page& page, const std::string& kind) {
    const bool is_it = kind == "more"   ? !alert.is_announced
                       : kind == "less" ? alert.state == State::resolved
                                        : alert.state != State::resolved;
    return std::tuple(!is_it, -int(alert.level), alert.rule != page.rule);
}

}  // namespace

std::string summary_of(const Rule* rule, const Alert& alert) {
    std::vector<std::string> labels;
    for (const auto& [name, value] : alert.labels) {
        if (!value.empty()) {
            labels.push_back(value);
        }
    }
    auto text = rule ? rule->summary : alert.rule;
    const bool is_over = alert.state == State::resolved;  // The value is a good one then.
    text = replace_all(
        text, "{value}",
        value_text(rule ? rule->metric : std::string(), is_over ? alert.worst : alert.value));
    text = replace_all(text, labels.empty() ? " ({labels})" : "{labels}", join(labels, ", "));
    if (is_over) {
        return fmt::format("{}; over after {}", text, human(alert.ended - alert.began));
    }
    return alert.is_unknown ? text + ", when it could be read last" : text;
}

std::string remedy_of(const Rule* rule, const std::string& pages) {
    const auto page = rule ? rule->page : std::string();
    return page.starts_with("#") ? pages + page : page;
}

Message message_of(const Page& page, const std::string& kind, const Book& book,
                   const Circumstances& circumstances, Moment now) {
    std::vector<const Alert*> alerts;
    for (const auto& alert : book.alerts) {
        const bool is_past = alert.ended != Moment{} && alert.ended < page.opened;
        if (alert.cause == page.rule && alert.state != State::pending && !is_past) {
            alerts.push_back(&alert);
        }
    }
    std::ranges::stable_sort(alerts, [&](const Alert* a, const Alert* b) {
        return place_of(*a, page, kind) < place_of(*b, page, kind);
    });
    Message message;
    message.page = page.id;
    message.kind = kind;
    message.rule = page.rule;
    message.level = page.level;
    message.made = now;
    boost::json::array rows;
    std::vector<std::string> lines;
    for (const auto* const alert : alerts) {
        message.alerts.push_back(alert->id);
        if (rows.size() < most_alerts) {
            const auto* const rule = find_rule(circumstances.rules, alert->rule);
            const auto step = first_step(alert->rule);
            rows.push_back(json_of(*alert, rule, circumstances.pages));
            lines.push_back(
                fmt::format("- {}: {}, since {}{}{}\n  {}{}{}", word_of(*alert),
                            summary_of(rule, *alert), minute_text(alert->began),
                            alert->ended == Moment{} ? "" : " until " + minute_text(alert->ended),
                            alert->who.empty() ? "" : "\n  " + alert->who, step,
                            step.empty() ? "" : "\n  ", remedy_of(rule, circumstances.pages)));
        }
    }
    if (alerts.size() > most_alerts) {
        lines.push_back(fmt::format("- and {} more", alerts.size() - most_alerts));
    }
    const auto* const rule = find_rule(circumstances.rules, page.rule);
    const auto subject = fmt::format(
        "[{}] {} {}: {}{}", word_of(kind, page.level), circumstances.platform,
        circumstances.environment,
        alerts.empty()
            ? page.rule
            : summary_of(find_rule(circumstances.rules, alerts.front()->rule), *alerts.front()),
        alerts.size() > 1 ? fmt::format(" and {} more", alerts.size() - 1) : "");
    message.text = subject + "\n" + join(lines, "\n") + "\n";
    message.json = json_text(boost::json::object{{"page", page.id},
                                                 {"kind", kind},
                                                 {"platform", circumstances.platform},
                                                 {"environment", circumstances.environment},
                                                 {"rule", page.rule},
                                                 {"level", text_of(page.level)},
                                                 {"opened_at", timestamp(page.opened)},
                                                 {"acknowledged", page.is_acknowledged},
                                                 {"summary", subject},
                                                 {"alerts", std::move(rows)},
                                                 {"alerts_in_all", alerts.size()},
                                                 {"remedy", remedy_of(rule, circumstances.pages)}});
    return message;
}

Message test_message(const std::string& platform, const std::string& environment, Moment now) {
    const auto text =
        fmt::format("[test] {} {}: nothing is wrong; this shows that messages arrive here",
                    platform, environment);
    Message message;
    message.id = random_uuid();
    message.kind = "test";
    message.made = now;
    message.text = text + "\n";
    message.json = json_text(boost::json::object{{"page", ""},
                                                 {"kind", message.kind},
                                                 {"platform", platform},
                                                 {"environment", environment},
                                                 {"rule", ""},
                                                 {"level", text_of(message.level)},
                                                 {"summary", text}});
    return message;
}

Message left_out_message(std::size_t number, const Circumstances& circumstances, Moment now) {
    const auto text = fmt::format(
        "[warning] {} {}: and {} more messages, which were left out while nobody took them",
        circumstances.platform, circumstances.environment, number);
    Message message;
    message.kind = "left_out";
    message.made = now;
    message.text = text + "\n";
    message.json = json_text(boost::json::object{{"page", ""},
                                                 {"kind", message.kind},
                                                 {"platform", circumstances.platform},
                                                 {"environment", circumstances.environment},
                                                 {"rule", ""},
                                                 {"level", text_of(message.level)},
                                                 {"summary", text},
                                                 {"messages", number}});
    return message;
}

std::string id_of(const std::vector<Message>& messages) {
    if (messages.size() == 1) {
        return messages.front().id;
    }
    std::string ids;
    for (const auto& message : messages) {
        ids += message.id + "\n";
    }
    return sha256_hex(ids).substr(0, 32);
}

std::string body_of(const std::vector<Message>& messages) {
    std::vector<std::string> pages;
    for (const auto& message : messages) {
        // Made before the message had its id.
        pages.push_back(fmt::format(R"({{"message":"{}",{})", message.id, message.json.substr(1)));
    }
    return fmt::format(R"({{"version":1,"id":"{}","pages":[{}]}})", id_of(messages),
                       join(pages, ","));
}

Letter letter_of(const std::vector<Message>& messages) {
    Letter letter;
    for (const auto& message : messages) {
        const auto end = message.text.find('\n');
        if (letter.subject.empty()) {
            letter.subject = message.text.substr(0, end);
        }
        letter.text += message.text + "\n";
    }
    if (messages.size() > 1) {
        letter.subject += fmt::format(" and {} more messages", messages.size() - 1);
    }
    return letter;
}

std::string signature_of(const std::string& secret, const std::string& timestamp,
                         const std::string& body) {
    return "v1=" + hmac_sha256_hex(secret, timestamp + "." + body);
}

}  // namespace caisson::alerts

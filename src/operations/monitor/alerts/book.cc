// SPDX-License-Identifier: Apache-2.0
/// The book as text and back.
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "operations/monitor/alerts/alert.h"

namespace caisson::alerts {
namespace {

using boost::json::array;
using boost::json::object;

std::string text_in(const object& from, std::string_view key) {
    return from.at(key).as_string().c_str();
}
Moment moment_in(const object& from, std::string_view key) {
    return parse_moment(text_in(from, key)).value_or(Moment{});
}
milliseconds time_in(const object& from, std::string_view key) {
    return milliseconds(from.at(key).to_number<std::int64_t>());
}
Level level_in(const object& from) {
    return text_in(from, "level") == "critical" ? Level::critical : Level::warning;
}
std::size_t count_in(const object& from, std::string_view key) {
    return from.at(key).to_number<std::size_t>();
}

object json_of(const Alert& alert) {
    array labels;
    for (const auto& [name, value] : alert.labels) {
        labels.push_back(array{name, value});
    }
    return {{"id", alert.id},
            {"rule", alert.rule},
            {"labels", std::move(labels)},
            {"state", text_of(alert.state)},
            {"unknown", alert.is_unknown},
            {"why", alert.why},
            {"level", text_of(alert.level)},
            {"value", alert.value},
            {"worst", alert.worst},
            {"threshold", alert.threshold},
            {"who", alert.who},
            {"began", timestamp(alert.began)},
            {"fired", timestamp(alert.fired)},
            {"ended", timestamp(alert.ended)},
            {"acknowledged", timestamp(alert.acknowledged)},
            {"bad", alert.bad.count()},
            {"good", alert.good.count()},
            {"firing", alert.firing.count()},
            {"cause", alert.cause},
            {"announced", alert.is_announced},
            {"told", array(alert.told.begin(), alert.told.end())},
            {"attempts", alert.attempts},
            {"last_error", alert.last_error},
            {"version", alert.version},
            {"recorded", alert.recorded}};
}

Alert alert_in(const object& from) {
    Alert alert{.id = text_in(from, "id"), .rule = text_in(from, "rule")};
    for (const auto& label : from.at("labels").as_array()) {
        alert.labels.emplace_back(label.at(0).as_string().c_str(), label.at(1).as_string().c_str());
    }
    const auto state = text_in(from, "state");
    alert.state = state == "firing"     ? State::firing
                  : state == "resolved" ? State::resolved
                                        : State::pending;
    alert.is_unknown = from.at("unknown").as_bool();
    alert.why = text_in(from, "why");
    alert.level = level_in(from);
    alert.value = from.at("value").to_number<double>();
    alert.worst = from.contains("worst") ? from.at("worst").to_number<double>() : alert.value;
    alert.threshold = from.at("threshold").to_number<double>();
    alert.who = from.contains("who") ? text_in(from, "who") : std::string();
    alert.began = moment_in(from, "began");
    alert.fired = moment_in(from, "fired");
    alert.ended = moment_in(from, "ended");
    alert.acknowledged = moment_in(from, "acknowledged");
    alert.bad = time_in(from, "bad");
    alert.good = time_in(from, "good");
    alert.firing = time_in(from, "firing");
    alert.cause = text_in(from, "cause");
    if (from.contains("told")) {
        for (const auto& name : from.at("told").as_array()) {
            alert.told.emplace_back(name.as_string());
        }
        alert.attempts = count_in(from, "attempts");
        alert.last_error = text_in(from, "last_error");
    }
    // A book of before this was kept: all that fires was told, or is about to be.
    alert.is_announced =
        from.contains("announced") ? from.at("announced").as_bool() : alert.state == State::firing;
    alert.version = from.at("version").to_number<std::uint64_t>();
    alert.recorded = from.at("recorded").to_number<std::uint64_t>();
    return alert;
}

object json_of(const Page& page) {
    return {{"id", page.id},
            {"rule", page.rule},
            {"level", text_of(page.level)},
            {"opened", timestamp(page.opened)},
            {"open", page.open.count()},
            {"since_told", page.since_told.count()},
            {"is_told", page.is_told},
            {"acknowledged", page.is_acknowledged},
            {"renewals", page.renewals},
            {"told", array(page.told.begin(), page.told.end())},
            {"steps", page.steps}};
}

Page page_in(const object& from) {
    Page page{.id = text_in(from, "id"),
              .rule = text_in(from, "rule"),
              .level = level_in(from),
              .opened = moment_in(from, "opened"),
              .open = time_in(from, "open"),
              .since_told = time_in(from, "since_told"),
              .is_told = from.at("is_told").as_bool(),
              .is_acknowledged = from.at("acknowledged").as_bool()};
    for (const auto& name : from.at("told").as_array()) {
        page.told.emplace_back(name.as_string());
    }
    page.steps = count_in(from, "steps");
    page.renewals = from.contains("renewals") ? count_in(from, "renewals") : 0;
    return page;
}

object json_of(const Message& message) {
    return {{"id", message.id},
            {"delivery", message.delivery},
            {"page", message.page},
            {"kind", message.kind},
            {"rule", message.rule},
            {"level", text_of(message.level)},
            {"made", timestamp(message.made)},
            {"alerts", array(message.alerts.begin(), message.alerts.end())},
            {"json", message.json},
            {"text", message.text}};
}

Message message_in(const object& from) {
    Message message{.id = text_in(from, "id"),
                    .delivery = text_in(from, "delivery"),
                    .page = text_in(from, "page"),
                    .kind = text_in(from, "kind"),
                    .rule = text_in(from, "rule"),
                    .level = level_in(from),
                    .made = moment_in(from, "made"),
                    .json = text_in(from, "json"),
                    .text = text_in(from, "text")};
    if (const auto* const alerts = from.if_contains("alerts")) {
        for (const auto& id : alerts->as_array()) {
            message.alerts.emplace_back(id.as_string());
        }
    }
    return message;
}

object json_of(const Receiver& receiver) {
    return {{"failures", receiver.failures},   {"pause", receiver.pause.count()},
            {"delivered", receiver.delivered}, {"left_out", receiver.left_out},
            {"error", receiver.error},         {"at", timestamp(receiver.at)}};
}

object json_of(const Standby& standby) {
    return {{"expected", standby.expected},
            {"connected", standby.connected},
            {"more", standby.more},
            {"more_for", standby.more_for.count()},
            {"seen", timestamp(standby.seen)}};
}

Standby standby_in(const object& from) {
    return {.expected = count_in(from, "expected"),
            .connected = count_in(from, "connected"),
            .more = count_in(from, "more"),
            .more_for = time_in(from, "more_for"),
            .seen = moment_in(from, "seen")};
}

Book book_in(const object& from) {
    Book book;
    book.at = moment_in(from, "at");
    if (from.contains("boot")) {
        book.age = time_in(from, "age");
        book.boot = text_in(from, "boot");
    }
    for (const auto& each : from.at("alerts").as_array()) {
        book.alerts.push_back(alert_in(each.as_object()));
    }
    for (const auto& each : from.at("pages").as_array()) {
        book.pages.push_back(page_in(each.as_object()));
    }
    for (const auto& each : from.at("outbox").as_array()) {
        book.outbox.push_back(message_in(each.as_object()));
    }
    for (const auto& each : from.at("receivers").as_object()) {
        const auto& receiver = each.value().as_object();
        book.receivers[std::string(each.key())] = {
            .failures = count_in(receiver, "failures"),
            .pause = time_in(receiver, "pause"),
            .delivered = count_in(receiver, "delivered"),
            .left_out = receiver.contains("left_out") ? count_in(receiver, "left_out") : 0,
            .error = text_in(receiver, "error"),
            .at = moment_in(receiver, "at")};
    }
    for (const auto& each : from.at("unread").as_object()) {
        book.unread[std::string(each.key())] = milliseconds(each.value().to_number<std::int64_t>());
    }
    if (const auto* const standbys = from.if_contains("standbys")) {
        for (const auto& each : standbys->as_object()) {
            book.standbys[std::string(each.key())] = standby_in(each.value().as_object());
        }
    }
    for (const auto& each : from.at("unknown").as_object()) {
        book.unknown[std::string(each.key())] = each.value().as_string().c_str();
    }
    return book;
}

}  // namespace

std::string_view text_of(State state) {
    switch (state) {
        case State::pending:
            return "pending";
        case State::firing:
            return "firing";
        case State::resolved:
            return "resolved";
    }
    return "pending";
}

std::string to_text(const Book& book) {
    array alerts;
    for (const auto& each : book.alerts) {
        alerts.push_back(json_of(each));
    }
    array pages;
    for (const auto& each : book.pages) {
        pages.push_back(json_of(each));
    }
    array outbox;
    for (const auto& each : book.outbox) {
        outbox.push_back(json_of(each));
    }
    object receivers;
    for (const auto& [name, each] : book.receivers) {
        receivers[name] = json_of(each);
    }
    object unread;
    for (const auto& [name, time] : book.unread) {
        unread[name] = time.count();
    }
    object standbys;
    for (const auto& [name, each] : book.standbys) {
        standbys[name] = json_of(each);
    }
    object unknown;
    for (const auto& [name, why] : book.unknown) {
        unknown[name] = why;
    }
    return boost::json::serialize(object{{"at", timestamp(book.at)},
                                         {"age", book.age.count()},
                                         {"boot", book.boot},
                                         {"alerts", std::move(alerts)},
                                         {"pages", std::move(pages)},
                                         {"outbox", std::move(outbox)},
                                         {"receivers", std::move(receivers)},
                                         {"unread", std::move(unread)},
                                         {"standbys", std::move(standbys)},
                                         {"unknown", std::move(unknown)}}) +
           "\n";
}

std::optional<Book> parse_book(std::string_view text) {
    try {
        return book_in(boost::json::parse(text).as_object());
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

}  // namespace caisson::alerts

// SPDX-License-Identifier: Apache-2.0
// What is wrong, who was told, and when nobody is: monitor alerts, monitor silence.
#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "operations/monitor/alerts/deliver.h"
#include "operations/monitor/alerts/first_step.h"
#include "operations/monitor/alerts/message.h"
#include "operations/monitor/alerts/notify.h"
#include "operations/monitor/alerts/watch.h"
#include "platform/cron.h"
#include "platform/values.h"

namespace caisson::cli {
namespace {

using alerts::Alert;
using alerts::Book;

/// What was judged longer ago tells how things were, not how they are.
constexpr auto oldest_book = std::chrono::minutes(10);

alerts::Rules rules_for(Context& context) {
    auto made = alerts::rules_of(context.run().manifest.alerting);
    for (const auto& mistake : made.mistakes) {
        context.note(context.yellow("note: " + mistake));
    }
    return made;
}

/// The only one of these ids that begins so. Errors: usage.
std::string whole_id(const std::vector<std::string>& ids, const std::string& beginning,
                     std::string_view what) {
    std::vector<std::string> found;
    std::ranges::copy_if(ids, std::back_inserter(found),
                         [&](const std::string& id) { return id.starts_with(beginning); });
    if (found.size() != 1) {
        throw Error(Code::usage,
                    fmt::format("{} {} begins with {}", found.empty() ? "no" : "more than one",
                                what, beginning),
                    "caisson monitor alerts shows their ids");
    }
    return found.front();
}

void acknowledge(Context& context, const Book& book) {
    auto orders = alerts::without_old(alerts::read_orders(context.run()), moment_now());
    std::vector<std::string> ids;
    for (const auto& page : book.pages) {
        ids.push_back(page.id);
    }
    const auto id = whole_id(ids, context.arguments().value("--acknowledge"), "page");
    // Of pages that are no more nothing needs to be known.
    std::erase_if(orders.acknowledged, [&](const auto& each) {
        return std::ranges::find(ids, each.first) == ids.end();
    });
    orders.acknowledged[id] = std::ranges::find(book.pages, id, &alerts::Page::id)->renewals;
    if (!context.dry_run()) {
        alerts::write_orders(context.run(), orders);
    }
    context.print(fmt::format("{} {} is acknowledged", context.green("✓"), id.substr(0, 4)));
    context.result()["acknowledged"] = id;
}

boost::json::object json_of(const Alert& alert, const alerts::Rule* rule, const std::string& pages,
                            const std::string& silent) {
    return {{"id", alert.id},
            {"rule", alert.rule},
            {"cause", alert.cause},
            {"state", alert.is_unknown ? "unknown" : alerts::text_of(alert.state)},
            {"was", alerts::text_of(alert.state)},
            {"level", alerts::text_of(alert.level)},
            {"summary", alerts::summary_of(rule, alert)},
            {"labels", monitor::json_of(alert.labels)},
            {"value", alert.value},
            {"threshold", alert.threshold},
            {"who", alert.who},
            {"began_at", timestamp(alert.began)},
            {"silent", silent},
            {"do", alerts::first_step(alert.rule)},
            {"remedy", alerts::remedy_of(rule, pages)}};
}

/// Who has heard of a page, and who is to.
std::string told_text(const alerts::Page& page, const Book& book) {
    std::vector<std::string> told;
    std::vector<std::string> waiting;
    for (const auto& name : page.told) {
        const bool has_heard = std::ranges::any_of(book.alerts, [&](const Alert& alert) {
            return alert.cause == page.rule && std::ranges::count(alert.told, name) > 0;
        });
        (has_heard ? told : waiting).push_back(name);
    }
    return (told.empty() ? ", nobody told yet" : ", told " + join(told, ", ")) +
           (waiting.empty() ? "" : ", waits for " + join(waiting, ", "));
}

void print_page(Context& context, const alerts::Page& page, const Book& book) {
    context.print(fmt::format("{}  {}  since {}{}{}", context.bold(page.id.substr(0, 4)),
                              page.level == alerts::Level::critical ? context.red("critical")
                                                                    : context.yellow("warning "),
                              minute_text(page.opened), told_text(page, book),
                              page.is_acknowledged ? ", acknowledged" : ""));
}

void print_alert(Context& context, const Alert& alert, const alerts::Rule* rule,
                 const std::string& pages, const std::string& silent) {
    context.print(fmt::format("  {} {}{}",
                              alert.is_unknown ? "unknown" : alerts::text_of(alert.state),
                              alerts::summary_of(rule, alert),
                              silent.empty() ? "" : fmt::format(" (silent: {})", silent)));
    if (!alert.who.empty()) {
        context.print("          " + alert.who);
    }
    const auto step = alerts::first_step(alert.rule);
    context.print(context.dim(fmt::format("          {}{}{}", step, step.empty() ? "" : " → ",
                                          alerts::remedy_of(rule, pages))));
}

/// One marked message through a delivery, or all of them, now and as the daemon would send it.
Exit try_deliveries(Context& context, const std::string& wanted) {
    const auto& run = context.run();
    const auto all = alerts::deliveries_of(run.manifest.alerting);
    std::vector<std::string> names{"all"};
    for (const auto& delivery : all) {
        names.push_back(delivery.name);
    }
    if (std::ranges::find(names, wanted) == names.end()) {
        throw Error(Code::usage, fmt::format("there is no delivery {}", wanted),
                    "there are " + join(names, ", "));
    }
    bool holds = true;
    boost::json::array rows;
    for (const auto& delivery : all) {
        if (wanted != "all" && wanted != delivery.name) {
            continue;
        }
        std::string failure;
        if (context.dry_run()) {
            context.print("would send a test through " + delivery.name);
            continue;
        }
        try {
            alerts::deliver(
                alerts::destination_of(run, delivery),
                {alerts::test_message(run.manifest.name, run.environment.name, moment_now())});
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            failure = error.message();
        }
        holds = holds && failure.empty();
        context.print(failure.empty()
                          ? fmt::format("{} {} took it", context.green("✓"), delivery.name)
                          : fmt::format("{} {}: {}", context.red("✗"), delivery.name, failure));
        rows.push_back(
            {{"delivery", delivery.name}, {"took", failure.empty()}, {"error", failure}});
    }
    context.result()["deliveries"] = std::move(rows);
    return holds ? Exit::fine : Exit::findings;
}

Exit run_alerts(Context& context) {
    const auto& run = context.run();
    if (context.arguments().has("--test")) {
        return try_deliveries(context, context.arguments().value("--test"));
    }
    const auto found = alerts::read_book(run);
    if (!found) {
        throw Error(Code::state_unusable, "nothing has been judged here",
                    "the daemon does that: caisson serve");
    }
    const auto& book = *found;
    if (context.arguments().has("--acknowledge")) {
        acknowledge(context, book);
        return Exit::fine;
    }
    const auto made = rules_for(context);
    const auto orders = alerts::read_orders(run);
    const auto now = moment_now();
    const auto pages = alerts::pages_of(run);
    const auto silent = [&](const Alert& alert) {
        return alerts::silent_because(alert.rule, orders, run.manifest.alerting.silences, now);
    };
    const bool is_old = now - book.at > oldest_book;
    if (is_old) {
        context.print(context.yellow(
            fmt::format("? judged last at {}: the daemon does not run, or cannot measure",
                        minute_text(book.at))));
    }
    boost::json::array alert_rows;
    std::size_t firing = 0;
    for (const auto& page : book.pages) {
        print_page(context, page, book);
        for (const auto& alert : book.alerts) {
            if (alert.cause == page.rule && alert.state == alerts::State::firing) {
                print_alert(context, alert, alerts::find_rule(made.rules, alert.rule), pages,
                            silent(alert));
            }
        }
    }
    for (const auto& alert : book.alerts) {
        if (alert.state == alerts::State::resolved) {
            continue;
        }
        const auto* const rule = alerts::find_rule(made.rules, alert.rule);
        alert_rows.push_back(json_of(alert, rule, pages, silent(alert)));
        firing += alert.state == alerts::State::firing ? 1 : 0;
        const bool has_page =
            std::ranges::find(book.pages, alert.cause, &alerts::Page::rule) != book.pages.end();
        if (!has_page || alert.state == alerts::State::pending) {
            print_alert(context, alert, rule, pages, silent(alert));
        }
    }
    boost::json::object unknown;
    for (const auto& [rule, why] : book.unknown) {
        unknown[rule] = why;
    }
    for (const auto& [rule, why] : book.unknown) {
        context.print(context.yellow(fmt::format("  ? {}: {}", rule, why)));
    }
    boost::json::object receivers;
    for (const auto& [name, receiver] : book.receivers) {
        receivers[name] = {{"delivered", receiver.delivered},
                           {"failures", receiver.failures},
                           {"error", receiver.error}};
        if (receiver.failures > 0) {
            context.print(context.red(fmt::format("  ✗ {}: {} ({} attempts; messages wait)", name,
                                                  receiver.error, receiver.failures)));
        }
    }
    if (firing == 0 && !is_old) {
        context.print(fmt::format("{} nothing fires; {}, judged {}", context.green("✓"),
                                  counted(made.rules.size(), "rule"), minute_text(book.at)));
    }
    context.result() = {{"judged_at", timestamp(book.at)},
                        {"is_old", is_old},
                        {"firing", firing},
                        {"alerts", std::move(alert_rows)},
                        {"unknown", std::move(unknown)},
                        {"receivers", std::move(receivers)},
                        {"waiting", book.outbox.size()}};
    return firing > 0 || is_old ? Exit::findings : Exit::fine;
}

void check_rule(const alerts::Rules& made, const std::string& name) {
    if (alerts::find_rule(made.rules, name)) {
        return;
    }
    std::vector<std::string> names;
    for (const auto& rule : made.rules) {
        names.push_back(rule.name);
    }
    const auto near = nearest(name, names);
    throw Error(Code::usage, fmt::format("there is no rule {}", name),
                near.empty() ? "docs/reference/alerts.md names them"
                             : fmt::format("did you mean {}?", near));
}

/// Those that come again and again. Whether one is on.
bool print_windows(Context& context, Moment now) {
    bool is_any_on = false;
    boost::json::array rows;
    for (const auto& window : context.run().manifest.alerting.silences) {
        const auto cron = platform::Cron::parse(window.at);
        if (!cron) {
            continue;
        }
        const auto ends = cron->last(now) + std::chrono::ceil<std::chrono::seconds>(window.lasts);
        const bool is_on = now < ends;
        is_any_on |= is_on;
        context.print(fmt::format(
            "{}  {}  {}  {}", window.name,
            window.rules.empty() ? "every rule" : join(window.rules, ", "),
            is_on ? "until " + minute_text(ends) : "from " + minute_text(cron->next(now)),
            window.reason));
        rows.push_back({{"name", window.name},
                        {"rules", boost::json::array(window.rules.begin(), window.rules.end())},
                        {"on", is_on},
                        {"until", is_on ? boost::json::value(timestamp(ends)) : nullptr},
                        {"next", timestamp(cron->next(now))},
                        {"reason", window.reason}});
    }
    context.result()["windows"] = std::move(rows);
    return is_any_on;
}

void print_silences(Context& context, const alerts::Orders& orders, Moment now) {
    boost::json::array rows;
    for (const auto& each : orders.silences) {
        if (each.until <= now) {
            continue;
        }
        context.print(fmt::format("{}  {}  until {}  {}", each.id.substr(0, 4),
                                  each.rules.empty() ? "every rule" : join(each.rules, ", "),
                                  minute_text(each.until), each.reason));
        rows.push_back({{"id", each.id},
                        {"rules", boost::json::array(each.rules.begin(), each.rules.end())},
                        {"until", timestamp(each.until)},
                        {"reason", each.reason}});
    }
    const bool is_any_on = print_windows(context, now);
    if (rows.empty() && !is_any_on) {
        context.print("nothing is silent");
    }
    context.result()["silences"] = std::move(rows);
}

Exit run_silence(Context& context) {
    const auto& run = context.run();
    const auto& arguments = context.arguments();
    const auto now = moment_now();
    auto orders = alerts::without_old(alerts::read_orders(run), now);
    if (arguments.has("--end")) {
        std::vector<std::string> ids;
        for (const auto& each : orders.silences) {
            if (each.until > now) {
                ids.push_back(each.id);
            }
        }
        const auto id = whole_id(ids, arguments.value("--end"), "silence");
        for (auto& each : orders.silences) {
            each.until = each.id == id ? now : each.until;
        }
    } else if (arguments.has("--for")) {
        const auto lasts = platform::parse_duration(arguments.value("--for"));
        constexpr auto longest = std::chrono::hours(30 * 24);
        if (!lasts || *lasts < std::chrono::seconds(1) || *lasts > longest) {
            throw Error(Code::usage, fmt::format("--for is {}", arguments.value("--for")),
                        "write a duration such as 30m or 2h, at most 30d: a silence that nobody "
                        "ends must end");
        }
        if (arguments.value("--reason").empty()) {
            throw Error(Code::usage, "a silence needs a reason", "say --reason \"…\"");
        }
        const auto made = rules_for(context);
        for (const auto& rule : arguments.positionals) {
            check_rule(made, rule);
        }
        orders.silences.push_back({random_uuid(), arguments.positionals, now,
                                   now + std::chrono::ceil<std::chrono::seconds>(*lasts),
                                   arguments.value("--reason"), current_account().name});
    } else if (!arguments.positionals.empty()) {
        throw Error(Code::usage, "nothing says for how long", "say --for 2h --reason \"…\"");
    }
    if (!context.dry_run() && (arguments.has("--end") || arguments.has("--for"))) {
        alerts::write_orders(run, orders);
    }
    print_silences(context, orders, now);
    return Exit::fine;
}

}  // namespace

std::vector<Verb> monitor_alert_verbs() {
    return {
        {"monitor alerts",
         "what is wrong, since when, who was told, and what to do",
         "The book that the daemon keeps: alerts by cause, what could not be judged, receivers "
         "that are away.\nExit status 7 when something fires or the book is old.",
         {{"--acknowledge",
           "PAGE",
           "say that somebody knows: no more escalation and repeats for it",
           {}},
          {"--test", "DELIVERY", "send a message that says it is a test; `all` through each", {}}},
         "",
         "  caisson monitor alerts\n  caisson monitor alerts --acknowledge 3f0c\n"
         "  caisson monitor alerts --test all",
         Needs::platform,
         run_alerts},
        {"monitor silence",
         "tells nobody of a rule, or of any, for a while",
         "Alerts are judged all the same, and told afterwards if they still hold. Without a rule "
         "it is maintenance: every rule is silent.\nWithout --for and --end it shows what is "
         "silent.",
         {{"--for", "DURATION", "how long, such as 2h", {}},
          {"--reason", "TEXT", "why; others read it", {}},
          {"--end", "ID", "ends a silence", {}}},
         "[RULE]",
         "  caisson monitor silence locks_blocked --for 2h --reason \"the import runs\"\n"
         "  caisson monitor silence --for 30m --reason upgrade   # maintenance\n"
         "  caisson monitor silence --end 7d21",
         Needs::platform,
         run_silence},
    };
}

}  // namespace caisson::cli

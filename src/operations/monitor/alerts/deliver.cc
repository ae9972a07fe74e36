// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/deliver.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/post/post.h"
#include "operations/monitor/alerts/message.h"
#include "platform/values.h"

namespace caisson::alerts {
namespace {

std::string host_name() {
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

void post_webhook(const Destination& destination, const std::vector<Message>& messages) {
    const auto body = body_of(messages);
    const auto now = std::to_string(moment_now().time_since_epoch().count());
    const auto answer = post::send(post::WebRequest{
        destination.webhook.reveal(),
        {{"Content-Type", "application/json"},
         {"X-Caisson-Timestamp", now},
         {"X-Caisson-Signature", signature_of(destination.secret.reveal(), now, body)},
         {"X-Caisson-Delivery", id_of(messages)}},
        body,
        destination.limit});
    if (answer.status < 200 || answer.status > 299) {
        throw Error(
            Code::cannot_connect,
            fmt::format("the webhook {} answered {}", destination.delivery.name, answer.status),
            "it should answer with a status from 200 to 299 once it has the message");
    }
}

void send_mail(const Destination& destination, const std::vector<Message>& messages) {
    const auto letter = letter_of(messages);
    post::send(post::Mail{.server = destination.smtp,
                          .user = destination.user,
                          .password = destination.password,
                          .from = destination.from,
                          .to = destination.delivery.email,
                          .subject = letter.subject,
                          .text = letter.text,
                          .id = id_of(messages),
                          .limit = 2 * destination.limit});
}

void run_command(const Destination& destination, const std::vector<Message>& messages) {
    Command command;
    // What the daemon's environment holds is its own: secrets of databases, for the most part.
    command.arguments = {"/usr/bin/env", "-i"};
    for (const auto* const name : {"PATH", "HOME", "LANG", "TZ"}) {
        if (const auto* const value = std::getenv(name)) {
            command.arguments.push_back(fmt::format("{}={}", name, value));
        }
    }
    const auto& wanted = destination.delivery.command;
    command.arguments.insert(command.arguments.end(), wanted.begin(), wanted.end());
    command.input = body_of(messages) + "\n";
    const auto finished = run(command, 3 * destination.limit);
    if (!finished.fine()) {
        throw Error(Code::server_failed,
                    fmt::format("the command {} ended with {}{}", wanted.front(), finished.status,
                                finished.errors.empty()
                                    ? ""
                                    : ": " + std::string(trim(finished.errors)).substr(0, 200)));
    }
}

void write_log(const std::vector<Message>& messages) {
    for (const auto& message : messages) {
        const auto write = message.kind == "resolved"         ? log::info
                           : message.level == Level::critical ? log::error
                                                              : log::warning;
        const auto end = std::min(message.text.find('\n'), message.text.size());
        write("alert", {{"kind", message.kind},
                        {"rule", message.rule},
                        {"alert_level", text_of(message.level)},
                        {"page", message.page},
                        {"summary", message.text.substr(0, end)},
                        {"alerts", trim(message.text.substr(end))}});
    }
}

}  // namespace

namespace {

void require_program(const platform::AlertDelivery& delivery) {
    const auto& program = delivery.command.front();
    const bool is_there = program.find('/') == std::string::npos
                              ? find_program(program).has_value()
                              : ::access(program.c_str(), X_OK) == 0;
    if (!is_there) {
        throw Error(Code::server_missing,
                    fmt::format("the command of alerts.deliveries.{} is not there, or cannot be "
                                "run: {}",
                                delivery.name, program),
                    "name a program by its whole path")
            .at(delivery.place);
    }
}

}  // namespace

Destination destination_of(const trust::Run& run, const platform::AlertDelivery& delivery) {
    const auto resolved = [&](const std::string& text) {
        return platform::resolved(run.manifest, run.environment, text, delivery.place,
                                  run.variables);
    };
    Destination destination;
    destination.delivery = delivery;
    destination.webhook = resolved(delivery.webhook);
    destination.secret = resolved(delivery.secret);
    destination.smtp = resolved(delivery.smtp).reveal();
    destination.from = resolved(delivery.from).reveal();
    destination.user = resolved(delivery.user).reveal();
    destination.password = resolved(delivery.password);
    // The manifest was read before anybody knew what a variable holds.
    if (!delivery.webhook.empty() && !platform::is_secret_way(destination.webhook.reveal())) {
        throw Error(Code::variable_invalid,
                    fmt::format("the webhook of alerts.deliveries.{} is neither https nor http on "
                                "this machine",
                                delivery.name),
                    "an alert says where a server hurts: give it a URL of https")
            .at(delivery.place);
    }
    if (!delivery.command.empty()) {
        require_program(delivery);
    }
    if (destination.smtp.empty()) {
        destination.smtp = "smtp://127.0.0.1:25";
    }
    if (destination.from.empty()) {
        destination.from = "caisson@" + host_name();
    }
    return destination;
}

void deliver(const Destination& destination, const std::vector<Message>& messages) {
    if (messages.empty()) {
        return;
    }
    const auto& delivery = destination.delivery;
    if (!delivery.webhook.empty()) {
        post_webhook(destination, messages);
    } else if (!delivery.email.empty()) {
        send_mail(destination, messages);
    } else if (!delivery.command.empty()) {
        run_command(destination, messages);
    } else {
        write_log(messages);
    }
}

}  // namespace caisson::alerts

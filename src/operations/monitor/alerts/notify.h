// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// From alerts to messages: one page for each cause, told to those whom escalation names, once, and
/// again when it becomes worse, when another object or something grave joins it, when it still
/// holds after a while, or is over. Pure but for the ids.

#include <functional>
#include <string>

#include "operations/monitor/alerts/evaluate.h"
#include "operations/monitor/alerts/silence.h"

namespace caisson::alerts {

struct Circumstances {
    const std::vector<Rule>& rules;
    const platform::Alerting& alerting;
    const Orders& orders;
    std::string platform{};     ///< For the messages: "kyb".
    std::string environment{};  ///< "production".
    std::string pages{};        ///< Address of the remedy page, before `#rule`.
};

/// Groups firing alerts by cause, and puts what is to be told into the outbox. A message that was
/// not delivered yet is replaced by the next one of the same page and delivery: it says all. A page
/// that comes back while nobody has heard that it was over is that page still, so that one that
/// flaps leaves one message. Two hundred wait for a receiver; of what is beyond, it is told how
/// much it was.
void notify(Book& book, const Circumstances& circumstances, const Step& step, const NewId& new_id);

/// Whether somebody has said that they know of all that is on a page.
bool is_acknowledged(const Page& page, const Orders& orders);

/// The deliveries that there are: those of the manifest, else the log.
std::vector<platform::AlertDelivery> deliveries_of(const platform::Alerting& alerting);

/// The rule whose page an alert is part of: its farthest cause that fires, step by step.
std::string cause_of(const Alert& alert, const Book& book, const std::vector<Rule>& rules);

}  // namespace caisson::alerts

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The state machine: a book, rules and a sample give the book after it. Pure but for the ids.

#include <functional>

#include "operations/monitor/alerts/alert.h"

namespace caisson::alerts {

struct Step {
    Moment now{};             ///< For people.
    milliseconds elapsed{0};  ///< Since the last judgement, by a clock that does not jump.
    /// Whether we have looked all the while: after a restart or a pause nothing was bad meanwhile
    /// that we know of.
    bool is_continuous = true;
};

using NewId = std::function<std::string()>;

/// pending → firing when it was bad for the rule's hold, gone when it was good before; firing →
/// resolved when it was good (or is not there any more) for the rule's stay. While it cannot be
/// read nothing changes but that it is unknown. Alerts that were resolved before are dropped once
/// they are recorded (or `keeps_records` is false).
void evaluate(Book& book, const std::vector<Rule>& rules, const monitor::Sample& sample,
              const Step& step, const NewId& new_id, bool keeps_records = false);

}  // namespace caisson::alerts

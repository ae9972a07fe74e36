// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How each rule is provoked, as a table. Private to the module.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "operations/monitor/alerts/rule.h"
#include "operations/monitor/selftest/selftest.h"
#include "operations/monitor/selftest/stage.h"

namespace caisson::selftest {

/// One way. Of a rule with several, the first that the machine allows is taken: `provoke` says no
/// by returning why not.
struct Provocation {
    std::string rule{};
    How how = How::real;
    std::string note{};
    std::optional<double> threshold{};  ///< In place of the rule's, where it is scaled.
    bool of_standby = false;
    bool with_standby = false;  ///< One streams before it begins.
    /// Empty when it is done.
    std::function<std::string(Stage&)> provoke{};
    std::function<void(Stage&)> mend{};
};

/// Those of the server, of replication and the log, of the host and Redis: a file each.
std::vector<Provocation> server_provocations();
std::vector<Provocation> replication_provocations();
std::vector<Provocation> other_provocations();
/// All of them, in an order in which none spoils the next.
std::vector<Provocation> provocations();

/// A reading at the rule's threshold, with the labels that it asks for: for what the machine does
/// not allow, and rules of one's own.
Provocation by_reading(const alerts::Rule& rule, double value, const std::string& note);

}  // namespace caisson::selftest

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How things are, from what the daemon has written down: the monitor's and the backups' part of
/// `caisson status`, and what follows from all parts. Pure: measures nothing, reads no file.

#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "app/cli/last_look.h"
#include "operations/monitor/alerts/alert.h"
#include "operations/monitor/alerts/silence.h"
#include "operations/schedule/ages.h"

namespace caisson::cli {

enum class Mark {
    fine,
    notice,  ///< Somebody should see to it; what is essential works.
    bad,
};

/// A line of the screen, and those below it.
struct Part {
    std::string name{};
    Mark mark = Mark::fine;
    std::string text{};
    std::string reason{};              ///< For the verdict, where it is not fine.
    std::vector<std::string> below{};  ///< Alerts, what is unknown, what to do.
    std::optional<Moment> since{};     ///< Since when it is not fine.
    boost::json::object json{};
};

/// What was found of the daemon.
struct DaemonSigns {
    bool runs = false;
    std::string address{};
    int process = 0;
    std::string health{};                 ///< As it says itself; empty: it does not answer.
    std::vector<std::string> degraded{};  ///< By what.
    bool has_record = false;              ///< It has written that it runs, and not that it ended.
    std::optional<Moment> last_heard{};   ///< The newest of its files.
};
Part daemon_part(const DaemonSigns& daemon, Moment now);

/// What the monitor has left.
struct Watched {
    Moment now{};
    bool daemon_runs = false;
    bool collects = true;   ///< [monitor] collect.
    bool has_rules = true;  ///< [alerts] are on.
    std::optional<LastLook> look{};
    std::optional<alerts::Book> book{};
    std::vector<alerts::Rule> rules{};
    alerts::Orders orders{};
    std::vector<platform::SilenceWindow> windows{};
    std::string pages{};  ///< Where remedies are told.
};
Part monitor_part(const Watched& watched);

/// Of scheduled jobs, and of what the daemon knows of sets and proofs. `is_needed`: that there are
/// none is to be seen to, as in a protected environment and not on somebody's laptop.
Part backups_part(const std::vector<schedule::Age>& ages, const std::optional<LastLook>& look,
                  bool is_declared, bool is_needed, Moment now);

struct Verdict {
    Mark mark = Mark::fine;
    std::string text{};  ///< "not healthy since …: …".
    std::optional<Moment> since{};
};
Verdict verdict_of(const std::vector<Part>& parts, Moment now);

}  // namespace caisson::cli

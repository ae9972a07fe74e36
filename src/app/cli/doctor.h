// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is wrong with a platform's surroundings, one diagnosis a problem, each with the command
/// that mends it. Probes look and never change anything; each is independent of the others, so that
/// one fault does not hide the next.

#include <functional>
#include <string>
#include <vector>

#include "trust/session.h"

namespace caisson::cli {

struct Diagnosis {
    enum class Level { fine, note, problem };
    Level level = Level::fine;
    std::string name;    ///< Stable: `port_taken`, `disk_full`.
    std::string found;   ///< What was seen, with figures.
    std::string remedy;  ///< A command, where there is one.
};

/// A question to the surroundings. Some need a run, some the bare machine.
struct Probe {
    std::string name;
    std::vector<Diagnosis> (*ask)(const trust::Run& run);
};
std::vector<Probe>
machine_probes();  ///< Programs, account, state directory, space, ports, containers.
std::vector<Probe>
server_probes();  ///< Starting, hanging, stale, wrong version, host names, refused passwords.
std::vector<Probe> database_probes();  ///< Identity, migrations, data, settings.

}  // namespace caisson::cli

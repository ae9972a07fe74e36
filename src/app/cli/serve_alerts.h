// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What `caisson serve` does about alerts: judges each sample of its monitor.

#include <memory>

#include "app/cli/serve_monitor.h"
#include "app/daemon/daemon.h"
#include "trust/session.h"

namespace caisson::cli {

/// `inner`, which starts the monitor, with the judging of its samples around it. Nothing where the
/// manifest switches alerts off. Starting fails with platform_invalid for rules that are none, and
/// with variable_invalid.
daemon::Supervision with_alerts(const trust::Run& run,
                                const std::shared_ptr<ServedMonitor>& monitor,
                                daemon::Supervision inner);

}  // namespace caisson::cli

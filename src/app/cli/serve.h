// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/cli/context.h"

namespace caisson::cli {

/// Serves in this process until SIGTERM or Ctrl-C, with the private servers supervised. From root
/// it becomes the servers' account first.
Exit serve_until_stopped(Context& context);

/// Ends the daemon of this platform; whether one was running. Errors: daemon_failed when it does
/// not end.
bool stop_daemon(const trust::Run& run);

}  // namespace caisson::cli

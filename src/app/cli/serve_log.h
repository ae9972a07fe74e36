// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/daemon/daemon.h"
#include "trust/session.h"

namespace caisson::cli {

/// Keeps the daemon's own log small while it is served, where it goes to the file in the state
/// directory: beyond 16 MB it is put aside as `.1`, that as `.2`, and begun anew.
/// Before it becomes the servers' account, the daemon gives it to that: give_log().
daemon::Supervision with_log(const trust::Run& run, daemon::Supervision inner);
/// Nothing to do where it goes elsewhere, or where we are no root.
void give_log(const trust::Run& run);

}  // namespace caisson::cli

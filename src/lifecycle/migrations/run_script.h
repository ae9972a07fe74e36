// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lifecycle/migrations/run_file.h"

namespace caisson::migrations {

/// Carries a script out, command by command, in the transaction at hand, whose end is the
/// caller's: a BEGIN and a COMMIT around the whole script are left out. Errors: migration_failed,
/// with the place in whichever file it happened; migration_invalid.
void run_script(const Session& session, const Step& step, Body& body);

/// Carries a script out, each of its statements recorded, going on where an earlier attempt
/// stopped. Errors: as run_by_statement().
void run_script_by_statement(const Session& session, const Step& step, Body& body);

}  // namespace caisson::migrations

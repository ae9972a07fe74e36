// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The private state as directories: made with the right owner and rights, recognised, locked.

#include <string>
#include <vector>

#include "base/files.h"
#include "trust/session.h"

namespace caisson::servers {

/// Who the servers run as: the run's account, else the caller.
Account server_owner(const trust::Run& run);

/// Makes what is missing below the state directory, everything 0700 and the servers' own.
/// Errors: state_unusable, disk_full, account_missing.
void prepare_directories(const trust::Run& run);
/// Leaves the mark that is_ours() looks for. The caller holds the lock.
void mark_as_ours(const trust::Run& run);
/// Removes files that a killed run had begun to write and not yet put in place. The caller holds
/// the lock.
void remove_unfinished_files(const trust::Run& run);
/// Gives files with secrets back to their owner alone (libpq ignores a passfile that others may
/// read). Names of the files that others could read. The caller holds the lock.
std::vector<std::string> close_secrets(const trust::Run& run);
/// Whether this is the state directory of the run's platform and environment.
bool is_ours(const trust::Run& run);

/// One who starts or stops servers at a time. `purpose` is for those who wait. Errors: locked.
FileLock lock_servers(const trust::Run& run, std::string_view purpose);
/// Nothing when somebody else has it.
std::optional<FileLock> try_lock_servers(const trust::Run& run, std::string_view purpose);

/// Whether somebody stopped the servers on purpose: supervisors leave them alone then.
bool is_stopped_on_purpose(const trust::Run& run);
void set_stopped_on_purpose(const trust::Run& run, bool stopped);

}  // namespace caisson::servers

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// PostgreSQL's data directory: made so that it is there whole or not at all.

#include <string>
#include <vector>

#include "base/secret.h"
#include "lifecycle/servers/programs.h"
#include "trust/session.h"

namespace caisson::servers {

/// The superuser's password from the passfile; made and written there when it is missing, also for
/// the addresses that were not known when the file was made.
Secret superuser_password(const trust::Run& run);

bool has_cluster(const trust::Run& run);
/// initdb into a directory of its own, configuration, TLS material, then one rename. Until
/// confirm_cluster() was called, the directory counts as half-made after a crash of the machine.
void make_cluster(const trust::Run& run, const PostgresPrograms& programs);
/// initdb ran without fsync: flushes the file system, after which the directory is trusted. False
/// when that had been done.
bool confirm_cluster(const trust::Run& run);
/// Removes what a killed run left half made; notes for people. No server may run on it.
std::vector<std::string> remove_half_made(const trust::Run& run);

/// Writes configuration and rules of access where they differ from what the manifest says, after
/// they were checked; whether anything was written. Errors: platform_invalid.
bool write_configuration(const trust::Run& run, const PostgresPrograms& programs);

/// Sets the superuser's password to the passfile's, by the server's single-user mode. No server may
/// run on the data.
void reset_superuser_password(const trust::Run& run, const PostgresPrograms& programs);

}  // namespace caisson::servers

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A database that others have made: its objects become those of the owner role, without taking
/// anything from who uses them.

#include <string>
#include <vector>

#include "trust/session.h"

namespace caisson::provision {

/// What belongs to the database's owner, to a superuser or to a member of the owner role is given
/// to the owner role, so that migrations can change it; the built-in roles get on it what they
/// would have on a table of ours. Who owned it becomes a member of the owner role and goes on as
/// before. Objects of other roles stay theirs, and are named; every role that has rights in the
/// database keeps what it had through PUBLIC. Waits for locks with bounded patience. Idempotent.
/// Extensions' objects stay theirs. One sentence each for what was done, or in a dry run would be.
/// Errors: database_rejected, when the administrator may not act for an owner.
std::vector<std::string> take_over(const trust::Run& run, const platform::Database& database,
                                   bool dry_run);

}  // namespace caisson::provision

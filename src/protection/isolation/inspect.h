// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What can be seen without trying: what lets rows pass by policies, and what would as soon as
/// somebody used it.

#include "protection/isolation/scene.h"

namespace caisson::isolation {

/// Who passes by every policy: the role, its memberships, what it owns, what its sessions begin
/// with.
void inspect_role(pg::Connection& connection, const Setting& setting, Findings& findings);
/// Tables of tenants without policies, policies that let everything through, partitions.
void inspect_tables(const Setting& setting, Findings& findings);
/// Views that ask as their owner, functions that could not be called.
void inspect_views(pg::Connection& connection, const Setting& setting, Findings& findings);
/// Sequences and estimates, which tell how much there is.
void inspect_counters(const Setting& setting, Findings& findings);
/// What was not tried, or proves nothing.
void inspect_coverage(const Setting& setting, const Marks& marks, Findings& findings);

}  // namespace caisson::isolation

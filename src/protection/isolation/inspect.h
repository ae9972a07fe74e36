// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What can be seen without trying: what lets rows pass by policies, and what would as soon as
/// somebody used it.

#include "protection/isolation/scene.h"

namespace caisson::isolation {

struct Inspection {
    pg::Connection& connection;  ///< A superuser's.
    const Setting& setting;
    const Marks& marks;
    Findings& findings;
    std::vector<Draft>& drafts;

    /// With a session that shows it: what the role then asks or does, after `enter`.
    void add(Finding finding, std::string statement, std::vector<std::string> enter = {}) const;
};

/// Whether a role may read or change a relation.
bool may_touch(const Rights::Of& rights);

/// Who passes by every policy: the role, its memberships, what it owns, what its sessions begin
/// with.
void inspect_role(const Inspection& inspection);
/// Tables of tenants without policies, policies that let everything through, partitions.
void inspect_tables(const Inspection& inspection);
/// Views that ask as their owner, functions that could not be called.
void inspect_views(const Inspection& inspection);
/// Sequences, estimates and what goes on, which tell how much there is.
void inspect_counters(const Inspection& inspection);
/// What was not tried, or proves nothing.
void inspect_coverage(const Inspection& inspection);

}  // namespace caisson::isolation

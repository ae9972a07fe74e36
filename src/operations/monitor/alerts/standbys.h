// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Who should stream from this primary: a standby that was there for a while is expected from then
/// on, by its application_name, until a person says that it is gone. What a server does not show
/// any more cannot be told from its figures. Pure.

#include <map>
#include <string>

#include "operations/monitor/alerts/evaluate.h"

namespace caisson::alerts {

/// What the rule judges; in no sample, but counted here.
inline constexpr const char* standbys_missing = "replication.missing";

/// Notes who is there. A sample without `replication` changes nothing; a server that is a standby
/// itself (after a failover, too) expects nobody: its standbys follow the primary.
void see_standbys(Book& book, const monitor::Sample& sample, const Step& step, milliseconds settle);
/// Whether fewer of this name are there than expected.
bool is_missing(const Book& book, std::string_view application_name);
/// Forgets those that are missing and were seen last before the moment at which somebody said that
/// they are gone; of several by one name those that are left are expected.
void forget_standbys(Book& book, const std::map<std::string, Moment>& gone);

}  // namespace caisson::alerts

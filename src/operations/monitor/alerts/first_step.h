// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What to do first about an alert, in a line: for a screen that has room for no more. The whole of
/// it is the rule's page. Pure.

#include <string_view>

namespace caisson::alerts {

/// Of a built-in rule; empty for one that is none.
std::string_view first_step(std::string_view rule);

}  // namespace caisson::alerts

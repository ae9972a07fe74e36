// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What seeding came to, for people and for --json.

#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "app/cli/context.h"
#include "lifecycle/seeds/seeds.h"
#include "platform/platform.h"

namespace caisson::cli {

/// "3 inserted, 2 as they were".
std::string text_of(const seeds::Counts& counts);
/// The rows that are not as the files say, a line each.
void print_rows(Context& context, const std::vector<seeds::RowNote>& rows);
void print_report(Context& context, const seeds::Report& report);

boost::json::array json_of(const std::vector<seeds::RowNote>& rows);
boost::json::object json_of(const platform::Database& database, const seeds::Report& report);

}  // namespace caisson::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A shadow as migrations make it, by the code that applies them in earnest.

#include <vector>

#include "lifecycle/migrations/migrations.h"
#include "lifecycle/shadow/shadow.h"

namespace caisson::proof {

/// The history tables of the tools that the sources are written for: files may read their own, and
/// a database that such a tool uses has one.
void make_tool_tables(pg::Connection& connection, const std::vector<platform::Source>& sources,
                      const std::vector<migrations::Migration>& files);

/// Applies files to the shadow by the code that applies them in earnest, whatever their order, and
/// gives the rights of the manifest's own roles, which follow the migrations.
/// Errors: those of migrations::up.
void build(const shadow::Shadow& shadow, const trust::Run& run, const platform::Database& database,
           const std::vector<migrations::Migration>& files, const migrations::Features& features,
           bool allow_programs = false);

/// The features that applied files need: a file that is applied is applied, whatever its feature
/// says today. Pure.
migrations::Features features_of(const std::vector<migrations::Migration>& applied);

}  // namespace caisson::proof

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The schema `caisson`: all that Caisson adds to a database. Installed and upgraded by numbered
/// steps; a binary that is older than the schema refuses to write. Modules offer their steps as
/// values, `app` registers them in one table.

#include <string>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::trust {

/// One step, run as the role that owns the schema. Numbers are unique over all modules and never
/// reused.
struct CatalogueStep {
    int number;
    std::string description;
    std::string sql;
};

/// The step that makes the schema itself with caisson.catalogue and caisson.identity (number 1).
CatalogueStep identity_step();

/// The highest step that the database has; 0 without the schema.
int catalogue_version(pg::Connection& connection);
/// Applies what is missing, in one transaction. Steps that were applied. `connection` may make
/// schemas. Errors: catalogue_newer when the database has steps that we do not know.
std::vector<CatalogueStep> install_catalogue(pg::Connection& connection,
                                             const std::vector<CatalogueStep>& steps);
/// Removes the schema and all that is in it.
void remove_catalogue(pg::Connection& connection);

}  // namespace caisson::trust

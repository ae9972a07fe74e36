// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "drivers/pg/connection.h"
#include "lifecycle/schema/snapshot.h"
#include "trust/catalogue.h"

namespace caisson::schema {

/// Makes caisson.structure (step 30): one row with the structure that the migrations led to.
trust::CatalogueStep structure_step();

/// What was recorded after a run of migrations.
struct Structure {
    std::string head;         ///< Where the history stood; the caller's word for it.
    int server_major = 0;     ///< Another major version may word definitions otherwise.
    std::string recorded_at;  ///< RFC 3339, UTC.
    std::string hash;
    Snapshot snapshot;
};

/// Takes a snapshot and keeps it as what is expected from now on. Joins the transaction at hand.
Structure record(pg::Connection& connection, const std::string& head);
/// The head alone, without the snapshot, under the same conditions as recorded(): whether anything
/// has to be recorded anew.
std::optional<std::string> recorded_head(pg::Connection& connection);
/// Nothing when none was recorded, the catalogue has no such table, or the record is of the first
/// format, which knew less: the next run of migrations records it anew.
/// Errors: internal when what is stored does not match its own hash.
std::optional<Structure> recorded(pg::Connection& connection);

}  // namespace caisson::schema

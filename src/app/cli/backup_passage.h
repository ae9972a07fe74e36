// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Databases on their way from a set to their places: restored under other names, compared, masked,
/// and then all of a server's exchanged in one transaction.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/cli/backup_restore.h"
#include "operations/backups/logical/exchange.h"
#include "operations/backups/logical/undone.h"

namespace caisson::cli {

/// One of them.
struct Passage {
    platform::Database database;
    std::string name;  ///< In PostgreSQL.
    pg::Settings server;
    backups::Restored restored;
    std::vector<backups::Undone> undone;
    std::string kept;
};

/// How they are put back.
struct Manner {
    bool masks = false;
    bool keeps_undone = true;
    std::vector<std::string> tables{};
    std::string into{};  ///< As a database of this name; empty: in place.
};

/// What the journal keeps of where it came from.
struct RestoredFrom {
    std::string set;
    std::string manifest_sha256{};  ///< Of a logical one.
    std::string moment{};           ///< Of what was taken out of a physical one.
};

using RestoreLocks = std::map<std::string, std::unique_ptr<backups::RestoreLock>>;

/// Whether a database has no tables of its own: those of its extensions come with provisioning.
bool holds_nothing(const pg::Settings& settings);
/// Holds every server that is concerned, and clears away what a killed restore left there.
RestoreLocks lock_servers_of(Context& context, const std::vector<platform::Database>& databases);
/// What the databases need beside what is in the set: roles, rights. One that a killed restore had
/// put in place and not yet made ours is adopted, as that restore would have done.
void prepare_servers(Context& context, const std::vector<platform::Database>& databases);
/// Restores them under other names, and compares them with what the set says of them.
std::vector<Passage> restore_all(Context& context, const SetSource& source,
                                 const std::vector<platform::Database>& databases,
                                 const Manner& manner);
/// Whether all came back as they were.
bool are_equal(const std::vector<Passage>& passages);
/// Where they are until they are put in place.
std::vector<pg::Settings> inside(const std::vector<Passage>& passages);
/// All databases of a server take their places in one transaction.
void put_in_place(Context& context, std::vector<Passage>& passages, const Manner& manner);
/// Rights, steps of the schema caisson and the identity, as for any copy of a database.
void make_ours(Context& context, const RestoredFrom& from);

void print_passage(Context& context, const Passage& passage, const std::string& name);
boost::json::object to_json(const Passage& passage);

}  // namespace caisson::cli

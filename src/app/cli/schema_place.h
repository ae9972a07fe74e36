// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Where a schema can be read from, and a place to try edits in.

#include <memory>
#include <string>

#include "app/cli/context.h"
#include "drivers/pg/connection.h"
#include "lifecycle/schema/snapshot.h"
#include "lifecycle/shadow/shadow.h"

namespace caisson::cli {

/// A shadow in which a schema is made. Errors: those of shadow::open().
class Scratch {
 public:
    Scratch(const trust::Run& run, const platform::Database& database);
    shadow::Connections& connections() { return connections_; }
    /// As the one who may do everything there; where owners matter, as who runs migrations.
    pg::Connection& connection(bool with_owners = false) { return connections_(!with_owners); }

 private:
    shadow::Shadow shadow_;
    shadow::Connections connections_;
};

/// A schema that was read, with the shadow it was made in where there was one.
struct ReadSchema {
    std::string name;  ///< For people; never with a password.
    schema::Snapshot snapshot;
    std::unique_ptr<Scratch> scratch;
};

/// What provisioning gave stays out, unless it is a schema of nobody's platform.
schema::Scope scope_of(const trust::Run& run, const platform::Database& database, bool rights);

/// What the migrations of a database lead to, found out on a shadow.
ReadSchema read_migrated(Context& context, const platform::Database& database,
                         const schema::Scope& scope);

/// A word of the command line: a database of the manifest by key, `database@environment`, a
/// connection URL, a file (a dump of ours as text or JSON, or SQL), or a directory of migrations.
/// Errors: usage when it is none of them.
ReadSchema read_schema(Context& context, const std::string& word, bool rights);

/// As JSON, and back. Errors: usage for what is no dump.
std::string to_json(const schema::Snapshot& snapshot);
schema::Snapshot from_json(const std::string& text);

/// Column order tells nothing where schemas are compared.
schema::Snapshot without_order(schema::Snapshot snapshot);

}  // namespace caisson::cli

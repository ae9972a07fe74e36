// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The annotations by which tools keep both directions in one file: text to sections, pure.

#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/sources/loading.h"

namespace caisson::sources {

/// One file taken apart.
struct Sections {
    std::vector<Range> up;
    std::vector<Range> down;
    bool has_down = false;
    bool no_transaction_up = false;
    bool no_transaction_down = false;
    /// What the tool itself would refuse, by line.
    struct Complaint {
        std::size_t line;
        std::string message;
    };
    std::vector<Complaint> complaints;
};

/// `-- migrate:up [transaction:false]`, `-- migrate:down`, several pairs in a file.
/// Source: dbmate, pkg/dbmate/migration.go.
Sections read_dbmate(std::string_view text);
/// `-- +goose Up`, `Down`, `StatementBegin`, `StatementEnd`, `NO TRANSACTION`, `ENVSUB ON`, `OFF`.
/// `substituted` gets the ranges that lie between ENVSUB ON and OFF.
/// Source: goose, internal/sqlparser/parser.go.
Sections read_goose(std::string_view text, std::vector<Range>& substituted);
/// `-- +migrate Up [notransaction]`, `Down`, `StatementBegin`, `StatementEnd`.
/// Source: rubenv/sql-migrate, sqlparse/sqlparse.go.
Sections read_sql_migrate(std::string_view text);
/// `-- Up Migration`, `-- Down Migration`; without them all of the file goes up.
/// Source: node-pg-migrate, src/sqlMigration.ts.
Sections read_node_pg_migrate(std::string_view text);

/// Makes the migration of one file: complaints become mistakes of the loading.
Migration migration_of(Loading& loading, const std::string& name, std::string_view text,
                       const Sections& sections);

}  // namespace caisson::sources

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How the tables of scale.toml meet those of the database.

#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/scale/binary.h"
#include "lifecycle/scale/model.h"
#include "lifecycle/seeds/target.h"

namespace caisson::scale {

/// A column that is sent.
struct Field {
    std::size_t column = 0;  ///< Of the model's table.
    std::string name;
    ColumnType type;
};
struct Layout {
    std::size_t table = 0;  ///< Of the model.
    pg::QualifiedName name;
    std::vector<Field> fields;     ///< In the order of the file.
    std::vector<std::string> key;  ///< What a row is known by for good.
    /// "copy … from stdin (format binary)"
    std::string copy_statement() const;
    const Field* field(const std::string& name) const;
};

/// The types of columns, by name; of a domain the type that it is made of. Nothing for a type whose
/// binary form is not known here.
struct KnownColumn {
    std::string name;
    std::string type_name;
    std::optional<ColumnType> type;
};
std::vector<KnownColumn> read_columns(pg::Connection& connection, const std::string& oid);

/// Every table of the model against the database: what is not there, cannot be made, must be given
/// and is not, is a mistake. In the order of the model.
std::vector<Layout> lay_out(pg::Connection& connection, const Model& model,
                            const seeds::Target& target, seeds::Mistakes& mistakes);

}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A table as its repository sees it: which columns a statement may name, and the SQL that several
/// statements share. Private to this module.

#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/queries/tables.h"
#include "lifecycle/queries/writer.h"

namespace caisson::queries {

class Repository {
 public:
    explicit Repository(const Table& table) : table_(table) {}

    bool has_key() const { return !table_.key.empty(); }
    bool is_composite() const { return table_.key.size() > 1; }
    bool is_key(std::size_t column) const;
    /// `users`, `sanctions.wallets`: for people.
    std::string qualified() const;
    const TableColumn& column(std::size_t i) const { return table_.columns[i]; }
    std::string member_type(const TableColumn& each) const {
        return value_type(each.type->cpp, !each.not_null);
    }
    /// What an INSERT may name, and what an UPDATE.
    bool is_insertable(std::size_t i) const;
    bool is_changeable(std::size_t i) const;
    bool has_changes() const;
    /// Every column of the key must be given to every row.
    bool key_is_required() const;
    bool key_is_insertable() const;
    /// Many keys are no array of the server where one is an array.
    bool key_has_array() const;

    /// All columns, as a result has them.
    std::string selected() const;
    /// ` and "deleted_at" is null`, with this before it.
    std::string not_removed(std::string_view before) const;
    /// A column as a condition compares it, and the type of what it is compared with.
    std::string compared(std::size_t column) const;
    std::string compared_type(std::size_t column) const;
    /// `"id" = $1`, or of all columns of the key.
    std::string key_condition() const;
    /// The values of a key called `name`, as arguments.
    std::vector<std::string> key_values(std::string_view name) const;
    std::string key_parameter() const;
    /// What every update does beside what was asked for: it makes another version. `before`: of
    /// the column's name where it is read, such as its table.
    std::string always(std::string_view before = {}) const;
    /// `("created_at", "id") > ($2, $3)`, or column by column where they differ in direction.
    std::string behind() const;

 protected:
    const Table& table_;
};

/// Row, Key, New, Changes and Cursor.
void write_table_types(Writer& header, Writer& source, const Table& table);

}  // namespace caisson::queries

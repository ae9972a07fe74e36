// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "drivers/sql/tree.h"

namespace caisson::lint {

/// The type of a column, as far as its text says: `varchar(20)`.
struct Type {
    std::string name;  ///< As the catalogue has it: int4, varchar, bpchar, timestamptz, serial.
    std::vector<std::int64_t> modifiers;  ///< Length; precision and scale.
    bool is_array = false;

    bool empty() const { return name.empty(); }
    bool is_serial() const;
    /// For people: `integer` for int4.
    std::string text() const;
    bool operator==(const Type&) const = default;
};

/// Of a node of kind TypeName.
Type type_of(sql::Node type_name);

/// Whether ALTER COLUMN … TYPE leaves the rows alone and need not even look at them.
/// Source: PostgreSQL, ATColumnChangeRequiresRewrite and the length coercions of varchar, varbit,
/// numeric, timestamp and interval.
bool changes_without_rewrite(const Type& from, const Type& to);

}  // namespace caisson::lint

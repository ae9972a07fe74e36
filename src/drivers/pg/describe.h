// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/connection.h"
#include "drivers/pg/values.h"

namespace caisson::pg {

/// What the server makes of a statement before it runs: the types of $1, $2, … as it inferred
/// them, and the columns of its rows.
struct Description {
    struct Column {
        std::string name;
        TypeId type = 0;       ///< Of a domain: the type below it.
        TypeId table = 0;      ///< Whose column it is, unchanged; 0: it was computed.
        int table_column = 0;  ///< The number of that column (attnum); 0: computed.
    };
    std::vector<TypeId> parameters;
    std::vector<Column> columns;  ///< None for a statement that gives no rows.
};

/// Prepares it without a name and runs nothing. Errors: as Connection::query().
Description describe(Connection& connection, std::string_view statement);

}  // namespace caisson::pg

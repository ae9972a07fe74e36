// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a blocking connection remembers of the statements that it has prepared. Private to this
/// module.

#include <unordered_map>

#include "drivers/pg/connection.h"
#include "drivers/pg/statements.h"

namespace caisson::pg {

struct Connection::Kept {
    bool is_pooled = false;  ///< A pooler in transaction mode stands in between.
    Statements statements{256};
    std::unordered_map<TypeId, bool> readable;  ///< In binary: types that are not built in.
};

}  // namespace caisson::pg

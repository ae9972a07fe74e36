// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One value of a result, and what an array, a composite or a range consists of.

#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/types.h"

namespace caisson::pg {

/// One value of a result, where it lies in the result.
struct Field {
    TypeId type = type::unknown;
    bool binary = false;
    bool is_null = false;
    std::string_view bytes;
};

namespace detail {

/// What a value was cut into. Most pieces lie in the value itself; what had to be put together
/// anew lies in `made`, whose strings stay where they are when the pieces are moved.
struct Pieces {
    std::vector<Field> fields;
    std::forward_list<std::string> made;
};

}  // namespace detail

}  // namespace caisson::pg

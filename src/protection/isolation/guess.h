// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "protection/isolation/islands.h"

namespace caisson::isolation {

/// What a function might be called with to reach the rows of a tenant.
struct Guesses {
    std::vector<std::string> lists;  ///< Of arguments, as SQL; the likeliest first.
    std::string missing;             ///< An argument that could be nothing but NULL; empty: none.
    bool is_cut = false;             ///< There are more of the likely values than were taken.
};

/// Values are matched by type, whatever domain it is behind, and ordered by whether the function
/// names their table, by the argument's name, by whether they are keys. At most `most` lists, of
/// the first `arity` arguments. Pure.
Guesses guesses_for(const Function& function, std::size_t arity, const Tenant& tenant,
                    std::size_t most);

}  // namespace caisson::isolation

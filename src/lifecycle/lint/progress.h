// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "drivers/sql/tree.h"
#include "lifecycle/lint/state.h"

namespace caisson::lint {

/// What a file did before the statement at hand.
struct Progress {
    std::size_t file = 0;         ///< Its number in the run.
    std::size_t transaction = 0;  ///< Number of the transaction, over all files.
    bool is_down = false;
    bool runs_in_transaction = true;  ///< The runner opens one around the file.
    bool declared_apart = false;      ///< The file says itself that it needs none.
    bool in_block = false;            ///< Between a BEGIN and a COMMIT of its own.
    std::size_t block_offset = 0;     ///< Where that BEGIN stands.
    std::size_t statements = 0;       ///< How many there are that the server gets.
    bool is_utc = false;              ///< It set timezone to UTC.
    bool has_lock_timeout = false;
    bool has_statement_timeout = false;
    bool warned_of_lock_timeout = false;
    bool warned_of_statement_timeout = false;
    std::map<std::string, std::string> enum_values;  ///< Added in this transaction: value, type.
    std::string locked_table;       ///< Locked by DDL in this transaction, and in use by others.
    std::string altered_table;      ///< By the statement just before.
    std::set<std::string> dropped;  ///< Constraints and tables that the file dropped.

    bool in_transaction() const { return runs_in_transaction || in_block; }
};

/// Takes in a statement that stands at `offset` of the file. `transactions` counts those of the
/// whole run; outside a transaction each statement is one.
void advance(Progress& progress, sql::Node statement, std::size_t offset, const State& state,
             std::size_t& transactions);

}  // namespace caisson::lint

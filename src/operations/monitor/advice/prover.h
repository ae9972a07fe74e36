// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Asks the planner, and what it would do with an index that is not there. Private to the module.

#include <optional>
#include <string>

#include "drivers/pg/connection.h"
#include "operations/monitor/advice/facts.h"
#include "operations/monitor/advice/plan.h"

namespace caisson::advice {

/// One transaction that ends in a rollback. Within it a statement that is refused undoes only
/// itself. Threads: one at a time.
class Prover {
 public:
    /// `role`: whom to become, where the connection is the administrator's; empty: nobody.
    /// HypoPG is used where the database has it, and made for the transaction where a role is given
    /// and the server offers it.
    Prover(pg::Connection& connection, const std::string& role);
    Prover(const Prover&) = delete;
    Prover& operator=(const Prover&) = delete;
    ~Prover();

    /// Whether indexes can be tried.
    bool can_try() const { return can_try_; }
    /// The plan for any parameters; nothing for a statement that cannot be prepared by itself, that
    /// the role may not read, or whose plan takes too long.
    std::optional<Plan> plan(const std::string& statement);
    /// Fills in costs, size, and whether the planner took it.
    void prove(Candidate& candidate, const Facts& facts);

 private:
    bool attempt(const std::string& script);

    pg::Connection& connection_;
    bool can_try_ = false;
    std::string schema_;  ///< Of HypoPG, quoted.
};

}  // namespace caisson::advice

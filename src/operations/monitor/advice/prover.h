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

/// One transaction that reads only and ends in a rollback. Within it a statement that is refused
/// undoes only itself. Planning runs functions that strangers wrote, so the session must be that of
/// a role who may read and nothing else: SET ROLE of a mightier one would be undone by them.
/// Threads: one at a time.
class Prover {
 public:
    /// `connection`: as `_advisor`. Indexes are tried where the database has HypoPG.
    explicit Prover(pg::Connection& connection);
    Prover(const Prover&) = delete;
    Prover& operator=(const Prover&) = delete;
    ~Prover();

    /// Whether indexes can be tried.
    bool can_try() const { return can_try_; }
    /// The plan for any parameters; nothing for a statement that cannot be prepared by itself, that
    /// the role may not read, or whose plan takes too long.
    std::optional<Plan> plan(const std::string& statement);
    /// What the server said when it refused last.
    const std::string& refusal() const { return refusal_; }
    /// Fills in costs, size, and whether the planner took it.
    void prove(Candidate& candidate, const Facts& facts);

 private:
    /// One statement, whatever the text holds. False: it was refused.
    bool attempt(const std::string& statement);
    bool prepare(const std::string& statement);

    pg::Connection& connection_;
    bool can_try_ = false;
    std::string schema_;  ///< Of HypoPG, quoted.
    std::string refusal_;
};

}  // namespace caisson::advice

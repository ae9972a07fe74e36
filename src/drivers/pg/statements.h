// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The statements that one connection has prepared: at most so many, the least recently used goes
/// first. Private to this module.

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "drivers/pg/request.h"

namespace caisson::pg {

/// Asks of types, $1, which of them are read in binary as those that are built in: enums and
/// composites of the database, and arrays of them; what an extension made of its own is not. Rows
/// of `id` and `readable`.
const Statement& readable_types();

struct Prepared {
    Statement statement;
    std::string name;
    bool is_ready = false;
    bool is_binary = true;                ///< All columns are of types that are read in binary.
    std::vector<TypeId> parameters;       ///< As the server inferred them.
    std::vector<RequestPointer> waiting;  ///< Until it is ready.
};

class Statements {
 public:
    explicit Statements(std::size_t limit) : limit_(limit) {}

    /// The one that was asked for, now the most recently used; or nullptr. Valid until it is
    /// forgotten or evicted.
    Prepared* find(const Statement& statement);
    /// A new one, not ready yet, under a name that this connection has not used before; or without
    /// one, where the connection keeps none.
    Prepared& add(const Statement& statement, bool is_named);
    /// Gives back what waited for it.
    std::vector<RequestPointer> forget(const Statement& statement);
    /// Forgets all, and gives back whatever waited.
    std::vector<RequestPointer> clear();
    /// Takes out the least recently used while there are too many; the names that the server may
    /// forget, too. What is not ready stays.
    std::vector<std::string> evict();
    template <typename Visit>
    void for_each_waiting(Visit visit) {
        for (auto& prepared : by_use_) {
            for (auto& request : prepared.waiting) {
                visit(*request);
            }
        }
    }
    std::size_t size() const { return by_text_.size(); }

 private:
    struct Hash {
        std::size_t operator()(const Statement& statement) const { return statement.hash(); }
    };
    std::size_t limit_;
    std::uint64_t named_ = 0;
    std::list<Prepared> by_use_;  ///< The most recently used first.
    std::unordered_map<Statement, std::list<Prepared>::iterator, Hash> by_text_;
};

}  // namespace caisson::pg

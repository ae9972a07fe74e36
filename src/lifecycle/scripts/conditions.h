// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/sql/query.h"

namespace caisson::scripts {

/// A truth value as psql reads it: true, false, yes, no, on, off or a beginning of them, 1, 0;
/// nothing for everything else.
std::optional<bool> boolean_of(std::string_view text);

/// The nested \if … \elif … \else … \endif of one file. Text in a branch that is not taken leaves
/// the statement around it as it was.
class Conditions {
 public:
    enum class Fault { none, no_if, after_else };

    bool is_active() const { return levels_.empty() || is_taken(levels_.back().state); }
    bool is_open() const { return !levels_.empty(); }
    /// Whether the condition of an \if (or \elif) is to be evaluated here, or only passed over.
    bool evaluates_if() const { return is_active(); }
    bool evaluates_elif() const {
        return !levels_.empty() && levels_.back().state == State::untaken;
    }

    /// `query` is the statement they stand in; what is given back takes its place, if anything.
    void begin(bool condition, const sql::Query& query);
    Fault turn(bool condition, const sql::Query& query, std::optional<sql::Query>& restored);
    Fault otherwise(const sql::Query& query, std::optional<sql::Query>& restored);
    Fault end(std::optional<sql::Query>& restored);

 private:
    enum class State {
        taken,
        untaken,  ///< No branch was taken yet.
        ignored,  ///< One was taken before, or the whole \if stands in an untaken branch.
        else_taken,
        else_untaken,
    };
    struct Level {
        State state = State::taken;
        sql::Query saved;
    };
    static bool is_taken(State state) {
        return state == State::taken || state == State::else_taken;
    }
    void move(State state, const sql::Query& query, std::optional<sql::Query>& restored);

    std::vector<Level> levels_;
};

}  // namespace caisson::scripts

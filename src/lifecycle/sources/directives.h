// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace caisson::sources {

/// A boolean expression of SQL, or a query that gives one boolean.
struct Condition {
    std::string sql;  ///< Without a final semicolon.
    Place place;
};

/// What a file says about itself, in comments that have a line of their own:
///     -- caisson: no-transaction
///     -- caisson: feature blockchain
///     -- caisson: description what it does, for people
///     -- caisson: require exists (select from users where email is null)
///     -- caisson: ensure not exists (select from users where email is null)
///     -- caisson: irreversible the old column held what nobody may keep
///     -- caisson: lock-timeout 2s
///     -- caisson: revision ced8f3f148bb
///     -- caisson: parent 27c6a30d7c24, 8d2f5b1e9a10
struct Directives {
    bool no_transaction = false;
    std::string feature;             ///< Empty: belongs everywhere.
    std::string description;         ///< Several lines are joined by a space.
    std::vector<Condition> require;  ///< Must hold before the file.
    std::vector<Condition> ensure;   ///< Must hold after it.
    std::string irreversible;        ///< Why it has no way back; empty: it has one.
    /// How long its statements wait for the lock of a table, where it is not what [migrations]
    /// says. Zero: for ever.
    std::optional<std::chrono::milliseconds> lock_timeout;
    std::string revision;              ///< Its id, where ids are not numbers.
    std::vector<std::string> parents;  ///< Revisions that it builds on.
};

/// A mistake in a file.
struct Mistake {
    Place place;
    std::string message;
};

/// Reads them; `file` names the text in the places of mistakes, which are added to the list. Lines
/// inside quotes, function bodies and block comments are not directives. Threads: any.
Directives read_directives(std::string_view text, const std::string& file,
                           std::vector<Mistake>& mistakes);

}  // namespace caisson::sources

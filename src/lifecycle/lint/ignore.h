// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/sql/split.h"
#include "lifecycle/lint/rule.h"

namespace caisson::lint {

/// A comment that silences rules:
///     -- caisson: lint-ignore RULE[, RULE] [reason]      for the next statement
///     -- caisson: lint-ignore-file RULE[, RULE] [reason] for the whole file
/// and those of squawk (`squawk-ignore`, `squawk-ignore-file`) and Atlas (`atlas:nolint`, for the
/// whole file when it stands above everything with an empty line below). Without a rule: all.
/// At the end of a line that holds a statement it is for that statement.
struct Ignore {
    std::size_t offset = 0;
    std::size_t length = 0;
    bool whole_file = false;
    std::size_t statement = 0;  ///< Index of the one it is for.
    struct Name {
        std::string text;
        std::vector<const Rule*> rules;  ///< Empty: no such rule.
        bool used = false;
    };
    std::vector<Name> names;
    bool all = false;  ///< No rule is named.
    bool used = false;

    bool covers(std::size_t statement_index) const {
        return whole_file || statement == statement_index;
    }
};

/// Those of a text that was split into these statements.
std::vector<Ignore> read_ignores(std::string_view text,
                                 const std::vector<sql::Statement>& statements);

}  // namespace caisson::lint

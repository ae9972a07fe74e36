// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::seeds {

/// What must be known of an SQL file before it may run inside our transaction.
struct SqlFile {
    struct Mistake {
        std::size_t offset = 0;
        std::string message;
    };
    /// What is sent at once: statements up to a COPY … FROM STDIN, or one of those with its data.
    struct Piece {
        std::size_t offset = 0;
        std::size_t length = 0;
        bool is_copy = false;
        std::size_t data_offset = 0;
        std::size_t data_length = 0;
        std::vector<std::size_t> statements;  ///< Where each one begins.
    };
    std::vector<Piece> pieces;
    std::size_t statements = 0;
    std::vector<std::string> writes;  ///< Targets of INSERT, UPDATE, MERGE and COPY, as written.
    std::vector<Mistake> mistakes;    ///< Transaction control and psql's own commands.
};

SqlFile read_sql(std::string_view text);

}  // namespace caisson::seeds

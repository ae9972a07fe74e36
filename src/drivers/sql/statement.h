// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::sql {

/// What a runner must know of a statement before it sends it.
enum class StatementKind {
    ordinary,
    begin,           ///< Opens a transaction.
    commit,          ///< Ends one: COMMIT, END, PREPARE TRANSACTION.
    rollback,        ///< ROLLBACK, ABORT; not ROLLBACK TO SAVEPOINT.
    no_transaction,  ///< Refused inside a transaction block: VACUUM, CREATE INDEX CONCURRENTLY, …
    session,         ///< Changes the session and nothing else: SET, RESET, select set_config(…).
    defaults,  ///< Changes what new sessions begin with: ALTER ROLE … SET, ALTER DATABASE … SET.
    copy_in,   ///< COPY … FROM STDIN: its data follow.
    psql_command,  ///< \set, \i, \gexec: psql's, not the server's.
};

/// The first words of a statement, as views into its text.
class Words {
 public:
    static constexpr std::size_t limit = 48;
    struct Word {
        std::string_view text;
        bool in_parentheses = false;
        bool quoted = false;
    };

    std::size_t size() const { return size_; }
    void push_back(const Word& word) { words_[size_++] = word; }
    /// Whether the n-th word outside parentheses is this keyword (in lower case).
    bool is(std::size_t index, std::string_view keyword) const;
    /// Whether the keyword stands anywhere outside parentheses (or inside, when asked).
    bool has(std::string_view keyword, bool inside = false) const;
    /// Words outside parentheses.
    std::size_t outside() const;
    /// CREATE [OR REPLACE] FUNCTION or PROCEDURE.
    bool creates_routine() const;

 private:
    std::array<Word, limit> words_;
    std::size_t size_ = 0;
};

/// Source: the pages of the SQL commands in PostgreSQL's reference, "cannot be executed inside a
/// transaction block".
StatementKind classify(const Words& words);
/// As above, for the text of one statement.
StatementKind classify(std::string_view statement);

/// Whether a BEGIN or COMMIT says nothing more: no isolation level, no AND CHAIN.
bool is_plain_transaction_control(std::string_view statement);

/// What a CREATE INDEX CONCURRENTLY or DROP INDEX CONCURRENTLY works on, as written in the text
/// (quotes included), so that it can be found out whether it happened.
struct ConcurrentIndex {
    bool creates = false;
    std::string name;   ///< For DROP it may say its schema.
    std::string table;  ///< For CREATE only; may say its schema.
};
/// Nothing for other statements, for an index without a name, and for several at once.
std::optional<ConcurrentIndex> concurrent_index(std::string_view statement);

}  // namespace caisson::sql

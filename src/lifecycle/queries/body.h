// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The SQL of one query, token by token: parameters, filters and orders are found here. Private to
/// this module.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/sql/scanner.h"
#include "lifecycle/queries/query.h"

namespace caisson::queries {

/// `-- key: value`, or `-- end`. Offsets are bytes in the file.
struct HeaderLine {
    std::string key;
    std::size_t key_offset = 0;
    std::string_view value;
    std::size_t value_offset = 0;
};
/// A comment that has its line for itself and reads as one; nothing for other comments.
std::optional<HeaderLine> header_line(std::string_view text, const sql::Token& comment);
/// Whether nothing but blanks stands before it in its line.
bool begins_line(std::string_view text, std::size_t offset);
/// `a-z`, digits and `_`, not beginning with a digit.
bool is_snake_case(std::string_view text);

/// Reads the SQL of one query into its pieces. Tokens are given in order.
class Body {
 public:
    Body(std::string_view text, Query& query, std::vector<platform::Mistake>& mistakes)
        : text_(text), query_(query), mistakes_(mistakes) {}

    void take(const sql::Token& token);
    /// A comment: a mark of a filter or an order, or one that is left out.
    void take_comment(const sql::Token& token);
    bool empty() const { return begin_ == 0 && query_.pieces.empty(); }
    /// Whether it was objected to, so that nothing more need be said.
    bool is_refused() const { return refused_; }
    /// The query is over.
    void finish();

 private:
    void add_text(const sql::Token& token);
    void flush();
    bool take_parameter(const sql::Token& token);
    void add_parameter(const sql::Token& word);
    void take_mark(const HeaderLine& line);
    void begin_order(const HeaderLine& line, const Choice& choice);
    void close_block();
    void refuse(std::size_t offset, std::string message, std::string remedy);
    Place place(std::size_t offset) const;
    sql::SourcePosition position(std::size_t offset);

    std::string_view text_;
    Query& query_;
    std::vector<platform::Mistake>& mistakes_;
    std::size_t begin_ = 0;  ///< Of the run of text that is being read, when it is not empty.
    std::size_t end_ = 0;
    int filter_ = -1;
    int order_ = -1;
    std::size_t block_offset_ = 0;  ///< Where the open filter or order begins.
    bool block_is_empty_ = true;
    bool orders_ended_ = false;
    bool ended_ = false;    ///< Its semicolon was there.
    bool refused_ = false;  ///< It was objected to already.
    int brackets_ = 0;
    std::optional<sql::Token> at_;  ///< An `@` that may begin a parameter.
    std::string operators_;         ///< Characters of an operator right before it.
    std::size_t operators_end_ = 0;
    sql::SourcePosition known_;  ///< Places are found going on from here.
};

}  // namespace caisson::queries

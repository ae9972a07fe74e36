// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::seeds {

/// Reads comma-separated values as RFC 4180 defines them, from UTF-8 text without a byte order
/// mark: quotes doubled inside quotes, line ends and commas inside quotes kept, records ended by
/// CRLF, LF or CR. Empty lines are passed over. Views live until the next call of next().
/// Source: RFC 4180.
class CsvReader {
 public:
    struct Field {
        std::string_view text;
        bool quoted = false;  ///< An unquoted empty field is NULL, a quoted one the empty text.
        std::size_t offset = 0;
    };
    struct Mistake {
        std::size_t offset = 0;
        std::string message;
    };

    explicit CsvReader(std::string_view text) : text_(text) {}
    /// The next record; false at the end. What is wrong with it is in mistakes().
    bool next(std::vector<Field>& record);
    const std::vector<Mistake>& mistakes() const { return mistakes_; }

 private:
    Field quoted_field();
    Field bare_field();
    bool at_line_end() const;

    std::string_view text_;
    std::size_t at_ = 0;
    std::deque<std::string> decoded_;
    std::vector<Mistake> mistakes_;
};

}  // namespace caisson::seeds

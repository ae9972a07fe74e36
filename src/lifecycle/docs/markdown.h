// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Text as GitHub Flavored Markdown, so that whatever a comment or a definition holds is shown and
/// never obeyed. Source: GFM specification 0.29 (CommonMark with tables).

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::docs {

/// Prose on one line: escaped, line breaks as blanks.
std::string inline_text(std::string_view text);
/// Prose in a cell of a table: escaped, line breaks as `<br>`.
std::string cell_text(std::string_view text);
/// Prose in paragraphs, which empty lines separate; ends in a line break unless it is empty.
std::string paragraphs(std::string_view text);
/// A span of code on one line, in cells too, where a pipe would end one.
std::string code(std::string_view text);
/// A block of code with a fence longer than any in it.
std::string code_block(std::string_view language, std::string_view text);
/// `### Table users` with an empty line on either side.
std::string heading(int level, std::string_view text);
/// The anchor that GitHub gives a heading: `table-users`. A second one of the same text would get
/// `-1` behind it.
std::string anchor(std::string_view heading_text);

/// A page with one empty line where its parts left several; code stays as it is.
std::string tidy(std::string_view page);

/// A table, whose cells are Markdown already. Nothing where it has no rows.
class Grid {
 public:
    /// A heading that ends in `>` is of a column of figures, aligned to the right.
    explicit Grid(std::vector<std::string> headings) : headings_(std::move(headings)) {}
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    bool empty() const { return rows_.empty(); }
    /// Without the columns in which no row says anything, but for the first.
    std::string text() const;
    /// With all columns: a change in one row changes no other.
    std::string whole_text() const;

 private:
    std::string text_of(const std::vector<std::size_t>& columns) const;

    std::vector<std::string> headings_;
    std::vector<std::vector<std::string>> rows_;
};

/// "a, b and c".
std::string enumeration(const std::vector<std::string>& parts);

}  // namespace caisson::docs

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Lines of C++ and how their parts are written. Private to this module.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lifecycle/queries/generate.h"

namespace caisson::queries {

class Writer {
 public:
    /// One line, indented; the empty one is empty.
    template <typename... Values>
    void line(fmt::format_string<Values...> text, Values&&... values) {
        raw(fmt::format(text, std::forward<Values>(values)...));
    }
    void line() { text_ += '\n'; }
    /// Text that may have braces and lines of its own, of which only the first is indented.
    void raw(std::string_view text);
    /// `/// …`, wrapped; nothing for an empty text. Line breaks in it are kept.
    void doc(std::string_view text);
    /// `NAME(a, b, c)END` in one line, or with a line for as many as fit.
    void call(std::string_view before, const std::vector<std::string>& parts,
              std::string_view after);
    void indent() { depth_ += 4; }
    void outdent() { depth_ -= 4; }
    const std::string& text() const { return text_; }

 private:
    std::string text_;
    std::size_t depth_ = 0;
};

/// How a value of the type is given to a function: `const pg::Uuid& id`, `std::int64_t limit`.
std::string parameter(const Type& type, bool optional, std::string_view name);
/// `std::optional<std::string>`
std::string value_type(std::string_view cpp, bool optional);
/// A raw string literal, whatever is in the text.
std::string raw_string(std::string_view text);
/// "…" on one line.
std::string string_literal(std::string_view text);

void write_enums(Writer& header, Writer& source, const std::vector<Enum>& enums,
                 const std::string& name_space);
void write_table(Writer& header, Writer& source, const Table& table);
/// `business_cache_key(id)` of a query that has a key. `parameters`: their names in C++.
void write_cache_key(Writer& header, Writer& source, const Described& described,
                     const std::vector<std::string>& parameters, std::string_view schema_version);
void write_query(Writer& header, Writer& source, const Described& query, const Facts& facts,
                 const std::string& name_space);

}  // namespace caisson::queries

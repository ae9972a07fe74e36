// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/scale/draw.h"
#include "lifecycle/scale/value.h"

namespace caisson::scale {

/// "{full_name:slug}-{n}@example.com": text with places to fill. `{n}` is the number of the row
/// from 1, `{n:6}` with zeros in front; `{digits:4}`, `{letters:2}` and `{hex:8}` are drawn, and
/// `{number:1-255}` is a number between two; any other name is a column's, with a filter behind a
/// colon if need be: slug, lower, upper, fill. `{{` and `}}` are braces. Pure; threads: any.
class Template {
 public:
    /// Nothing when the text is none; `why` says so then.
    static std::optional<Template> parse(std::string_view text, std::string& why);

    /// Names of columns, in the order in which they first appear.
    const std::vector<std::string>& names() const { return names_; }
    /// `value_of` gives the value of a name by its number.
    void append(std::string& out, Key key, std::uint64_t row,
                const std::function<const Value&(std::size_t name)>& value_of) const;

 private:
    enum class Kind : std::uint8_t { text, row, digits, letters, hex, number, column };
    enum class Filter : std::uint8_t { none, slug, lower, upper, fill };
    struct Part {
        Kind kind = Kind::text;
        std::string text;
        std::uint64_t from = 0;  ///< Of a number; else how many characters.
        std::uint64_t to = 0;
        std::size_t name = 0;
        Filter filter = Filter::none;
    };
    bool add_place(std::string_view inside, std::string& why);

    std::vector<Part> parts_;
    std::vector<std::string> names_;
};

/// Small letters and digits of ASCII with dashes between them; letters of western Europe lose their
/// accents, everything else is left out. Never empty: "x" where nothing is left.
std::string slug(std::string_view text);

}  // namespace caisson::scale

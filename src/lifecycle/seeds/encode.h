// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lifecycle/seeds/records.h"
#include "lifecycle/seeds/target.h"

namespace caisson::seeds {

/// What the input function of a column's type is to read for a value; nothing for NULL. Numbers
/// keep every digit; for json and jsonb the JSON stays as it is written; a JSON array becomes an
/// array of PostgreSQL where the column is one. What else is an object or an array is handed over
/// as JSON: whether the type reads that is the server's to say (vector and text do).
/// `scratch` keeps the text that the view may point into.
std::optional<std::string_view> text_for(const Value& value, const Column& column,
                                         std::string& scratch);

/// What a column gets from a record of a file.
Value value_of(const File& file, const ColumnSource& source, const Record& record,
               std::string_view line);

/// Appends a value in the text format of COPY.
void append_copy_text(std::string& out, std::optional<std::string_view> text);

}  // namespace caisson::seeds

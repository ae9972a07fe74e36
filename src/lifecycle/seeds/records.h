// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The records of a CSV or JSON file, one at a time and as views into its text, whatever the form.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/seeds/json.h"
#include "lifecycle/seeds/seeds.h"

namespace caisson::seeds {

/// One field of a record. `text` is a CSV field; `json` a value of a JSON file.
struct Value {
    enum class Kind { absent, null, text, json };
    Kind kind = Kind::absent;
    std::string_view text;
    JsonValue json;
    std::size_t offset = 0;
};

/// Values by the index of their field; a scalar of a JSON array has the index 0.
struct Record {
    std::size_t offset = 0;
    std::vector<Value> values;
};

/// Names in the order in which they first appear.
struct Fields {
    std::vector<std::string> names;
    std::vector<std::size_t> offsets;
    bool scalars = false;  ///< The file is an array of scalars: there are no names.
};

class Records {
 public:
    virtual ~Records() = default;
    /// The next record; false at the end. It lives until the next call.
    virtual bool next(Record& record) = 0;
    /// Those that have appeared so far; of CSV, all of them from the start.
    const Fields& fields() const { return fields_; }

 protected:
    Fields fields_;
};

/// Called with the offset of a mistake; the record concerned is left out.
using Complain = std::function<void(std::size_t offset, const std::string& message)>;

/// CSV has a header; JSON is an array of objects or of scalars, or an object after the other.
std::unique_ptr<Records> open_records(Format format, std::string_view text, Complain complain);

/// The bytes of a file; `text` is without a byte order mark.
struct Contents {
    explicit Contents(const fs::path& path);
    Contents(const Contents&) = delete;
    Contents& operator=(const Contents&) = delete;
    std::string bytes;
    std::string_view text;
    /// SHA-256 of the text with line ends normalised, without a second copy where there are none.
    std::string checksum() const;
};

/// Counts lines while offsets grow; begins anew when one is smaller.
class LineCounter {
 public:
    explicit LineCounter(std::string_view text) : text_(text) {}
    std::size_t line_at(std::size_t offset);

 private:
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

}  // namespace caisson::seeds

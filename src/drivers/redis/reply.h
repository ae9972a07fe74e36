// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caisson::redis {

/// What Redis answered, as a value. Source: Redis serialization protocol specification (RESP2).
struct Reply {
    enum class Kind { nothing, text, status, integer, list, error };

    Kind kind = Kind::nothing;
    std::string value;  ///< Of a text (any bytes), a status or an error.
    std::int64_t number = 0;
    std::vector<Reply> items;  ///< Of a list.

    bool is_nothing() const { return kind == Kind::nothing; }
    bool is_error() const { return kind == Kind::error; }
    /// A text, status, or integer as text. Errors: internal for other kinds.
    std::string text() const;
    /// As text(); nothing for a nil.
    std::optional<std::string> optional() const;
    /// An integer, or a text that is one. Errors: internal.
    std::int64_t integer() const;
    bool operator==(const Reply&) const = default;
};

}  // namespace caisson::redis

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Patterns of keys in Redis, such as `session:{id}`: text to parts.

#include <string>
#include <string_view>
#include <vector>

namespace caisson::platform {

struct KeyPart {
    enum class Kind {
        literal,  ///< These very bytes.
        word,     ///< `{id}`: one or more characters other than ':'.
        rest,     ///< `{path*}`: one or more characters of any kind.
    };
    Kind kind = Kind::literal;
    std::string text;  ///< The bytes, or the placeholder's name.
    bool operator==(const KeyPart&) const = default;
};

struct KeyPattern {
    std::vector<KeyPart> parts;
    std::string mistake;  ///< What is wrong with the text; empty when nothing is.

    /// The same for patterns that mean the same keys: placeholders without their names.
    std::string meaning() const;
};

/// Pure. `{{` and `}}` stand for the braces themselves, as in the hash tags of Redis Cluster.
KeyPattern parse_key_pattern(std::string_view text);

}  // namespace caisson::platform

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A TOML text as values in the order of the file, each with its place. The TOML library is seen by
/// document.cc alone.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/platform.h"

namespace caisson::platform {

enum class NodeType { text, integer, number, boolean, date, list, section };

struct Member;

/// One value. `text` holds a scalar as people read it, whatever its type.
struct Node {
    NodeType type = NodeType::section;
    Place place;
    std::string text;
    std::int64_t integer = 0;
    double number = 0;
    bool boolean = false;
    std::vector<Node> items;      ///< Of a list.
    std::vector<Member> members;  ///< Of a section, in the order of the file.

    /// The member's value, or null.
    const Node* find(std::string_view key) const;
    bool is(NodeType other) const { return type == other; }
};

struct Member {
    std::string key;
    Place place;  ///< Of the key.
    Node value;
};

/// Text to values; nothing, and a mistake at its place, when the text is not TOML.
std::optional<Node> read_document(const std::string& text, const std::string& file,
                                  std::vector<Mistake>& mistakes);

/// "an integer", "a section": for messages.
std::string_view type_text(NodeType type);

}  // namespace caisson::platform

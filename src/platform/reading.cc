// SPDX-License-Identifier: Apache-2.0
#include "platform/reading.h"

#include <fmt/format.h>

#include "platform/references.h"

namespace caisson::platform {

const std::vector<Member>& members_of(const Node& node, std::string_view name) {
    static const std::vector<Member> none;
    const Node* section = node.find(name);
    return section ? section->members : none;
}

std::vector<std::string> keys_of(const Node& node, std::string_view name) {
    std::vector<std::string> keys;
    for (const auto& member : members_of(node, name)) {
        keys.push_back(member.key);
    }
    return keys;
}

std::string text_of(const Node& section, std::string_view key, const std::string& fallback) {
    const Node* node = section.find(key);
    return node ? node->text : fallback;
}

bool boolean_of(const Node& section, std::string_view key, bool fallback) {
    const Node* node = section.find(key);
    return node ? node->boolean : fallback;
}

std::vector<std::string> texts_of(const Node& section, std::string_view key) {
    const Node* node = section.find(key);
    std::vector<std::string> texts;
    if (node && node->is(NodeType::list)) {
        for (const auto& item : node->items) {
            texts.push_back(item.text);
        }
    } else if (node) {
        texts.push_back(node->text);
    }
    return texts;
}

const std::vector<std::string>& built_in_roles() {
    static const std::vector<std::string> roles = {"owner",   "migrator", "app",
                                                   "service", "backup",   "readonly",
                                                   "auditor", "monitor",  "advisor"};
    return roles;
}

std::string referring_text(Reading& reading, const Node& section, std::string_view key) {
    const Node* node = section.find(key);
    if (!node) {
        return {};
    }
    bool is_broken = false;
    for (auto& name : references_in(node->text, is_broken)) {
        reading.references.push_back({std::move(name), node->place});
    }
    if (is_broken) {
        reading.mistake(
            node->place,
            fmt::format("{} holds \"${{\" without a variable's name and \"}}\"; expected "
                        "${{NAME}}",
                        key));
    }
    return node->text;
}

}  // namespace caisson::platform

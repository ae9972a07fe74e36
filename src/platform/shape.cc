// SPDX-License-Identifier: Apache-2.0
#include "platform/shape.h"

#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/kinds.h"

namespace caisson::platform {
namespace {

/// The table of settings as a tree: what may stand below a section.
struct Rule {
    const Setting* setting = nullptr;
    std::map<std::string, Rule, std::less<>> children;  ///< `*` and `[]` among them.

    const Rule* child(std::string_view key) const {
        const auto found = children.find(key);
        return found == children.end() ? nullptr : &found->second;
    }
    const Rule* member(std::string_view key) const {
        // A user may well write "*" or "[]" as a name: these are not the rules of that name.
        const Rule* named = key == "*" || key == "[]" ? nullptr : child(key);
        return named ? named : child("*");
    }
};

Rule make_rules() {
    Rule root;
    for (const auto& setting : settings()) {
        Rule* rule = &root;
        for (const auto& part : split(setting.path, '.')) {
            const bool is_item = part.ends_with("[]");
            rule = &rule->children[is_item ? part.substr(0, part.size() - 2) : part];
            if (is_item) {
                rule = &rule->children["[]"];
            }
        }
        rule->setting = &setting;
    }
    return root;
}

const Rule& rules() {
    static const Rule root = make_rules();
    return root;
}

bool is_secret(std::string_view path) {
    return path.ends_with(".password") || path.ends_with(".url");
}

class Walk {
 public:
    explicit Walk(std::vector<Mistake>& mistakes) : mistakes_(mistakes) {}

    Node section(const Node& node, const Rule& rule, const std::string& path) {
        Node result = node;
        result.members.clear();
        for (const auto& member : node.members) {
            const Rule* below = rule.member(member.key);
            if (!below) {
                unknown(member, rule, path);
            } else if (auto value = check(member.value, *below, path_text(path, member.key))) {
                result.members.push_back({member.key, member.place, std::move(*value)});
            }
        }
        for (const auto& [key, below] : rule.children) {
            if (below.setting && below.setting->required && !node.find(key)) {
                missing(node, path, key, *below.setting);
            }
        }
        return result;
    }

 private:
    std::optional<Node> check(const Node& node, const Rule& rule, const std::string& path) {
        const auto& kind = rule.setting->kind;
        if (!fits(kind, node)) {
            mistakes_.push_back(
                {node.place,
                 fmt::format("{} {}; expected {}", path,
                             found_text(node, is_secret(path) || kind == "reference"),
                             expected_text(kind)),
                 {}});
            return std::nullopt;
        }
        if (node.is(NodeType::section)) {
            return section(node, rule, path);
        }
        if (const Rule* item_rule = rule.child("[]"); item_rule && node.is(NodeType::list)) {
            Node result = node;
            result.items.clear();
            for (std::size_t i = 0; i < node.items.size(); ++i) {
                if (auto item =
                        check(node.items[i], *item_rule, fmt::format("{}[{}]", path, i + 1))) {
                    result.items.push_back(std::move(*item));
                }
            }
            return result;
        }
        return node;
    }

    void unknown(const Member& member, const Rule& rule, const std::string& path) {
        const bool is_section = member.value.is(NodeType::section);
        std::vector<std::string> known;
        for (const auto& [key, below] : rule.children) {
            if (key != "*" && key != "[]") {
                known.push_back(key);
            }
        }
        mistakes_.push_back({member.place,
                             fmt::format("unknown {} {}{}", is_section ? "section" : "setting",
                                         path_text({}, member.key),
                                         path.empty() ? "" : fmt::format(" in [{}]", path)),
                             suggestion(member.key, known)});
    }

    void missing(const Node& node, const std::string& path, const std::string& key,
                 const Setting& setting) {
        if (setting.kind == "section") {
            mistakes_.push_back(
                {node.place, fmt::format("there is no section [{}]", path_text(path, key)),
                 key == "databases" ? "declare at least one database, such as [databases.main]"
                                    : fmt::format("add [{}]", path_text(path, key))});
        } else {
            mistakes_.push_back(
                {node.place,
                 fmt::format("[{}] has no {}; expected {}", path, key, expected_text(setting.kind)),
                 fmt::format("add {} = …", key)});
        }
    }

    std::vector<Mistake>& mistakes_;
};

}  // namespace

Node check_shape(const Node& document, std::vector<Mistake>& mistakes) {
    return Walk(mistakes).section(document, rules(), {});
}

std::string path_text(std::string_view parent, std::string_view key) {
    const bool is_bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
    std::string text(key);
    if (!is_bare) {
        std::replace_if(
            text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; },
            ' ');
        text = "\"" + text + "\"";
    }
    return parent.empty() ? text : fmt::format("{}.{}", parent, text);
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
    if (const auto near = nearest(word, known); !near.empty()) {
        return fmt::format("did you mean \"{}\"?", near);
    }
    return known.empty() ? std::string() : fmt::format("known here: {}", join(known, ", "));
}

}  // namespace caisson::platform

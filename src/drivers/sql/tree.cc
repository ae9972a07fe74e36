// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/tree.h"

#include <algorithm>
#include <string>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <pg_query.h>

#include "base/text.h"
#include "drivers/sql/scanner.h"

namespace caisson::sql {
namespace {

namespace json = boost::json;

const json::object& fields_of(const void* fields) {
    return *static_cast<const json::object*>(fields);
}

const json::value* find(const void* fields, std::string_view name) {
    if (fields == nullptr) {
        return nullptr;
    }
    const auto& object = fields_of(fields);
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &found->value();
}

/// `{"Kind": {…}}`: what a field holds that can hold several kinds.
bool is_wrapped(const json::object& object) {
    if (object.size() != 1) {
        return false;
    }
    const auto key = object.begin()->key();
    return !key.empty() && key.front() >= 'A' && key.front() <= 'Z' &&
           object.begin()->value().is_object();
}

bool is_too_large(std::string_view statement) {
    if (statement.size() <= longest_tree) {
        return false;
    }
    std::size_t tokens = 0;
    Scanner scanner(statement);
    while (const auto token = scanner.next()) {
        if (statement[token->offset] != ',' && ++tokens > longest_tree) {
            return true;
        }
    }
    return false;
}

json::parse_options trusting() {
    json::parse_options options;
    options.max_depth = 4 * longest_tree;
    options.allow_invalid_utf8 = true;
    return options;
}

/// The memory of a tree and the tree in it: given back in one go. A value keeps to the memory that
/// it was made with, so it is made in its place.
struct Held {
    explicit Held(const char* text) : document(json::parse(text, failure, &memory, trusting())) {}

    json::monotonic_resource memory;
    json::error_code failure;
    json::value document;
};

}  // namespace

Node Node::of(const void* value) {
    Node node;
    const auto& found = *static_cast<const json::value*>(value);
    if (!found.is_object()) {
        return node;
    }
    const auto& object = found.get_object();
    if (is_wrapped(object)) {
        node.kind_ = object.begin()->key();
        node.fields_ = &object.begin()->value().get_object();
    } else {
        node.fields_ = &object;
    }
    return node;
}

Node Node::operator[](std::string_view field) const {
    const auto* const value = find(fields_, field);
    return value ? of(value) : Node();
}

std::string_view Node::text(std::string_view field) const {
    const auto* const value = find(fields_, field);
    return value && value->is_string() ? std::string_view(value->get_string()) : "";
}

bool Node::flag(std::string_view field) const {
    const auto* const value = find(fields_, field);
    return value && value->is_bool() && value->get_bool();
}

std::int64_t Node::number(std::string_view field) const {
    const auto* const value = find(fields_, field);
    return value && value->is_int64() ? value->get_int64() : 0;
}

std::vector<Node> Node::list(std::string_view field) const {
    std::vector<Node> nodes;
    const auto* const value = find(fields_, field);
    if (value && value->is_array()) {
        nodes.reserve(value->get_array().size());
        for (const auto& item : value->get_array()) {
            nodes.push_back(of(&item));
        }
    } else if (value) {
        const auto node = of(value);
        return node.is("List") ? node.list("items") : nodes;
    }
    return nodes;
}

void Node::each(const std::function<void(Node)>& visit) const {
    // A stack of our own: chains of operators are deeper than ours of calls.
    std::vector<Node> waiting{*this};
    while (!waiting.empty()) {
        const auto node = waiting.back();
        waiting.pop_back();
        if (!node) {
            continue;
        }
        visit(node);
        const auto below = waiting.size();
        for (const auto& field : fields_of(node.fields_)) {
            if (field.value().is_object()) {
                waiting.push_back(of(&field.value()));
            } else if (field.value().is_array()) {
                for (const auto& item : field.value().get_array()) {
                    waiting.push_back(of(&item));
                }
            }
        }
        std::reverse(waiting.begin() + static_cast<std::ptrdiff_t>(below), waiting.end());
    }
}

ParsedTree parse_tree(std::string_view statement) {
    ParsedTree parsed;
    if (is_too_large(statement)) {
        return parsed;
    }
    const std::string terminated(statement);
    auto result = pg_query_parse(terminated.c_str());
    if (result.error != nullptr) {
        // cursorpos counts characters from 1; 0 means that the parser does not know.
        const auto character = static_cast<std::size_t>(std::max(result.error->cursorpos, 1)) - 1;
        parsed.mistake =
            SyntaxMistake{byte_of_character(statement, character), result.error->message};
    } else {
        const auto held = std::make_shared<Held>(result.parse_tree);
        if (!held->failure) {
            const auto statements = Node::of(&held->document).list("stmts");
            if (!statements.empty() && statements.front()["stmt"]) {
                parsed.tree.emplace();
                parsed.tree->root_ = statements.front()["stmt"];
                parsed.tree->held_ = held;
            }
        }
    }
    pg_query_free_parse_result(result);
    return parsed;
}

}  // namespace caisson::sql

// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include <fmt/format.h>

#include "base/crypto.h"
#include "lifecycle/scale/declaration.h"

namespace caisson::scale {
namespace {

using platform::Node;
using platform::NodeType;

/// A node as one text, whatever its layout in the file was.
void dump(std::string& out, const Node& node) {
    switch (node.type) {
        case NodeType::section:
            out += '{';
            for (const auto& member : node.members) {
                out += fmt::format("{}:{}=", member.key.size(), member.key);
                dump(out, member.value);
            }
            out += '}';
            return;
        case NodeType::list:
            out += '[';
            for (const auto& item : node.items) {
                dump(out, item);
            }
            out += ']';
            return;
        default:
            out +=
                fmt::format("{}{}:{};", static_cast<int>(node.type), node.text.size(), node.text);
    }
}

void dump(std::string& out, const List& list) {
    for (const auto& column : list.columns) {
        out += fmt::format("{}:{},", column.size(), column);
    }
    for (const auto& row : list.rows) {
        for (const auto& cell : row) {
            std::string text;
            append_text(text, cell);
            out += fmt::format("{}{}:{};", static_cast<int>(cell.kind), text.size(), text);
        }
    }
    for (const double weight : list.weights) {
        out += fmt::format("{},", weight);
    }
}

/// Every section of a column, the column's own first.
void each_section(const Node& node, const std::function<void(const Node&)>& take) {
    if (node.is(NodeType::section)) {
        take(node);
        for (const auto& member : node.members) {
            each_section(member.value, take);
        }
    }
    for (const auto& item : node.items) {
        each_section(item, take);
    }
}

class Digesting {
 public:
    Digesting(const Declaration& declaration, double factor)
        : declaration_(declaration), factor_(factor), digests_(declaration.tables.size()) {}

    std::vector<std::string> run() {
        for (std::size_t i = 0; i < digests_.size(); ++i) {
            digest(i);
        }
        return std::move(digests_);
    }

 private:
    std::string digest(std::size_t number) {
        if (!digests_[number].empty()) {
            return digests_[number];
        }
        digests_[number] = "circle";  // compile() has refused it.
        const auto& table = declaration_.tables[number];
        std::string text =
            fmt::format("{} {} {} {} {}\n", declaration_.seed, factor_, table.name.schema,
                        table.name.name, table.rows ? std::to_string(*table.rows) : "each");
        for (const auto& column : table.columns) {
            text += fmt::format("{}:{}=", column.name.size(), column.name);
            dump(text, column.node);
            each_section(column.node, [&](const Node& section) { add_sources(text, section); });
        }
        digests_[number] = sha256_hex(text);
        return digests_[number];
    }

    /// What a maker takes from elsewhere.
    void add_sources(std::string& text, const Node& section) {
        const auto* const make = section.find("make");
        if (!make) {
            return;
        }
        if (const auto* const list = section.find("list")) {
            if (const auto* const found = declaration_.list(list->text)) {
                dump(text, *found);
            }
        }
        const auto* const other = section.find(make->text == "children" ? "of" : "to");
        const auto name =
            other && other->is(NodeType::text) ? column_name(other->text) : std::nullopt;
        const auto* const table = name ? declaration_.table(name->table) : nullptr;
        if (!table) {
            return;
        }
        if (make->text == "reference") {
            text += digest(static_cast<std::size_t>(table - declaration_.tables.data()));
        } else if (make->text == "children") {
            // The count follows from that one column; a sum from whatever the table says.
            for (const auto& column : table->columns) {
                if (column.name == name->column || section.find("sum")) {
                    dump(text, column.node);
                }
            }
        }
    }

    const Declaration& declaration_;
    double factor_;
    std::vector<std::string> digests_;
};

}  // namespace

std::vector<std::string> digests(const Declaration& declaration, double factor) {
    return Digesting(declaration, factor).run();
}

}  // namespace caisson::scale

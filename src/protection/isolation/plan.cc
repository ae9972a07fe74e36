// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/plan.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "drivers/sql/scanner.h"

namespace caisson::isolation {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& node, std::string_view name) {
    const auto found = node.find(name);
    return found != node.end() && found->value().is_string()
               ? std::string(found->value().get_string())
               : "";
}

template <typename Work>
void each_below(const json::object& node, Work&& work) {
    if (const auto below = node.find("Plans"); below != node.end()) {
        for (const auto& each : below->value().get_array()) {
            work(each.get_object());
        }
    }
}

bool has_index_condition(const json::object& node) {
    if (node.contains("Index Cond") || node.contains("TID Cond")) {
        return true;
    }
    // A bitmap's conditions are those of the nodes below it.
    bool found = false;
    if (text_of(node, "Node Type").starts_with("Bitmap")) {
        each_below(node,
                   [&](const json::object& each) { found = found || has_index_condition(each); });
    }
    return found;
}

/// Every expression of a node and of those below it, with spaces between.
void add_expressions(const json::object& node, std::string& text) {
    for (const std::string_view name :
         {"Filter", "Index Cond", "Recheck Cond", "Join Filter", "Hash Cond", "Merge Cond"}) {
        text += " " + text_of(node, name);
    }
    if (const auto output = node.find("Output"); output != node.end()) {
        for (const auto& each : output->value().get_array()) {
            text += " " + std::string(each.get_string());
        }
    }
    each_below(node, [&](const json::object& each) { add_expressions(each, text); });
}

std::string each_row_of(const json::object& node) {
    const auto filter = text_of(node, "Filter");
    auto text = filter;
    each_below(node, [&](const json::object& each) {
        // What is hashed, or goes ahead as an InitPlan, is worked out once.
        const auto name = text_of(each, "Subplan Name");
        if (!name.empty() && filter.find("(" + name + ")") != std::string::npos) {
            add_expressions(each, text);
        }
    });
    return text;
}

void collect(const json::object& node, const std::string& alias, std::vector<Scan>& scans) {
    const auto name = text_of(node, "Alias");
    if (text_of(node, "Node Type").ends_with("Scan") && !text_of(node, "Relation Name").empty() &&
        (name == alias || name.starts_with(alias + "_"))) {
        scans.push_back({text_of(node, "Node Type"), text_of(node, "Filter"), each_row_of(node),
                         has_index_condition(node)});
    }
    each_below(node, [&](const json::object& each) { collect(each, alias, scans); });
}

}  // namespace

std::vector<Scan> scans_of(std::string_view document, const std::string& alias) {
    const auto parsed = json::parse(document);
    std::vector<Scan> scans;
    collect(parsed.at(0).at("Plan").get_object(), alias, scans);
    return scans;
}

bool calls(std::string_view expression, const std::string& function) {
    const auto bare = function.substr(function.rfind('.') + 1);
    std::string before;     // The last name.
    std::string qualified;  // With what stands before its dot.
    bool is_after_dot = false;
    sql::Scanner scanner(expression);
    while (const auto token = scanner.next()) {
        const auto text = std::string(expression.substr(token->offset, token->length));
        if (token->kind == sql::TokenKind::open) {
            if (qualified == function || (qualified == before && before == bare)) {
                return true;
            }
        }
        if (text == ".") {
            is_after_dot = true;
            continue;
        }
        qualified = is_after_dot ? before + "." + text : text;
        before = text;
        is_after_dot = false;
    }
    return false;
}

}  // namespace caisson::isolation

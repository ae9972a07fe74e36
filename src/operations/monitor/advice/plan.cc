// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/plan.h"

#include <algorithm>
#include <array>

#include <boost/json/parse.hpp>

#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::advice {
namespace {

std::string text_in(const boost::json::object& node, std::string_view key) {
    const auto* const value = node.if_contains(key);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

double number_in(const boost::json::object& node, std::string_view key) {
    const auto* const value = node.if_contains(key);
    return value && value->is_number() ? value->to_number<double>() : 0;
}

/// Walks over text outside of parentheses, strings and quoted names, and calls `at` there.
template <typename At>
void walk(std::string_view text, const At& at) {
    int depth = 0;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote) {
            quote = c == quote ? '\0' : quote;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '(' || c == '[') {
            ++depth;
        } else if (c == ')' || c == ']') {
            --depth;
        } else if (depth == 0 && at(i)) {
            return;
        }
    }
}

/// Without the parentheses that hold all of it.
std::string_view bare(std::string_view text) {
    text = trim(text);
    while (text.size() > 1 && text.front() == '(' && text.back() == ')') {
        // Whether the first one is closed by the last one.
        int depth = 0;
        char quote = 0;
        std::size_t end = 0;
        for (std::size_t i = 0; i < text.size() && end == 0; ++i) {
            const char c = text[i];
            if (quote) {
                quote = c == quote ? '\0' : quote;
            } else if (c == '\'' || c == '"') {
                quote = c;
            } else if (c == '(') {
                ++depth;
            } else if (c == ')' && --depth == 0) {
                end = i;
            }
        }
        if (end + 1 != text.size()) {
            break;
        }
        text = trim(text.substr(1, text.size() - 2));
    }
    return text;
}

std::vector<std::string_view> parts_of(std::string_view text, std::string_view word) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    walk(text, [&](std::size_t i) {
        if (text.substr(i).starts_with(word)) {
            parts.push_back(text.substr(begin, i - begin));
            begin = i + word.size();
        }
        return false;
    });
    parts.push_back(text.substr(begin));
    return parts;
}

std::string unquoted(std::string_view name) {
    if (name.size() > 1 && name.front() == '"' && name.back() == '"') {
        return replace_all(std::string(name.substr(1, name.size() - 2)), "\"\"", "\"");
    }
    return std::string(name);
}

/// `o.email` or `(o.email)::text` to `email`; empty for everything else.
std::string column_of(std::string_view side, std::string_view alias) {
    side = bare(side);
    std::size_t cast = std::string_view::npos;
    walk(side, [&](std::size_t i) {
        if (side.substr(i).starts_with("::")) {
            cast = i;
            return true;
        }
        return false;
    });
    if (cast != std::string_view::npos) {
        const auto type = side.substr(cast + 2);
        // Only what compares as the column does: a varchar as text.
        if (type != "text") {
            return {};
        }
        side = bare(side.substr(0, cast));
    }
    if (!side.starts_with(alias) || side.size() <= alias.size() || side[alias.size()] != '.') {
        return {};
    }
    const auto name = side.substr(alias.size() + 1);
    const bool is_quoted = name.front() == '"';
    const bool is_plain = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
               static_cast<unsigned char>(c) >= 0x80;
    });
    return is_quoted || is_plain ? unquoted(name) : std::string();
}

bool mentions(std::string_view text, std::string_view alias) {
    return text.find(std::string(alias) + ".") != std::string_view::npos;
}

void condition_of(std::string_view condition, std::string_view alias, Scan& scan) {
    struct Operator {
        std::string_view text;
        bool is_equal;
    };
    constexpr std::array<Operator, 5> operators = {
        {{" <= ", false}, {" >= ", false}, {" < ", false}, {" > ", false}, {" = ", true}}};
    for (const auto& each : operators) {
        const auto sides = parts_of(condition, each.text);
        if (sides.size() != 2) {
            continue;
        }
        const auto left = column_of(sides[0], alias);
        const auto right = column_of(sides[1], alias);
        const auto& column = left.empty() ? right : left;
        const auto other = left.empty() ? sides[0] : sides[1];
        const bool is_list = trim(other).starts_with("ANY (");
        if (column.empty() || mentions(other, alias) || trim(other).starts_with("ALL (") ||
            (is_list && !each.is_equal)) {
            return;
        }
        auto& columns = each.is_equal ? scan.equal : scan.ranged;
        if (std::ranges::find(columns, column) == columns.end()) {
            columns.push_back(column);
        }
        return;
    }
}

void visit(const boost::json::object& node, Plan& plan) {
    const auto kind = text_in(node, "Node Type");
    if (const auto index = text_in(node, "Index Name"); !index.empty()) {
        plan.indexes.push_back(index);
    }
    const auto filter = text_in(node, "Filter");
    if (kind == "Seq Scan" && !filter.empty()) {
        Scan scan{text_in(node, "Schema"),
                  text_in(node, "Relation Name"),
                  {},
                  {},
                  number_in(node, "Plan Rows")};
        const auto alias = text_in(node, "Alias");
        conditions_of(filter, alias, scan);
        if (scan.equal.empty() && scan.ranged.empty()) {
            conditions_of(filter, pg::identifier(alias), scan);
        }
        if (!scan.equal.empty() || !scan.ranged.empty()) {
            plan.scans.push_back(std::move(scan));
        }
    }
    if (const auto* const children = node.if_contains("Plans")) {
        for (const auto& child : children->as_array()) {
            visit(child.as_object(), plan);
        }
    }
}

}  // namespace

void conditions_of(std::string_view filter, std::string_view alias, Scan& scan) {
    const auto whole = bare(filter);
    if (parts_of(whole, " OR ").size() > 1) {
        return;
    }
    for (const auto part : parts_of(whole, " AND ")) {
        const auto condition = bare(part);
        if (parts_of(condition, " AND ").size() > 1) {
            conditions_of(condition, alias, scan);
        } else if (parts_of(condition, " OR ").size() == 1) {
            condition_of(condition, alias, scan);
        }
    }
}

Plan parse_plan(std::string_view json) {
    const auto document = boost::json::parse(json);
    const auto& root = document.as_array().at(0).as_object().at("Plan").as_object();
    Plan plan;
    plan.cost = number_in(root, "Total Cost");
    visit(root, plan);
    return plan;
}

}  // namespace caisson::advice

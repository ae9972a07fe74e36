// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/settings.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/scale/moment.h"
#include "platform/values.h"

namespace caisson::scale {

using platform::Node;
using platform::NodeType;

const Node* Settings::find(std::string_view name) {
    asked_.emplace_back(name);
    return section_.find(name);
}

const Node* Settings::need(std::string_view name) {
    const auto* const node = find(name);
    if (!node) {
        mistake(fmt::format("the setting {} is missing", name));
    }
    return node;
}

void Settings::mistake(const Node& node, const std::string& message) {
    mistakes_.add(node.place, message);
}

std::optional<std::string> Settings::text(std::string_view name) {
    const auto* const node = find(name);
    if (!node) {
        return std::nullopt;
    }
    if (!node->is(NodeType::text)) {
        mistake(*node,
                fmt::format("{} is {}; expected a string", name, platform::type_text(node->type)));
        return std::nullopt;
    }
    return node->text;
}

std::optional<std::string> Settings::needed_text(std::string_view name) {
    return need(name) ? text(name) : std::nullopt;
}

std::optional<std::int64_t> Settings::integer(std::string_view name) {
    const auto* const node = find(name);
    if (!node) {
        return std::nullopt;
    }
    if (!node->is(NodeType::integer)) {
        mistake(*node, fmt::format("{} is {}; expected an integer", name,
                                   platform::type_text(node->type)));
        return std::nullopt;
    }
    return node->integer;
}

std::optional<double> Settings::number(std::string_view name) {
    const auto* const node = find(name);
    if (!node) {
        return std::nullopt;
    }
    if (!node->is(NodeType::integer) && !node->is(NodeType::number)) {
        mistake(*node,
                fmt::format("{} is {}; expected a number", name, platform::type_text(node->type)));
        return std::nullopt;
    }
    return node->number;
}

std::optional<Int128> Settings::digits(std::string_view name, int scale) {
    const auto* const node = find(name);
    if (!node) {
        return std::nullopt;
    }
    const auto value = parse_decimal(node->text);
    if (!value || node->is(NodeType::list) || node->is(NodeType::section)) {
        mistake(*node, fmt::format("{} is {}; expected a number of at most 38 digits", name,
                                   platform::type_text(node->type)));
        return std::nullopt;
    }
    try {
        const auto fitted = rescaled(*value, scale);
        if (compare(fitted, *value) == 0) {
            return fitted.digits;
        }
    } catch (const Error&) {
        // Too many digits, as the other way of not fitting.
    }
    mistake(*node,
            fmt::format("{} is {}; expected {}", name, node->text,
                        scale == 0 ? "a whole number"
                                   : fmt::format("a number with at most {} decimals", scale)));
    return std::nullopt;
}

std::optional<double> Settings::share(std::string_view name) {
    const auto value = number(name);
    if (value && !(*value >= 0 && *value <= 1)) {
        mistake(*find(name), fmt::format("{} is {}; expected 0 to 1", name, *value));
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> Settings::moment(std::string_view name) {
    const auto* const node = find(name);
    if (!node) {
        return std::nullopt;
    }
    const bool may_be = node->is(NodeType::text) || node->is(NodeType::date);
    const auto value = may_be ? parse_moment(node->text) : std::nullopt;
    if (!value) {
        mistake(*node, fmt::format("{} is no date or time; expected 2026-01-31 or "
                                   "2026-01-31T08:00:00Z",
                                   name));
    }
    return value;
}

std::optional<std::int64_t> Settings::duration(std::string_view name) {
    const auto* const node = find(name);
    if (!node) {
        return std::nullopt;
    }
    const auto value =
        node->is(NodeType::text) ? platform::parse_duration(node->text) : std::nullopt;
    if (!value) {
        mistake(*node, fmt::format("{} is no duration; expected such as \"30d\", \"1h30m\"", name));
        return std::nullopt;
    }
    return std::int64_t{value->count()} * 1000;
}

std::optional<std::int64_t> Settings::needed_moment(std::string_view name) {
    return need(name) ? moment(name) : std::nullopt;
}

std::optional<std::int64_t> Settings::needed_duration(std::string_view name) {
    return need(name) ? duration(name) : std::nullopt;
}

std::optional<Settings::Range> Settings::range(std::string_view name) {
    const auto* const node = find(name);
    if (!node) {
        return std::nullopt;
    }
    if (node->is(NodeType::integer) && node->integer >= 0) {
        return Range{node->integer, node->integer};
    }
    if (node->is(NodeType::list) && node->items.size() == 2 &&
        node->items[0].is(NodeType::integer) && node->items[1].is(NodeType::integer) &&
        node->items[0].integer >= 0 && node->items[0].integer <= node->items[1].integer) {
        return Range{node->items[0].integer, node->items[1].integer};
    }
    mistake(*node,
            fmt::format("{} is neither a number from 0 nor two of them, such as [1, 3]", name));
    return std::nullopt;
}

std::optional<Shape::Kind> Settings::kind() {
    const auto name = text("shape");
    if (!name) {
        return Shape::Kind::uniform;
    }
    const auto found = Shape::kind_named(*name);
    if (!found) {
        mistake(*find("shape"),
                fmt::format("there is no shape {}; expected uniform, normal, exponential or zipf",
                            *name));
    }
    return found;
}

double Settings::exponent() {
    const auto value = number("exponent");
    if (value && !(*value > 0 && *value <= 10)) {
        mistake(*find("exponent"),
                fmt::format("exponent is {}; expected above 0, at most 10", *value));
        return 1;
    }
    return value.value_or(1);
}

std::optional<Shape> Settings::shape(int scale, std::optional<Range> bounds) {
    Shape::Settings shape;
    const auto found = kind();
    std::optional<Int128> from;
    std::optional<Int128> to;
    if (bounds) {
        from = bounds->from;
        to = bounds->to;
    } else if (need("from") && need("to")) {
        from = digits("from", scale);
        to = digits("to", scale);
    }
    double unit = 1;
    for (int i = 0; i < scale; ++i) {
        unit *= 10;
    }
    if (const auto mean = number("mean")) {
        shape.mean = *mean * unit;
    }
    if (const auto deviation = number("deviation")) {
        shape.deviation = *deviation * unit;
    }
    shape.exponent = exponent();
    if (!found || !from || !to) {
        return std::nullopt;
    }
    shape.kind = *found;
    shape.from = *from;
    shape.to = *to;
    if (shape.from > shape.to) {
        mistake("from lies above to");
        return std::nullopt;
    }
    if (shape.kind == Shape::Kind::zipf && shape.to - shape.from >= Int128{1} << 53) {
        mistake("from and to lie too far apart for the shape zipf");
        return std::nullopt;
    }
    return Shape(shape);
}

std::optional<double> Settings::skew() {
    const auto name = text("shape");
    const auto value = exponent();
    if (!name || *name == "uniform") {
        return std::nullopt;
    }
    if (*name != "zipf") {
        mistake(*find("shape"), fmt::format("the shape is {}; expected uniform or zipf", *name));
        return std::nullopt;
    }
    return value;
}

void Settings::finish() {
    for (const auto& member : section_.members) {
        if (std::find(asked_.begin(), asked_.end(), member.key) != asked_.end()) {
            continue;
        }
        std::sort(asked_.begin(), asked_.end());
        asked_.erase(std::unique(asked_.begin(), asked_.end()), asked_.end());
        const auto near = nearest(member.key, asked_);
        mistakes_.add(member.place,
                      near.empty() ? fmt::format("there is no setting {} here; there are {}",
                                                 member.key, join(asked_, ", "))
                                   : fmt::format("there is no setting {} here; did you mean {}?",
                                                 member.key, near));
    }
}

std::optional<Value> constant_of(const Node& node) {
    Value value;
    switch (node.type) {
        case NodeType::text:
            value.set_text(node.text);
            return value;
        case NodeType::integer:
            value.set_integer(node.integer);
            return value;
        case NodeType::number:
            if (const auto decimal = parse_decimal(node.text)) {
                value.set_decimal(*decimal);
                return value;
            }
            return std::nullopt;
        case NodeType::boolean:
            value.set_boolean(node.boolean);
            return value;
        case NodeType::date:
            if (const auto moment = parse_moment(node.text)) {
                if (node.text.size() > 10) {
                    value.set_moment(*moment);
                } else {
                    value.set_date(day_of(*moment));
                }
                return value;
            }
            return std::nullopt;
        default:
            return std::nullopt;
    }
}

}  // namespace caisson::scale

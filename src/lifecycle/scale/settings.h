// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/scale/decimal.h"
#include "lifecycle/scale/shape.h"
#include "lifecycle/scale/value.h"
#include "lifecycle/seeds/mistakes.h"
#include "platform/document.h"

namespace caisson::scale {

/// The settings of one section of scale.toml, asked for by name. What is not of the kind that was
/// asked for, and in finish() what nobody asked for, is a mistake at its place.
class Settings {
 public:
    Settings(const platform::Node& section, seeds::Mistakes& mistakes)
        : section_(section), mistakes_(mistakes) {}

    const platform::Node* find(std::string_view name);
    /// As find(); a mistake when it is not there.
    const platform::Node* need(std::string_view name);
    std::optional<std::string> text(std::string_view name);
    std::optional<std::string> needed_text(std::string_view name);
    std::optional<std::int64_t> integer(std::string_view name);
    std::optional<double> number(std::string_view name);
    /// An integer, a number, or a text with one, exactly; with so many decimals. More than those is
    /// a mistake.
    std::optional<Int128> digits(std::string_view name, int scale);
    /// Between 0 and 1.
    std::optional<double> share(std::string_view name);
    /// A date or time, in microseconds.
    std::optional<std::int64_t> moment(std::string_view name);
    std::optional<std::int64_t> needed_moment(std::string_view name);
    /// "30d", in microseconds.
    std::optional<std::int64_t> duration(std::string_view name);
    std::optional<std::int64_t> needed_duration(std::string_view name);
    /// `3`, or `[1, 3]`: both included, not below 0.
    struct Range {
        std::int64_t from = 0;
        std::int64_t to = 0;
    };
    std::optional<Range> range(std::string_view name);
    /// The spread of numbers that `from`, `to`, `shape`, `mean`, `deviation` and `exponent` tell.
    std::optional<Shape> shape(int scale, std::optional<Range> bounds = {});
    /// The exponent of Zipf's law for `shape = "zipf"`; nothing for "uniform".
    std::optional<double> skew();

    void finish();
    void mistake(const platform::Node& node, const std::string& message);
    void mistake(const std::string& message) { mistakes_.add(section_.place, message); }
    const Place& place() const { return section_.place; }
    seeds::Mistakes& mistakes() { return mistakes_; }

 private:
    std::optional<Shape::Kind> kind();
    double exponent();
    const platform::Node& section_;
    seeds::Mistakes& mistakes_;
    std::vector<std::string> asked_;
};

/// A scalar as it stands in the file; nothing for lists and sections.
std::optional<Value> constant_of(const platform::Node& node);

}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How numbers are spread between two bounds. Pure; threads: any.

#include <cstdint>
#include <optional>
#include <string_view>

#include "lifecycle/scale/decimal.h"
#include "lifecycle/scale/draw.h"

namespace caisson::scale {

/// Zipf's law over the ranks 1 to `count`: rank k comes up in proportion to 1 / k^exponent.
/// Source: Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete
/// distributions" (1996).
class Zipf {
 public:
    Zipf(std::uint64_t count, double exponent);
    std::uint64_t rank(Key key, std::uint64_t row) const;

 private:
    double weight(double x) const;
    double area(double x) const;
    double inverse_area(double x) const;

    std::uint64_t count_;
    double exponent_;
    double first_;
    double last_;
    double shortcut_;
};

class Shape {
 public:
    enum class Kind {
        uniform,
        normal,       ///< Around `mean` with `deviation`.
        exponential,  ///< Falling from `from`, on average at `mean`.
        zipf,         ///< `from` most often, then the next, …
    };
    static std::optional<Kind> kind_named(std::string_view name);

    struct Settings {
        Kind kind = Kind::uniform;
        Int128 from = 0;
        Int128 to = 0;
        std::optional<double> mean;       ///< Else the middle; of exponential a fifth of the way.
        std::optional<double> deviation;  ///< Else a sixth of the span.
        double exponent = 1;              ///< Of Zipf's law.
    };
    /// `from` <= `to`, and for Zipf's law at most 2^53 apart.
    explicit Shape(const Settings& settings);

    /// Between the bounds, both of them included.
    Int128 number(Key key, std::uint64_t row) const;
    Int128 from() const { return settings_.from; }
    Int128 to() const { return settings_.to; }

 private:
    Settings settings_;
    double mean_;
    double deviation_;
    std::optional<Zipf> zipf_;
};

/// Which row the k-th most popular one is, so that popular rows are not all at the beginning: the
/// numbers below `count`, each once.
class Scatter {
 public:
    explicit Scatter(std::uint64_t count);
    std::uint64_t at(std::uint64_t k) const;

 private:
    std::uint64_t count_;
    std::uint64_t step_;
};

}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/shape.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lifecycle/scale/arithmetic.h"

namespace caisson::scale {
namespace {

/// ln(1 + x) / x, also where x is 0.
double slope_of_ln(double x) {
    return std::fabs(x) > 1e-5 ? ln(1 + x) / x : 1 - x * (0.5 - x * (1.0 / 3 - x * 0.25));
}

/// (e^x - 1) / x, also where x is 0.
double slope_of_exp(double x) {
    return std::fabs(x) > 1e-5 ? (exp_of(x) - 1) / x
                               : 1 + x * 0.5 * (1 + x * (1.0 / 3) * (1 + x * 0.25));
}

/// What does not fit is drawn again; whoever asks for the impossible gets the bound.
constexpr std::uint32_t most_turns = 64;

}  // namespace

Zipf::Zipf(std::uint64_t count, double exponent) : count_(count), exponent_(exponent) {
    first_ = area(1.5) - 1;
    last_ = area(static_cast<double>(count) + 0.5);
    shortcut_ = 2 - inverse_area(area(2.5) - weight(2));
}

double Zipf::weight(double x) const { return exp_of(-exponent_ * ln(x)); }

double Zipf::area(double x) const {
    const double logarithm = ln(x);
    return slope_of_exp((1 - exponent_) * logarithm) * logarithm;
}

double Zipf::inverse_area(double x) const {
    const double t = std::max(x * (1 - exponent_), -1.0);
    return exp_of(slope_of_ln(std::max(t, -1 + 1e-15)) * x);
}

std::uint64_t Zipf::rank(Key key, std::uint64_t row) const {
    for (std::uint32_t turn = 0; turn < most_turns; ++turn) {
        const double u = last_ + unit(draw(key, row, turn).first) * (first_ - last_);
        const double x = inverse_area(u);
        const double k = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(count_));
        if (k - x <= shortcut_ || u >= area(k + 0.5) - weight(k)) {
            return static_cast<std::uint64_t>(k);
        }
    }
    return 1;
}

std::optional<Shape::Kind> Shape::kind_named(std::string_view name) {
    if (name == "uniform") {
        return Kind::uniform;
    }
    if (name == "normal") {
        return Kind::normal;
    }
    if (name == "exponential") {
        return Kind::exponential;
    }
    if (name == "zipf") {
        return Kind::zipf;
    }
    return std::nullopt;
}

Shape::Shape(const Settings& settings) : settings_(settings) {
    const auto from = static_cast<double>(settings.from);
    const auto span = static_cast<double>(settings.to - settings.from);
    mean_ = settings.mean.value_or(settings.kind == Kind::exponential ? from + span / 5
                                                                      : from + span / 2);
    deviation_ = settings.deviation.value_or(span / 6);
    if (settings.kind == Kind::zipf) {
        zipf_.emplace(static_cast<std::uint64_t>(settings.to - settings.from) + 1,
                      settings.exponent);
    }
}

Int128 Shape::number(Key key, std::uint64_t row) const {
    const auto& [kind, from, to, mean, deviation, exponent] = settings_;
    if (zipf_) {
        return from + static_cast<Int128>(zipf_->rank(key, row)) - 1;
    }
    if (kind == Kind::uniform) {
        const auto count = static_cast<UInt128>(to - from) + 1;
        const auto bits = draw(key, row);
        if (count > 0 && count <= ~std::uint64_t{0}) {
            return from + static_cast<Int128>(below(bits.first, static_cast<std::uint64_t>(count)));
        }
        const auto wide = static_cast<UInt128>(bits.first) << 64U | bits.second;
        return static_cast<Int128>(static_cast<UInt128>(from) + (count > 0 ? wide % count : wide));
    }
    const auto lowest = static_cast<double>(from);
    const auto highest = static_cast<double>(to);
    for (std::uint32_t turn = 0; turn < most_turns; ++turn) {
        const double p = inner_unit(draw(key, row, turn).first);
        const double x = kind == Kind::normal ? mean_ + deviation_ * normal_quantile(p)
                                              : lowest - (mean_ - lowest) * ln(p);
        const double whole = std::floor(x + 0.5);
        if (whole >= lowest && whole <= highest) {
            return std::clamp(static_cast<Int128>(whole), from, to);
        }
    }
    return std::clamp(static_cast<Int128>(std::clamp(mean_, lowest, highest)), from, to);
}

Scatter::Scatter(std::uint64_t count)
    : count_(count),
      step_(static_cast<std::uint64_t>(static_cast<double>(count) * 0.6180339887498949) | 1U) {
    // Steps of about the golden section; coprime to the count, so that each comes up once.
    while (std::gcd(step_, count_) != 1) {
        step_ += 2;
    }
}

std::uint64_t Scatter::at(std::uint64_t k) const {
    return static_cast<std::uint64_t>(static_cast<UInt128>(k) * step_ % count_);
}

}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/arithmetic.h"

#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace caisson::scale {
namespace {

// ln 2 in two parts: the first has zeros at its end, so that its multiples are exact.
constexpr double ln2_high = 0x1.62e42fee00000p-1;
constexpr double ln2_low = 0x1.a39ef35793c76p-33;

double polynomial(std::span<const double> coefficients, double x) {
    double sum = 0;
    for (auto at = coefficients.rbegin(); at != coefficients.rend(); ++at) {
        sum = sum * x + *at;
    }
    return sum;
}

}  // namespace

double ln(double x) {
    int exponent = 0;
    double fraction = std::frexp(x, &exponent);  // In [1/2, 1): exact.
    if (fraction < 0x1.6a09e667f3bcdp-1) {
        fraction *= 2;
        --exponent;
    }
    // ln((1 + s) / (1 - s)) = 2 (s + s^3/3 + s^5/5 + …); |s| is below 0.172 here.
    const double s = (fraction - 1) / (fraction + 1);
    const double square = s * s;
    double series = 0;
    for (int power = 23; power >= 1; power -= 2) {
        series = series * square + 1.0 / power;
    }
    return exponent * ln2_high + (2 * s * series + exponent * ln2_low);
}

double exp_of(double x) {
    if (x < -745) {
        return 0;
    }
    if (x > 709.7) {
        return std::numeric_limits<double>::infinity();
    }
    const double times = std::floor(x * 0x1.71547652b82fep0 + 0.5);
    const double rest = (x - times * ln2_high) - times * ln2_low;
    double series = 1;
    for (int power = 16; power >= 1; --power) {
        series = 1 + series * rest / power;
    }
    return std::ldexp(series, static_cast<int>(times));
}

double normal_quantile(double p) {
    constexpr std::array middle_above = {3.3871328727963666080e0, 1.3314166789178437745e2,
                                         1.9715909503065514427e3, 1.3731693765509461125e4,
                                         4.5921953931549871457e4, 6.7265770927008700853e4,
                                         3.3430575583588128105e4, 2.5090809287301226727e3};
    constexpr std::array middle_below = {1.0,
                                         4.2313330701600911252e1,
                                         6.8718700749205790830e2,
                                         5.3941960214247511077e3,
                                         2.1213794301586595867e4,
                                         3.9307895800092710610e4,
                                         2.8729085735721942674e4,
                                         5.2264952788528545610e3};
    constexpr std::array side_above = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                       5.76949722146069140550e0,  3.64784832476320460504e0,
                                       1.27045825245236838258e0,  2.41780725177450611770e-1,
                                       2.27238449892691845833e-2, 7.74545014278341407640e-4};
    constexpr std::array side_below = {1.0,
                                       2.05319162663775882187e0,
                                       1.67638483018380384940e0,
                                       6.89767334985100004550e-1,
                                       1.48103976427480074590e-1,
                                       1.51986665636164571966e-2,
                                       5.47593808499534494600e-4,
                                       1.05075007164441684324e-9};
    constexpr std::array far_above = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                      1.78482653991729133580e0,  2.96560571828504891230e-1,
                                      2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                      2.71155556874348757815e-5, 2.01033439929228813265e-7};
    constexpr std::array far_below = {1.0,
                                      5.99832206555887937690e-1,
                                      1.36929880922735805310e-1,
                                      1.48753612908506148525e-2,
                                      7.86869131145613259100e-4,
                                      1.84631831751005468180e-5,
                                      1.42151175831644588870e-7,
                                      2.04426310338993978564e-15};
    const double q = p - 0.5;
    if (std::fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * polynomial(middle_above, r) / polynomial(middle_below, r);
    }
    double r = std::sqrt(-ln(q < 0 ? p : 1 - p));
    double value = 0;
    if (r <= 5) {
        r -= 1.6;
        value = polynomial(side_above, r) / polynomial(side_below, r);
    } else {
        r -= 5;
        value = polynomial(far_above, r) / polynomial(far_below, r);
    }
    return q < 0 ? -value : value;
}

}  // namespace caisson::scale

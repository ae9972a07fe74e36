// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Logarithm and exponential that give the same bits everywhere: made of additions,
/// multiplications, divisions and square roots, which IEEE 754 defines exactly, where those of C
/// libraries differ in the last digit. Good to about 1e-15. This module is compiled without
/// contraction of a * b + c, which would round once instead of twice. Pure.

namespace caisson::scale {

/// The natural logarithm, for positive finite numbers.
double ln(double x);
/// e to the x; 0 far below zero, infinity far above.
double exp_of(double x);
/// The number that a standard normal variable stays below with probability p, 0 < p < 1.
/// Source: Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution" (1988).
double normal_quantile(double p);

}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace caisson::sources {

/// Whether one version comes before another. Digits of any length compare as numbers, dots separate
/// parts, a part that is missing is 0: "9" before "010" before "10.2" before "20260303080000".
bool version_before(std::string_view a, std::string_view b);
/// A version without leading zeros and without parts that are 0 at its end: "001", "1" and "1.0"
/// are the same one. "0" for "000". What is neither digits nor dots stays as it is.
std::string canonical_version(std::string_view version);

}  // namespace caisson::sources

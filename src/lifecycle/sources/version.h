// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace caisson::sources {

/// Whether one version comes before another. Versions are digits of any length and compare as
/// numbers: "9" before "010" before "20260303080000".
bool version_before(std::string_view a, std::string_view b);
/// A number without leading zeros: "001" and "1" are the same one. "0" for "000". What is no
/// number stays as it is.
std::string canonical_version(std::string_view version);

}  // namespace caisson::sources

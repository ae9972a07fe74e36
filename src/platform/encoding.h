// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace caisson::platform {

/// The first byte at which the text is not what PostgreSQL takes as UTF-8 (RFC 3629, without zero
/// bytes); nothing when all of it is.
std::optional<std::size_t> first_bad_byte(std::string_view text);

}  // namespace caisson::platform

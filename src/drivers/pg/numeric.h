// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace caisson::pg {

/// PostgreSQL's binary numeric (groups of four decimal digits) as decimal text, exactly; empty when
/// the bytes are no numeric. Source: numeric_recv() in src/backend/utils/adt/numeric.c.
std::string numeric_text(std::string_view binary);
/// And back. Takes what PostgreSQL takes: sign, digits, point, exponent, NaN, Infinity. Errors:
/// usage for anything else.
void encode_numeric(std::string& out, std::string_view text);

}  // namespace caisson::pg

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace caisson::pg {

/// The binary form of an inet or cidr as PostgreSQL writes it; empty when the bytes are none.
/// Source: network_send() in src/backend/utils/adt/network.c.
std::string inet_text(std::string_view binary, bool is_cidr);
/// And back, as an inet. Errors: usage when the text is no address, or its prefix too long.
void encode_inet(std::string& out, std::string_view text);

}  // namespace caisson::pg

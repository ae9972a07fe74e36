// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a connection URL, or refused as one.
#include <cstddef>
#include <cstdint>
#include <string>

#include "platform/environment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    try {
        caisson::platform::parse_url(std::string(bytes, bytes + size), {"fuzz", 1, 1});
    } catch (const caisson::Error&) {
        // Refused, which is fine; anything else that is thrown ends the program.
    }
    return 0;
}

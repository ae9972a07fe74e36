// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a manifest, or mistakes that have a place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "platform/platform.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto parsed = caisson::platform::parse(std::string(bytes, bytes + size), "/nowhere");
    for (const auto& mistake : parsed.mistakes) {
        if (mistake.place.line == 0 || mistake.place.column == 0 || mistake.message.empty()) {
            std::abort();
        }
    }
    return 0;
}

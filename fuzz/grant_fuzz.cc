// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a grant, or refused with a reason.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "platform/grants.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string why;
    if (!caisson::platform::parse_grant(std::string(bytes, bytes + size), why) && why.empty()) {
        std::abort();
    }
    return 0;
}

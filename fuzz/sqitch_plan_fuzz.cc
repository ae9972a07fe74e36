// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a plan, or mistakes with their lines.
#include <cstddef>
#include <cstdint>
#include <string>

#include "lifecycle/sources/sqitch_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(bytes, bytes + size);
    std::vector<caisson::sources::Mistake> mistakes;
    const auto plan = caisson::sources::sqitch::parse_plan(text, "fuzz", mistakes);
    for (const auto& change : plan.changes) {
        change.key();
    }
    caisson::sources::sqitch::parse_settings(text);
    return 0;
}

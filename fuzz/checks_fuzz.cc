// SPDX-License-Identifier: Apache-2.0
/// Any bytes are checks, or mistakes with places; an expectation that is read judges anything.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lifecycle/checks/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace caisson::checks;
    const std::string text(bytes, bytes + size);
    const auto parsed = parse(text, "fuzz.sql");
    for (const auto& mistake : parsed.mistakes) {
        if (mistake.place.line == 0 || mistake.message.empty()) {
            std::abort();
        }
    }
    const auto read = parse_expectation(text);
    if (const auto* expectation = std::get_if<Expectation>(&read)) {
        for (const auto* const value : {"", "0", "-1.5e3", "t", "text"}) {
            judge(*expectation, {1, 1, value});
        }
        if (condition(*expectation).empty()) {
            std::abort();
        }
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a caisson.sum: what is understood of it is written and read again as the same, and
/// agrees with itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lifecycle/sources/sum.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace caisson::sources;
    const std::string text(bytes, bytes + size);
    std::vector<Mistake> mistakes;
    const auto lines = parse_sum(text, "caisson.sum", mistakes);
    std::vector<Mistake> none;
    if (parse_sum(to_text(lines), "caisson.sum", none) != lines || !none.empty() ||
        sum_mistake("migrations", lines, lines)) {
        std::abort();
    }
    auto fewer = lines;
    if (!fewer.empty()) {
        fewer.pop_back();
        if (!sum_mistake("migrations", lines, fewer) || !sum_mistake("migrations", fewer, lines)) {
            std::abort();
        }
    }
    return 0;
}

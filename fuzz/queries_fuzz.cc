// SPDX-License-Identifier: Apache-2.0
/// Any bytes are queries, or mistakes with places; every variant of a query can be made, and each
/// of its bytes has a place in the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lifecycle/queries/names.h"
#include "lifecycle/queries/nullability.h"
#include "lifecycle/queries/query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace caisson::queries;
    const std::string text(bytes, bytes + size);
    const auto parsed = parse(text, "fuzz.sql");
    for (const auto& mistake : parsed.mistakes) {
        if (mistake.place.line == 0 || mistake.message.empty()) {
            std::abort();
        }
    }
    // What has a mistake is never asked about.
    if (parsed.mistakes.empty()) {
        for (const auto& query : parsed.queries) {
            const auto variants = variants_of(query);
            if (variants.empty() || variants.size() > most_variants) {
                std::abort();
            }
            const auto& whole = variants.back();
            for (std::size_t at = 0; at < whole.sql.size(); at += 1 + whole.sql.size() / 16) {
                if (place_in(query, whole, at).line == 0) {
                    std::abort();
                }
            }
            if (nullness_of(whole.sql, 3).size() != 3) {
                std::abort();
            }
        }
    }
    if (identifier(text).empty() || camel_case(text).empty()) {
        std::abort();
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
/// Any bytes are an export of a journal, and heads of one: each line an entry, or told as none.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "trust/journal/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace caisson;
    const std::string text(bytes, bytes + size);
    std::vector<std::string> mistakes;
    journal::Verifier verifier({"", journal::parse_heads(text, mistakes), {}, {}});
    std::size_t number = 0;
    for (const auto& line : split(text, '\n')) {
        std::string mistake;
        const auto entry = journal::parse_line(line, mistake);
        ++number;
        if (!entry) {
            verifier.unreadable(number, mistake);
            continue;
        }
        // What was read is written so that it reads the same.
        if (journal::parse_line(journal::to_line(*entry), mistake) != entry) {
            std::abort();
        }
        verifier.take(*entry);
    }
    verifier.finish();
    return 0;
}

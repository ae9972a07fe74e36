// SPDX-License-Identifier: Apache-2.0
/// Any bytes are taken apart by the annotations of every tool; sections keep the lines of the file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lifecycle/sources/directives.h"
#include "lifecycle/sources/formats/markers.h"
#include "lifecycle/sources/formats/substitution.h"

namespace {

using namespace caisson::sources;

/// A section is never longer than the file, and has no more lines.
void check(const std::string& text, const std::vector<Range>& ranges) {
    const auto cut = section(text, ranges);
    if (cut.size() > text.size() ||
        std::count(cut.begin(), cut.end(), '\n') > std::count(text.begin(), text.end(), '\n')) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(bytes, bytes + size);
    std::vector<Range> substituted;
    for (const auto& sections : {read_dbmate(text), read_goose(text, substituted),
                                 read_sql_migrate(text), read_node_pg_migrate(text)}) {
        check(text, sections.up);
        check(text, sections.down);
    }
    const Values values = {{"a", "b"}};
    const auto ignore = [](std::size_t, std::string) {};
    substitute(text, substituted, values, ignore);
    substitute(text, {{0, text.size()}}, values, ignore);
    replace_placeholders(text, "${", "}", values, ignore);
    std::vector<Mistake> mistakes;
    read_directives(text, "fuzz", mistakes);
    return 0;
}

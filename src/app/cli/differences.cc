// SPDX-License-Identifier: Apache-2.0
#include "app/cli/differences.h"

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::cli {

void print_differences(Context& context, const std::vector<schema::Difference>& differences,
                       const std::string& indent) {
    for (const auto& difference : differences) {
        context.print(fmt::format("{}{} {} {}", indent, schema::to_text(difference.change),
                                  difference.kind, difference.name));
        const auto show = [&](const std::string& word, const std::string& definition) {
            if (!definition.empty()) {
                context.print(
                    fmt::format("{}  {} {}", indent, word,
                                replace_all(definition, "\n", "\n" + indent + "           ")));
            }
        };
        show("expected", difference.expected);
        show("found   ", difference.found);
    }
}

boost::json::array json_of(const std::vector<schema::Difference>& differences) {
    boost::json::array list;
    for (const auto& difference : differences) {
        list.push_back(boost::json::object{{"change", schema::to_text(difference.change)},
                                           {"kind", difference.kind},
                                           {"name", difference.name},
                                           {"expected", difference.expected},
                                           {"found", difference.found}});
    }
    return list;
}

}  // namespace caisson::cli

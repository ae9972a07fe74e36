// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/formats/sampling.h"

#include <fmt/format.h>

#include "lifecycle/sources/naming.h"

namespace caisson::sources {

std::vector<std::string> sample(const std::vector<std::string>& names, std::size_t count) {
    if (names.size() <= count) {
        return names;
    }
    std::vector<std::string> some;
    for (std::size_t i = 0; i < count; ++i) {
        some.push_back(names[i * (names.size() - 1) / (count - 1)]);
    }
    return some;
}

Claim detect_by_mark(const Folder& folder, std::string_view mark,
                     const std::function<bool(std::string_view)>& is_mark) {
    std::vector<std::string> names;
    for (const auto& file : folder.files()) {
        if (extension_of(file) == ".sql") {
            names.push_back(file);
        }
    }
    const auto looked_at = sample(names);
    std::size_t marked = 0;
    std::string example;
    for (const auto& name : looked_at) {
        const auto head = folder.head(name, std::size_t{16} << 10U);
        bool found = false;
        each_line(without_mark(head), [&](std::string_view line, std::size_t, std::size_t) {
            found = found || is_mark(line);
        });
        if (found) {
            example = marked++ == 0 ? name : example;
        }
    }
    if (marked == 0) {
        return {};
    }
    return {85,
            {fmt::format("{} of {} files looked at hold a line \"{}\", such as {}", marked,
                         looked_at.size(), mark, example)}};
}

}  // namespace caisson::sources

// SPDX-License-Identifier: Apache-2.0
#include "platform/references.h"

#include "platform/values.h"

namespace caisson::platform {

std::vector<std::string> references_in(std::string_view text, bool& is_broken) {
    std::vector<std::string> names;
    is_broken = false;
    for (auto start = text.find("${"); start != std::string_view::npos;
         start = text.find("${", start + 2)) {
        const auto end = text.find('}', start);
        const auto name = end == std::string_view::npos ? std::string_view{}
                                                        : text.substr(start + 2, end - start - 2);
        if (is_variable_name(name)) {
            names.emplace_back(name);
        } else {
            is_broken = true;
        }
    }
    return names;
}

std::string with_references_replaced(
    std::string_view text, const std::function<std::string(const std::string&)>& value_of_name) {
    std::string result;
    while (true) {
        const auto start = text.find("${");
        const auto end = start == std::string_view::npos ? start : text.find('}', start);
        if (end == std::string_view::npos) {
            return result.append(text);
        }
        result.append(text.substr(0, start));
        result += value_of_name(std::string(text.substr(start + 2, end - start - 2)));
        text.remove_prefix(end + 1);
    }
}

}  // namespace caisson::platform

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/variables.h"

#include <algorithm>

#include "drivers/pg/quote.h"

namespace caisson::scripts {

bool Variables::is_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || static_cast<unsigned char>(c) >= 0x80;
    });
}

void Variables::unset(std::string_view name) {
    if (const auto found = values_.find(name); found != values_.end()) {
        values_.erase(found);
    }
}

std::optional<std::string> Variables::get(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Variables::written(std::string_view name, sql::VariableForm form) const {
    const auto value = get(name);
    if (form == sql::VariableForm::test) {
        return value ? "TRUE" : "FALSE";
    }
    if (!value || form == sql::VariableForm::plain) {
        return value;
    }
    if (form == sql::VariableForm::identifier) {
        return pg::identifier(*value);
    }
    // The space keeps an E'' apart from a word before it.
    const auto quoted = pg::literal(*value);
    return quoted.front() == 'E' ? " " + quoted : quoted;
}

}  // namespace caisson::scripts

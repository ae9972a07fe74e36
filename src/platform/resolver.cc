// SPDX-License-Identifier: Apache-2.0
#include "platform/resolver.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/references.h"
#include "platform/sources.h"
#include "platform/variables.h"

namespace caisson::platform {

std::string Resolver::text(const std::string& written) {
    return with_references_replaced(written, [&](const std::string& name) { return value(name); });
}

void Resolver::finish(const Place& place) const {
    if (!mistakes_.empty()) {
        throw Error(Code::variable_invalid, join(mistakes_, "\n"))
            .at(place)
            .with("environment", environment_.name);
    }
}

std::string Resolver::value(const std::string& name) {
    const Variable* variable = find_variable(manifest_, name);
    if (!variable) {
        note(fmt::format("the variable {} is not declared in caisson.toml", name));
        return {};
    }
    const auto found = find_value(manifest_, *variable, variables_);
    if (!found) {
        note(fmt::format(
            "the variable {} is not set, and the environment {} needs it; expected {}{}", name,
            environment_.name, expected_value(*variable),
            variable->description.empty() ? "" : fmt::format(" ({})", variable->description)));
        return {};
    }
    if (!fits_variable(*variable, found->value.reveal())) {
        note(fmt::format("the variable {} {}; expected {}", name,
                         variable->secret ? "does not fit its type"
                                          : fmt::format("is \"{}\"", found->value.reveal()),
                         expected_value(*variable)));
    }
    return found->value.reveal();
}

void Resolver::note(std::string mistake) {
    if (std::find(mistakes_.begin(), mistakes_.end(), mistake) == mistakes_.end()) {
        mistakes_.push_back(std::move(mistake));
    }
}

}  // namespace caisson::platform

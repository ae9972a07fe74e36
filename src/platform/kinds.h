// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the word in Setting::kind means: which values fit, and how a mistake says what was
/// expected.

#include <span>
#include <string>
#include <string_view>

#include "platform/document.h"

namespace caisson::platform {

struct Kind {
    std::string_view name;      ///< As in Setting::kind; several may be joined with " or ".
    std::string_view expected;  ///< Follows the word "expected".
    bool (*fits)(const Node& node);
};

std::span<const Kind> kinds();

/// Whether one of the kinds named fits. `kind` is Setting::kind.
bool fits(std::string_view kind, const Node& node);
bool may_be_section(std::string_view kind);
/// "a port from 1 to 65535, or a reference such as ${NAME}".
std::string expected_text(std::string_view kind);

/// "is 99999", "is \"x\"", "is a list": the value as a message shows it, cut when it is long.
std::string found_text(const Node& node, bool is_secret);

/// Whether the text holds `${`: what it stands for is known only later.
bool has_reference(std::string_view text);

}  // namespace caisson::platform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "drivers/http/message.h"

namespace caisson::daemon {

struct StatusPage {
    std::string title;
    std::string environment;
    std::string health;  ///< The body of /health, shown until the page asks for itself.
    std::string text;    ///< The same for browsers without scripts.
};

/// Text for an HTML document or an attribute's value.
std::string escape_html(std::string_view text);

/// A page that shows the state and keeps it current: self-contained, its Content-Security-Policy
/// allows its own style and script and a request to its own server, and nothing else.
http::Response status_page(const StatusPage& page);

}  // namespace caisson::daemon

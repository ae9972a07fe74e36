// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/files.h"
#include "base/secret.h"
#include "drivers/http/message.h"

namespace caisson::daemon {

/// The token in the file, made (0600) when there is no file. Errors: state_unusable when the file
/// holds less than 16 characters or cannot be used.
Secret token_at(const fs::path& file);

/// Nothing when the request bears the token, else the answer: 401, with what is asked for.
/// Source: RFC 6750, sections 2.1 and 3.
std::optional<http::Response> ask_token(const http::Request& request, const Secret& token);

}  // namespace caisson::daemon

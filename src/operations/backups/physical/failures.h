// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What pgBackRest said when it failed, as the cause that it had. Its own hints name another one at
/// times: a wrong passphrase reads "has a stanza-create been performed?". Pure.

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"

namespace caisson::backups::physical {

/// Its last error: the number in brackets, and the text with its hints; bytes that are no text are
/// left out.
struct Complaint {
    int code = 0;
    std::string text;
};
std::optional<Complaint> complaint_of(std::string_view output);

/// The file that it could not read as an info file, where that is what it complains of.
std::optional<fs::path> unreadable_info(const Complaint& complaint);

/// What such a file is, looked at from outside.
enum class InfoFile {
    missing,
    sealed,  ///< As OpenSSL writes it: "Salted__".
    plain,
    elsewhere,  ///< In an object store: not looked at.
};

/// `command` is what was asked of it: "backup". `info` counts only where unreadable_info() says so;
/// `has_key` is whether a passphrase was given.
Error error_of(std::string_view command, int status, const Complaint& complaint, InfoFile info,
               bool has_key);

}  // namespace caisson::backups::physical

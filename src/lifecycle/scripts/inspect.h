// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace caisson::scripts {

/// Whether a text is more than SQL: it has commands of psql, or data of COPY … FROM STDIN. Such a
/// text goes through run(); all others may be sent as they are.
bool needs_interpreter(std::string_view text);

struct Finding {
    Place place;
    std::string message;
    std::string hint;
};
/// What run() would refuse wherever the script's conditions lead: commands that cannot be carried
/// out, unknown ones, programs unless they are allowed. Branches of \if are left to the run.
std::vector<Finding> refusals(std::string_view text, const std::string& file, bool allow_programs);

struct Included {
    std::string name;  ///< As written, or relative to the root when it was found.
    fs::path path;     ///< Empty when it was not found, or its name depends on a variable.
    Place place;       ///< Of the command.
};
/// The files that a script includes (\i, \ir) or copies from (\copy … from), and those that
/// included ones do, each once, in the order in which they are named. The checksum of a script that
/// includes others is taken of all of them. Branches of \if count as taken. Errors: state_unusable.
std::vector<Included> included_files(std::string_view text, const std::string& file,
                                     const fs::path& path, const fs::path& root,
                                     const fs::path& directory = {});

/// The checksum of a script together with the files it includes: its own (64 hexadecimal digits)
/// when there are none, else the SHA-256 of it and, for each file, a line with name and checksum.
/// The checksum of a file is that of its text with LF as line end; of one beyond 16 MiB, that of
/// the checksums of its pieces of 1 MiB. Errors: state_unusable.
std::string checksum_with(const std::string& own, const std::vector<Included>& files);

}  // namespace caisson::scripts

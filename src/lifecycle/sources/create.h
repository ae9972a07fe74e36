// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/files.h"
#include "platform/platform.h"

namespace caisson::sources {

struct Created {
    fs::path up;
    fs::path down;
};

/// Makes the two files of a new migration: the next number of the source in the width that is in
/// use (the moment in UTC where versions are moments), `name` in lower case with underscores, the
/// description as a directive. Nothing that exists is overwritten.
/// Errors: usage when nothing is left of the name; those of load(); state_unusable.
Created create(const platform::Source& source, const std::string& name,
               const std::string& description);

}  // namespace caisson::sources

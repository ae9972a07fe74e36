// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/create.h"

#include <fmt/format.h>

#include "base/error.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/load.h"

namespace caisson::sources {

Created create(const platform::Source& source, const NewMigration& wanted) {
    const Folder folder(source.path);
    const auto& format = format_of(source, folder);
    if (wanted.merge && format.name != "revisions") {
        throw Error(Code::usage,
                    fmt::format("{} has the format {}, which has no heads to merge", source.name,
                                format.name),
                    "say format = \"revisions\" for files with `-- caisson: revision` and parents");
    }
    return format.create(source, wanted);
}

}  // namespace caisson::sources

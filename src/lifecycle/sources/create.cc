// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/create.h"

#include "lifecycle/sources/format.h"
#include "lifecycle/sources/load.h"

namespace caisson::sources {

Created create(const platform::Source& source, const std::string& name,
               const std::string& description) {
    const Folder folder(source.path);
    return format_of(source, folder).create(source, {name, description});
}

}  // namespace caisson::sources

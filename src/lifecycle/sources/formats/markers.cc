// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/formats/markers.h"

namespace caisson::sources {

Migration migration_of(Loading& loading, const std::string& name, std::string_view text,
                       const Sections& sections) {
    for (const auto& complaint : sections.complaints) {
        loading.complain(name, complaint.message, complaint.line);
    }
    Migration migration;
    migration.up = loading.section_script(name, section(text, sections.up));
    migration.up.directives.no_transaction = sections.no_transaction_up;
    if (sections.has_down) {
        migration.down = loading.section_script(name, section(text, sections.down));
        migration.down->directives.no_transaction = sections.no_transaction_down;
    }
    return migration;
}

}  // namespace caisson::sources

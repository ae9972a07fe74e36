// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "platform/reading.h"
#include "platform/shape.h"

namespace caisson::platform {

Parsed parse(const std::string& text, const fs::path& directory, const std::string& file) {
    Parsed parsed;
    parsed.manifest.directory = directory;
    parsed.manifest.file = directory / file;
    const auto written = read_document(text, file, parsed.mistakes);
    if (!written) {
        return parsed;
    }
    const Node document = check_shape(*written, parsed.mistakes);
    Reading reading{document, *written, directory, parsed.manifest, parsed.mistakes};
    if (const Node* platform = document.find("platform")) {
        parsed.manifest.name = text_of(*platform, "name");
        parsed.manifest.title = text_of(*platform, "title", parsed.manifest.name);
    }
    read_databases(reading);
    read_server(reading);
    read_roles(reading);
    read_environments(reading);
    read_backups(reading);
    read_alerts(reading);
    read_monitor(reading);
    read_variables(reading);
    read_seeds(reading);
    read_cache_keys(reading);
    read_features_and_api(reading);
    read_migrations(reading);
    read_isolation(reading);
    read_generate(reading);
    std::stable_sort(parsed.mistakes.begin(), parsed.mistakes.end(),
                     [](const Mistake& a, const Mistake& b) {
                         return std::pair(a.place.line, a.place.column) <
                                std::pair(b.place.line, b.place.column);
                     });
    return parsed;
}

}  // namespace caisson::platform

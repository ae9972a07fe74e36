// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a name, a version, settings or a header, or none of them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "lifecycle/sources/flyway_names.h"
#include "lifecycle/sources/formats/alembic_revision.h"
#include "lifecycle/sources/formats/graphile_header.h"
#include "lifecycle/sources/formats/plain_names.h"
#include "lifecycle/sources/formats/popx_names.h"
#include "lifecycle/sources/version.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace caisson::sources;
    const std::string text(bytes, bytes + size);
    flyway::parse_name(text, flyway::parse_settings(text));
    flyway::parse_name(text, {});
    parse_popx_name(text);
    parse_plain_name(text);
    parse_alembic_revision(text);
    const auto header = read_graphile_header(text);
    graphile_hash(text, header, header.previous);
    const auto cut = text.find('|');
    const auto left = text.substr(0, cut);
    const auto right = cut == std::string::npos ? std::string() : text.substr(cut + 1);
    // An order: never both ways.
    if (version_before(left, right) && version_before(right, left)) {
        std::abort();
    }
    canonical_version(text);
    return 0;
}

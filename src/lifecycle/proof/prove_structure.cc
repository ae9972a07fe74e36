// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/text.h"
#include "lifecycle/proof/prover.h"
#include "lifecycle/schema/difference.h"

namespace caisson::proof {
namespace {

std::vector<std::string> names_of(const std::vector<schema::Difference>& differences) {
    std::vector<std::string> names;
    for (const auto& difference : differences) {
        names.push_back(difference.kind + " " + difference.name);
    }
    return names;
}

}  // namespace

Structure Prover::structure() {
    Structure structure{series_.next((*connections_)(true)), {}};
    structure.hash = schema::hash(structure.snapshot);
    return structure;
}

void Prover::check_structure() {
    const auto whole = schema::snapshot((*connections_)(true), {.rights = true});
    if (schema::hash(whole) != current_.hash) {
        throw Error(Code::internal,
                    "the structure that was followed file by file is not the one that is there")
            .with("differences", join(names_of(schema::diff(current_.snapshot, whole)), ", "));
    }
}

}  // namespace caisson::proof

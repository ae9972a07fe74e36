// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "lifecycle/seeds/seeds.h"
#include "lifecycle/seeds/tracking.h"

namespace caisson::seeds {

/// A plan with everything that was read to make it.
struct Prepared {
    Plan plan;
    Target target;
    std::vector<Recorded> recorded;
    std::vector<Shape> shapes;

    const Recorded* record_of(const File& file) const;
};
/// Inside a transaction of the caller. Errors: as plan().
Prepared prepare(pg::Connection& connection, const Seeds& seeds, const Options& options);

Standing standing_of(const File& file, const Recorded* recorded);
/// Files that were applied once, of a set that was looked for, and are not among `seeds`.
std::vector<Recorded> gone_files(const Seeds& seeds, const std::vector<Recorded>& recorded);

}  // namespace caisson::seeds

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Does what a plan says: the only place where sets are removed.

#include <functional>
#include <string>
#include <vector>

#include "operations/backups/retention/plan.h"

namespace caisson::backups::retention {

struct Edge {
    /// Removes pgBackRest's part of a physical set (`expire --set=LABEL`), and is fine with one
    /// that is gone already: a killed removal is done again. None: physical sets are left.
    std::function<void(const Set&)> remove_physical;
    /// Told before a set is removed.
    std::function<void(const Decision&)> removing;
    /// Told after it was.
    std::function<void(const Decision&)> removed;
};

struct Left {
    std::string id;
    std::string why;
};

struct Outcome {
    std::vector<std::string> removed;  ///< In the order in which they went, the newest first.
    std::vector<Left> left;            ///< What should have gone and did not.
};

/// Removes what the plan does not keep; what builds on others goes before them, so that a killed
/// run leaves only whole chains. `lock` is the repository's, and was held since before the plan's
/// facts were read. Leases and holds are looked at once more before each removal: a set that got
/// one since then stays, and so does what it builds on. A set that cannot be removed is left, and
/// said. Errors: interrupted; locked.
Outcome apply(const Repository& repository, const FileLock& lock, const Plan& plan,
              const Edge& edge);

}  // namespace caisson::backups::retention

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/verification.h"
#include "serving/cache/cache.h"

namespace caisson::cli {

std::vector<checks::OfferedCheck> offered_checks(const trust::Run& run) {
    std::vector<checks::OfferedCheck> all;
    for (const auto offer : {cache::offered_checks}) {
        for (auto& check : offer(run)) {
            all.push_back(std::move(check));
        }
    }
    return all;
}

}  // namespace caisson::cli

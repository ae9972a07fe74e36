// SPDX-License-Identifier: Apache-2.0
#include "app/cli/catalogue.h"

#include <algorithm>

#include "lifecycle/migrations/history.h"
#include "lifecycle/provision/provision.h"
#include "lifecycle/scale/scale.h"
#include "lifecycle/schema/structure.h"
#include "lifecycle/seeds/seeds.h"
#include "operations/backups/physical/heartbeat.h"
#include "operations/monitor/collect/definers.h"
#include "serving/cache/outbox.h"
#include "trust/journal/table.h"
#include "trust/run_lock.h"

namespace caisson::cli {

const std::vector<trust::CatalogueStep>& catalogue_steps() {
    static const std::vector<trust::CatalogueStep> steps = [] {
        std::vector<trust::CatalogueStep> all = {trust::identity_step(),
                                                 provision::rights_step(),
                                                 journal::table_step(),
                                                 migrations::history_step(),
                                                 schema::structure_step(),
                                                 trust::leases_step(),
                                                 cache::outbox_step(),
                                                 cache::note_step(),
                                                 backups::physical::heartbeat_step(),
                                                 monitor::definers_step()};
        for (auto* const steps_of : {seeds::catalogue_steps, scale::catalogue_steps}) {
            for (auto& step : steps_of()) {
                all.push_back(std::move(step));
            }
        }
        std::sort(all.begin(), all.end(),
                  [](const auto& a, const auto& b) { return a.number < b.number; });
        return all;
    }();
    return steps;
}

}  // namespace caisson::cli

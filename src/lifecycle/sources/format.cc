// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/format.h"

#include <algorithm>
#include <array>

namespace caisson::sources {

// Each file of formats/ that is named after a tool offers its row.
Format sqitch_format();
Format prisma_format();
Format alembic_format();
Format supabase_format();
Format graphile_migrate_format();
Format flyway_format();
Format diesel_format();
Format goose_format();
Format dbmate_format();
Format sql_migrate_format();
Format node_pg_migrate_format();
Format popx_format();
Format golang_migrate_format();
Format atlas_format();
Format directories_format();
Format revisions_format();
Format plain_format();

namespace {

/// From here on, a claim rests on names or contents that are the format's own.
constexpr int own_names = 80;
/// From here on, a file that only the tool writes leaves no doubt.
constexpr int beyond_doubt = 100;

}  // namespace

const std::vector<Format>& formats() {
    static const std::vector<Format> table = {sqitch_format(),
                                              prisma_format(),
                                              alembic_format(),
                                              supabase_format(),
                                              graphile_migrate_format(),
                                              flyway_format(),
                                              diesel_format(),
                                              goose_format(),
                                              dbmate_format(),
                                              sql_migrate_format(),
                                              node_pg_migrate_format(),
                                              popx_format(),
                                              golang_migrate_format(),
                                              atlas_format(),
                                              directories_format(),
                                              revisions_format(),
                                              plain_format()};
    return table;
}

const Format* find_format(std::string_view name) {
    const auto found = std::find_if(formats().begin(), formats().end(),
                                    [&](const auto& each) { return each.name == name; });
    return found == formats().end() ? nullptr : &*found;
}

Detection detect(const Folder& folder) {
    Detection detection;
    int best = 0;
    int second = 0;
    for (const auto& format : formats()) {
        auto claim = format.detect(folder);
        if (claim.certainty > best) {
            second = best;
            detection.rival = detection.format;
            detection.rival_evidence = std::move(detection.evidence);
            best = claim.certainty;
            detection.format = &format;
            detection.evidence = std::move(claim.evidence);
        } else if (claim.certainty > second) {
            second = claim.certainty;
            detection.rival = &format;
            detection.rival_evidence = std::move(claim.evidence);
        }
    }
    if (second < own_names || best >= beyond_doubt) {
        detection.rival = nullptr;
        detection.rival_evidence.clear();
    }
    return detection;
}

}  // namespace caisson::sources

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/proof/prover.h"

namespace caisson::proof {

/// The tables of the platform: what a tool keeps of its own is no data.
Tables Prover::tables() {
    auto tables = tables_of((*connections_)(true));
    for (const auto* tool : mirror_.tools()) {
        tables.erase(tool->table());
    }
    return tables;
}

void Prover::remember_rows() {
    tables_ = tables();
    rows_ = rows_of((*connections_)(true), tables_);
}

/// The tables that were there before the file and are after it, and whose rows it left alone.
Tables Prover::untouched_tables(FileProof& proof) {
    auto kept = common(tables_, tables());
    const auto rows = rows_of((*connections_)(true), kept);
    std::erase_if(kept, [&](const auto& entry) {
        const auto& [name, table] = entry;
        const auto& before = rows_.at(name);
        const auto& after = rows.at(name);
        const bool is_comparable = table.columns == tables_.at(name).columns;
        const bool is_written =
            before.count != after.count ||
            (before.count > 0 && (!is_comparable || before.digest != after.digest));
        if (is_written) {
            proof.tables_written.push_back(name);
        }
        return is_written;
    });
    return kept;
}

void Prover::compare_rows(FileProof& proof, const Tables& kept,
                          const std::map<std::string, Rows>& before) {
    auto shared = common(kept, tables());
    const auto after = rows_of((*connections_)(true), shared);
    std::vector<std::string> lost;
    for (const auto& [name, table] : shared) {
        const auto& then = before.at(name);
        const bool is_comparable = table.columns == kept.at(name).columns;
        if (then.count != after.at(name).count) {
            lost.push_back(fmt::format("{} had {} and has {}", name, counted(then.count, "row"),
                                       after.at(name).count));
        } else if (is_comparable && then.digest != after.at(name).digest) {
            lost.push_back(fmt::format("the rows of {} are not what they were", name));
        } else if (then.count == 0 && table.oid != kept.at(name).oid) {
            lost.push_back(fmt::format("{} was dropped and made again", name));
        }
        proof.tables_compared += then.count > 0 ? 1 : 0;
        proof.rows_compared += then.count;
    }
    if (!lost.empty()) {
        find("rows_lost", Severity::error, file().down->file,
             fmt::format("it changes rows that the file itself leaves alone: {}", join(lost, "; ")),
             "revert the change in place instead of dropping and making again");
        proof.outcome = Outcome::failed;
    }
}

}  // namespace caisson::proof

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "lifecycle/proof/prover.h"

namespace caisson::proof {
namespace {

Finding finding_of(const std::string& id, const Error& error) {
    return {id, Severity::error, {error.fact("place"), 0, 0}, error.message(), error.hint(), {}};
}

/// Tables that the second run wrote, by its own report and by their rows.
std::vector<std::string> written(const seeds::Report& report,
                                 const std::map<std::string, Rows>& before,
                                 const std::map<std::string, Rows>& after) {
    std::vector<std::string> tables;
    for (const auto& [name, rows] : after) {
        const auto found = before.find(name);
        if (found == before.end() || found->second != rows) {
            tables.push_back(name);
        }
    }
    for (const auto& file : report.files) {
        for (const auto& counts : file.tables) {
            if (counts.inserted + counts.updated + counts.restored > 0) {
                tables.push_back(fmt::format("{} (by {})", counts.table, file.file));
            }
        }
    }
    return tables;
}

}  // namespace

SeedProof prove_seeds(const shadow::Shadow& shadow, const Request& request,
                      std::vector<Finding>& findings) {
    SeedProof proof;
    proof.files = request.seeds.files.size();
    seeds::Options options;
    options.is_protected = request.seeds_protected;
    pg::Connection connection(shadow.role(trust::Role::service));
    pg::Connection admin(shadow.admin());
    try {
        const auto first = seeds::apply(connection, request.seeds, options).total();
        proof.rows = first.inserted + first.updated + first.unchanged;
    } catch (const Error& error) {
        if (error.code() != Code::seed_failed && error.code() != Code::seed_invalid) {
            throw;
        }
        findings.push_back(finding_of("seeds_failed", error));
        proof.holds = false;
        return proof;
    }
    const auto before = rows_of(admin, tables_of(admin));
    try {
        const auto second = seeds::apply(connection, request.seeds, options);
        const auto tables = written(second, before, rows_of(admin, tables_of(admin)));
        if (tables.empty() && !second.wrote()) {
            return proof;
        }
        findings.push_back(
            {"seeds_not_repeatable",
             Severity::error,
             {},
             fmt::format("applied a second time, the seeds write again: {}", join(tables, ", ")),
             "let each file say the same however often it is applied",
             {}});
    } catch (const Error& error) {
        if (error.code() != Code::seed_failed && error.code() != Code::seed_invalid) {
            throw;
        }
        findings.push_back(finding_of("seeds_not_repeatable", error));
    }
    proof.holds = false;
    return proof;
}

}  // namespace caisson::proof

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Advice as migrations: what `caisson monitor advise --draft` writes.

#include <string>
#include <vector>

#include "app/cli/context.h"
#include "app/cli/draft_file.h"
#include "operations/monitor/advice/advice.h"

namespace caisson::cli {

/// One migration.
struct AdviceDraft {
    std::string rule;     ///< It is named by it.
    std::string caution;  ///< Why a warning of the linter is accepted.
    Way up;
    Way down;
};

/// A migration for each piece of advice; what runs CONCURRENTLY has one of its own, and its way
/// back in it, so that none of them can be left half-way. Pure.
std::vector<AdviceDraft> drafts_of(const std::vector<advice::Advice>& all);

/// Writes them into the source for new migrations of the database. What the linter of the platform
/// has against a draft all the same is told, and silenced there by a comment with the advice's
/// caution. With --dry-run only shown. Errors: as sources::create(), sources::load().
void write_drafts(Context& context, const platform::Database& database,
                  const std::vector<AdviceDraft>& drafts);

}  // namespace caisson::cli

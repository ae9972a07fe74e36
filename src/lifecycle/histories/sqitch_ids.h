// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/sources/sqitch_plan.h"

namespace caisson::histories {

/// The ids under which sqitch's registry keeps a plan's changes and tags: SHA-1 as git makes those
/// of objects, over what the plan says, each with the id of the change before.
/// Source: sqitch's lib/App/Sqitch/Plan/Change.pm and Plan/Tag.pm (info and id).
struct SqitchIds {
    std::vector<std::string> changes;            ///< By place in the plan.
    std::vector<std::vector<std::string>> tags;  ///< Of each change.
};
SqitchIds sqitch_ids(const sources::sqitch::Plan& plan);

/// The dependencies that a change requires, or those it conflicts with, as the registry spells
/// them: those of the own project without its name.
std::vector<std::string> sqitch_dependencies(const sources::sqitch::Plan& plan, std::size_t index,
                                             bool conflicts);

/// The id of the change that a required one of the change at `index` stands for (`users`,
/// `users@v1`, `@v1`); empty for one of another project, which only the registry knows.
std::string sqitch_resolve(const sources::sqitch::Plan& plan, const SqitchIds& ids,
                           const std::string& dependency, std::size_t index);

}  // namespace caisson::histories

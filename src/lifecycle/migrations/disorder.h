// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/migrations/plan.h"

namespace caisson::migrations {

/// For people: `migrations/001_initial`.
std::string label(const Status& one);

/// Looks for what does not fit: edited, late, missing and half reverted migrations, several heads.
/// What the request refuses is thrown, with every file concerned; what they let pass is noted in
/// the plan: late ones become pending, edited ones are taken over, warnings are written down.
/// Errors: migration_edited with the difference; migration_order.
void judge(Plan& plan, const std::vector<Migration>& files, const UpRequest& request,
           const TextOf& text_of);

}  // namespace caisson::migrations

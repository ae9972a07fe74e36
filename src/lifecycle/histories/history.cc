// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/histories/history.h"

namespace caisson::histories {

std::unique_ptr<ToolHistory> history_of(const platform::Source& /*source*/,
                                        const std::vector<sources::Migration>& /*files*/) {
    return nullptr;
}

}  // namespace caisson::histories

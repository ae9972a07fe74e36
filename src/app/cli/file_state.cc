// SPDX-License-Identifier: Apache-2.0
#include "app/cli/file_state.h"

namespace caisson::cli {

std::string_view word_of(FileState state) {
    switch (state) {
        case FileState::same:
            return "same";
        case FileState::stale:
            return "stale";
        case FileState::missing:
            return "missing";
        case FileState::foreign:
            return "foreign";
        case FileState::surplus:
            return "surplus";
    }
    return "same";
}

}  // namespace caisson::cli

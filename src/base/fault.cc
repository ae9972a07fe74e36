// SPDX-License-Identifier: Apache-2.0
#include "base/fault.h"

#include <atomic>
#include <cstdlib>
#include <string>

#include <signal.h>

namespace caisson::fault {

void point(std::string_view name) {
    static const char* const wanted = std::getenv("CAISSON_FAULT");
    if (!wanted) {
        return;
    }
    std::string_view target(wanted);
    int times = 1;
    if (const auto colon = target.rfind(':'); colon != std::string_view::npos) {
        times = std::atoi(std::string(target.substr(colon + 1)).c_str());
        target = target.substr(0, colon);
    }
    static std::atomic<int> seen{0};
    if (name == target && ++seen == times) {
        ::raise(SIGKILL);
    }
}

}  // namespace caisson::fault

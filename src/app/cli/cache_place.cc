// SPDX-License-Identifier: Apache-2.0
#include "app/cli/cache_place.h"

#include <fmt/format.h>

#include "trust/redis.h"

namespace caisson::cli {

redis::Settings redis_of(Context& context) {
    const auto& run = context.run();
    auto settings = trust::redis_client(run);
    if (!settings) {
        throw Error(Code::usage,
                    fmt::format("the environment {} has no Redis", run.environment.name),
                    run.is_private() ? "remove redis = false below [server]"
                                     : fmt::format("say where it is: redis = \"redis://…\" below "
                                                   "[environments.{}]",
                                                   run.environment.name));
    }
    settings->application = "caisson-cache";
    return *settings;
}

}  // namespace caisson::cli

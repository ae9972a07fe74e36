// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/cli/backup_restore.h"
#include "base/text.h"
#include "drivers/redis/connection.h"
#include "trust/redis.h"

namespace caisson::cli {
namespace {

/// Values of before the restore must not be served after it: every key that lives for a time goes.
void forget_keys(Context& context) {
    const auto settings = trust::redis_client(context.run());
    if (!settings) {
        return;
    }
    redis::Connection connection(*settings);
    std::size_t removed = 0;
    std::string cursor = "0";
    do {
        const auto page = connection.command({"SCAN", cursor, "COUNT", "1000"});
        cursor = page.items.at(0).text();
        std::vector<redis::Command> questions;
        for (const auto& key : page.items.at(1).items) {
            questions.push_back({"PTTL", key.text()});
        }
        const auto answers = connection.pipeline(questions);
        redis::Command removal{"UNLINK"};
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (answers[i].number >= 0) {
                removal.push_back(questions[i][1]);
            }
        }
        if (removal.size() > 1) {
            removed += static_cast<std::size_t>(connection.command(removal).number);
        }
    } while (cursor != "0");
    if (removed > 0) {
        context.note(
            fmt::format("note: {} with a time to live removed from Redis: they were of "
                        "before",
                        counted(removed, "key")));
    }
}

}  // namespace

void forget_cached(Context& context) {
    try {
        forget_keys(context);
    } catch (const Error& error) {
        context.note(context.yellow(fmt::format(
            "note: Redis still has values of before the restore: {}; remove them when it is back",
            error.message())));
    }
}

}  // namespace caisson::cli

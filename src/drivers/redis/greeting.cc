// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/greeting.h"

#include <utility>

#include <fmt/format.h>

namespace caisson::redis {

std::vector<std::vector<std::string>> greetings_of(const Settings& settings) {
    std::vector<std::vector<std::string>> greetings;
    if (!settings.password.empty()) {
        std::vector<std::string> authentication{"AUTH"};
        if (!settings.user.empty()) {
            authentication.push_back(settings.user);
        }
        authentication.push_back(settings.password.reveal());
        greetings.push_back(std::move(authentication));
    }
    greetings.push_back({"CLIENT", "SETNAME", settings.application});
    if (settings.database != 0) {
        greetings.push_back({"SELECT", std::to_string(settings.database)});
    }
    return greetings;
}

std::string kind_of_error(const std::string& message) {
    return message.substr(0, message.find(' '));
}

Error refused(const Settings& settings, const std::string& answer) {
    return Error(Code::cannot_connect,
                 fmt::format("Redis at {} refused us: {}", settings.text(), answer))
        .with("redis", kind_of_error(answer))
        .with("server", settings.text());
}

Error rejected(const Settings& settings, const std::string& command, const std::string& answer) {
    return Error(Code::database_rejected, fmt::format("Redis refused {}: {}", command, answer))
        .with("redis", kind_of_error(answer))
        .with("server", settings.text());
}

}  // namespace caisson::redis

// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/cleaner.h"

#include <fmt/format.h>

#include "base/error.h"

namespace caisson::cache {
namespace {

constexpr std::chrono::seconds patience{1};

/// One key a call, so that it works in a cluster and takes the server a few microseconds. Sent as
/// it is each time: Redis keeps what it has compiled, and no FLUSH of scripts comes in between.
constexpr std::string_view remove_script =
    "if redis.call('PTTL',KEYS[1])==-1 then return redis.call('UNLINK',KEYS[1]) end return 0";

}  // namespace

bool has_moved(const redis::Reply& reply) {
    return reply.is_error() && (reply.value.starts_with("MOVED ") ||
                                reply.value.starts_with("ASK ") || reply.value == "TRYAGAIN");
}

void require_done(std::string_view command, const redis::Reply& reply) {
    if (reply.is_error()) {
        throw Error(Code::database_rejected,
                    fmt::format("Redis refused {}: {}", command, reply.value))
            .with("redis", reply.value.substr(0, reply.value.find(' ')));
    }
}

Cleaner::Cleaner(const std::vector<platform::CacheKey>& keys, Done done)
    : keys_(keys), done_(std::move(done)) {}

void Cleaner::plan(Planned planned, Moment now) {
    const bool waits = planned.remedy == Remedy::remove;
    planned.due = now + (waits ? Moment::duration(patience) : Moment::duration(0));
    (waits ? waiting_ : due_).push_back(std::move(planned));
}

std::vector<redis::Command> Cleaner::commands(std::size_t most, Moment now) {
    while (!waiting_.empty() && waiting_.front().due <= now) {
        due_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    std::vector<redis::Command> commands;
    while (!due_.empty() && commands.size() < most) {
        commands.push_back(command_of(due_.front()));
        asked_.push_back(std::move(due_.front()));
        due_.pop_front();
    }
    return commands;
}

redis::Command Cleaner::command_of(const Planned& planned) const {
    if (planned.remedy == Remedy::remove) {
        return {"EVAL", std::string(remove_script), "1", planned.key};
    }
    const auto seconds = std::to_string(keys_[planned.pattern].ttl->count());
    return {"EXPIRE", planned.key, seconds, planned.remedy == Remedy::set ? "NX" : "LT"};
}

void Cleaner::answered(std::span<const redis::Reply> replies) {
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const auto& reply = replies[i];
        if (!has_moved(reply)) {
            require_done(asked_[i].remedy == Remedy::remove ? "EVAL" : "EXPIRE", reply);
        }
        done_(asked_[i], has_moved(reply) || reply.integer() != 1);
    }
    asked_.clear();
}

}  // namespace caisson::cache

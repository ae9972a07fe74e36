// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <span>

#include "drivers/redis/connection.h"
#include "serving/cache/report.h"

namespace caisson::cache {

/// Remedies as commands that ask, in one step with the deed, whether it is still wanted: whatever
/// an application does to a key meanwhile wins. A key that is to be deleted waits a second first,
/// because an application that writes a key and its time to live in two commands is between them
/// for a moment. Pure but for the clock, which it is given.
class Cleaner {
 public:
    using Moment = std::chrono::steady_clock::time_point;
    struct Planned {
        std::string key;
        std::size_t pattern = 0;  ///< Its place in the manifest.
        Standing standing = Standing::right;
        Remedy remedy = Remedy::none;
        Moment due{};
    };
    /// Told of each remedy once it was answered.
    using Done = std::function<void(const Planned&, bool overtaken)>;

    Cleaner(const std::vector<platform::CacheKey>& keys, Done done);

    void plan(Planned planned, Moment now);
    /// Commands for what is due, at most `most` of them; answered() must follow before the next.
    std::vector<redis::Command> commands(std::size_t most, Moment now);
    /// The replies to these commands. Errors: database_rejected for one that Redis refused.
    void answered(std::span<const redis::Reply> replies);

    bool is_empty() const { return due_.empty() && waiting_.empty() && asked_.empty(); }

 private:
    redis::Command command_of(const Planned& planned) const;

    const std::vector<platform::CacheKey>& keys_;
    Done done_;
    std::deque<Planned> due_;
    std::deque<Planned> waiting_;  ///< In the order in which they become due.
    std::vector<Planned> asked_;
};

/// Whether a cluster has moved the key to another node meanwhile, where it is seen in its turn.
bool has_moved(const redis::Reply& reply);
/// Errors: database_rejected, when the reply is an error.
void require_done(std::string_view command, const redis::Reply& reply);

}  // namespace caisson::cache

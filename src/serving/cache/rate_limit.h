// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How often somebody may do something: GCRA, in one step in Redis, so that all processes count
/// together; while Redis is away each process counts for itself.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>

#include "drivers/redis/client.h"

namespace caisson::cache {

/// So many in so long, spread evenly, and `burst` of them at once.
struct RatePolicy {
    std::string name;          ///< As clients see it, such as "search".
    std::uint32_t quota = 60;  ///< At least 1.
    std::chrono::milliseconds window{60'000};
    std::uint32_t burst = 0;  ///< 0: the quota.
};

struct RateVerdict {
    bool is_allowed = true;
    std::uint32_t remaining = 0;               ///< That would be allowed at once.
    std::chrono::milliseconds reset{0};        ///< Until all of the burst is there again.
    std::chrono::milliseconds retry_after{0};  ///< Of a refusal: until it would be allowed.
    bool is_local = false;                     ///< Counted by this process alone.
};

/// The generic cell rate algorithm. `arrival`: the theoretical arrival time kept so far, and the
/// one to keep from now on; both and `now` since any common moment. Pure. Source: ITU-T I.371,
/// annex A (virtual scheduling).
RateVerdict gcra(const RatePolicy& policy, std::chrono::microseconds& arrival,
                 std::chrono::microseconds now, std::uint32_t cost = 1);

/// Fields of a response. Source: draft-ietf-httpapi-ratelimit-headers-11; RFC 9651 (structured
/// fields). Pure.
/// RateLimit-Policy: `"search";q=60;w=60`
std::string rate_limit_policy_field(const RatePolicy& policy);
/// RateLimit: `"search";r=59;t=1`
std::string rate_limit_field(const RatePolicy& policy, const RateVerdict& verdict);

/// Threads: that of the client's executor.
class RateLimiter {
 public:
    /// The client outlives it. `limit`: how long Redis may take for an answer.
    explicit RateLimiter(redis::Client& client,
                         std::chrono::milliseconds limit = std::chrono::milliseconds(50));
    RateLimiter(RateLimiter&&) noexcept;
    RateLimiter& operator=(RateLimiter&&) = delete;
    ~RateLimiter();

    /// Counts one `action` of `user` by the policy, unless it is refused; what another policy
    /// counts of it is another count. Never fails because Redis is away. Errors: usage for a cost
    /// of 0 or of more than the burst, which would never be allowed.
    boost::asio::awaitable<RateVerdict> ask(RatePolicy policy, std::string user, std::string action,
                                            std::uint32_t cost = 1);

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace caisson::cache

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace caisson::redis {

/// Redis tells which keys changed (CLIENT TRACKING, in RESP2 with REDIRECT to a connection of its
/// own). An invalidation may be heard before the reply that it concerns: who keeps a reply must
/// note what was heard since before the question. Source: Redis, "Client-side caching in Redis".
struct Tracking {
    /// Of keys: all that begin so are told, read or not (BCAST). Empty: the keys that this client
    /// has read, each once.
    std::vector<std::string> prefixes;
    std::function<void(const std::vector<std::string>& keys)> on_keys;
    /// All may have changed: Redis was emptied, or a connection was lost and nothing was heard.
    std::function<void()> on_all;
};

}  // namespace caisson::redis

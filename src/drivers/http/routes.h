// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Which handler answers which request: pure, without sockets.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/http/message.h"

namespace caisson::http {

/// Gives the answer. What it throws becomes a problem.
using Handler = std::function<Response(const Request&)>;
/// Hands the answer over, once, from any thread; later calls are ignored.
using Reply = std::function<void(Response)>;
/// Keeps `reply` and calls it when the answer is there. Never blocks.
using DeferredHandler = std::function<void(const Request&, Reply)>;

/// One row of the table. `pattern` is a path whose segments may be `{name}`: /api/v1/users/{id}.
struct Route {
    std::string method;
    std::string pattern;
    DeferredHandler handler;
    bool on_worker = false;
    /// Answered with 503 after this time; the server's own limit when it is zero.
    std::chrono::milliseconds limit{0};
};

/// Answers on the I/O thread: for what takes microseconds.
Route fast(std::string method, std::string pattern, Handler handler);
/// Answers on a worker: for what waits for a server or a disk.
Route slow(std::string method, std::string pattern, Handler handler,
           std::chrono::milliseconds limit = {});
/// Answers when something else is done, without holding a thread.
Route deferred(std::string method, std::string pattern, DeferredHandler handler);

class Routes {
 public:
    explicit Routes(std::vector<Route> routes);

    struct Match {
        const Route* route = nullptr;  ///< None: nothing answers.
        std::map<std::string, std::string> parameters = {};
        std::string allowed = {};  ///< For 405: the methods that the path knows; empty: 404.
    };
    /// HEAD finds GET.
    Match find(std::string_view method, std::string_view path) const;

 private:
    std::vector<Route> routes_;
};

/// Whether an address (or `localhost`) is reached from this machine only.
bool is_loopback(std::string_view address);
/// The name or address of a Host header, without port and brackets, in lower case; nothing when it
/// is malformed.
std::optional<std::string> host_of(std::string_view header);

}  // namespace caisson::http

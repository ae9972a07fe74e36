// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The other end of a webhook, on the loopback address: checks signatures and remembers what it was
/// told. Private to the module.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "drivers/http/server.h"

namespace caisson::selftest {

class Receiver {
 public:
    explicit Receiver(std::string secret);

    std::string url() const { return server_->url() + "/alerts"; }
    const std::string& secret() const { return secret_; }
    /// Whether a page that names this rule as firing has come; its id, or empty.
    std::string fired(const std::string& rule) const;
    /// Whether the page was told to be over.
    bool is_resolved(const std::string& page) const;
    /// Requests whose signature was wrong.
    std::size_t forged() const;
    void forget();

 private:
    http::Response take(const http::Request& request);

    std::string secret_;
    mutable std::mutex mutex_;
    std::map<std::string, std::vector<std::string>> firing_;  ///< Rules by page.
    std::vector<std::string> resolved_;
    std::size_t forged_ = 0;
    std::unique_ptr<http::Server> server_;
};

}  // namespace caisson::selftest

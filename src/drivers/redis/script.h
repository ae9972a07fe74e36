// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace caisson::redis {

/// A Lua script. It is sent by its SHA-1, and whole only to a server that does not know it.
/// Threads: any.
class Script {
 public:
    explicit Script(std::string source);
    const std::string& source() const { return source_; }
    const std::string& sha1() const { return sha1_; }

 private:
    std::string source_;
    std::string sha1_;
};

}  // namespace caisson::redis

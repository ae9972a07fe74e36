// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/files.h"
#include "drivers/redis/settings.h"

namespace caisson::test {

/// A private Redis for this test program, with a password, on a Unix socket in a directory of its
/// own: started at the first use, ended and removed when the program ends, however it ends.
class Redis {
 public:
    static Redis& shared();
    redis::Settings settings() const;

    Redis(const Redis&) = delete;
    Redis& operator=(const Redis&) = delete;
    ~Redis();

 private:
    Redis();
    fs::path directory_;
    pid_t process_ = -1;
};

}  // namespace caisson::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "base/files.h"
#include "drivers/pg/settings.h"

namespace caisson::test {

/// A PgBouncer in transaction mode before a server that trusts everybody: two connections for all
/// of its clients. On a Unix socket; ended and removed with the value.
class Pooler {
 public:
    explicit Pooler(const pg::Settings& server);
    Pooler(const Pooler&) = delete;
    Pooler& operator=(const Pooler&) = delete;
    ~Pooler();

    static bool is_installed();
    pg::Settings settings() const { return settings_; }

 private:
    fs::path directory_;
    pg::Settings settings_;
    pid_t process_ = -1;
};

}  // namespace caisson::test

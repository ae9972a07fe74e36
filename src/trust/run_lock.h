// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "drivers/pg/connection.h"
#include "trust/catalogue.h"
#include "trust/locks.h"

namespace caisson::trust {

/// caisson.leases: who may run what through a pooler (number 12).
CatalogueStep leases_step();

/// Whether another server process answers than the one we connected to: a pooler such as PgBouncer
/// stands between, and in its transaction mode each transaction may meet another session.
bool is_pooled(pg::Connection& connection);

/// The right to be the only run of its name on a database. On a connection of its own it is a
/// session advisory lock. Through a pooler, where a session is nobody's own, it is a row of
/// caisson.leases with a number that grows with each holder: it is renewed by a thread, expires by
/// the server's clock, and each transaction of the run proves in guard() that the number is still
/// the newest. Either kind keeps the other out. It ends with the process, a lease within
/// `lease_time` of its end.
class RunLock {
 public:
    static constexpr std::chrono::seconds lease_time{30};

    /// As AdvisoryLock. Errors: locked, naming the holder, when it is still held after `limit`;
    /// database_rejected through a pooler where the schema caisson lacks the table.
    RunLock(pg::Connection& connection, const std::string& name, std::chrono::milliseconds limit,
            const std::function<void(const std::string& holder)>& waiting = {});
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;
    ~RunLock();

    bool is_pooled() const { return pooled_; }
    /// The session's lock once more, after the session may have given it up (it is counted, so the
    /// connection must be closed in the end); false when another has it. Always true of a lease.
    bool retake();
    /// SQL for the beginning of each transaction, ending in a semicolon; empty where the lock is
    /// the session's. It fails with 55P03 while a run with a session of its own holds the lock, and
    /// with P0004 when the lease went to another run.
    std::string guard() const;

 private:
    std::string try_take();
    bool try_lease();
    void release();
    void renew();

    pg::Connection& connection_;
    std::string name_;
    bool pooled_ = false;
    std::optional<AdvisoryLock> lock_;
    std::int64_t token_ = 0;
    std::mutex mutex_;
    std::condition_variable ending_;
    bool ends_ = false;
    std::thread renewer_;
};

}  // namespace caisson::trust

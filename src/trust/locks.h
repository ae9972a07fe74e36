// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "drivers/pg/connection.h"

namespace caisson::trust {

/// A session advisory lock on the database, held by the very connection that does the work. It is
/// taken by polling pg_try_advisory_lock: a blocking wait would deadlock with CREATE INDEX
/// CONCURRENTLY, which waits for our snapshot. It ends with the connection, however that ends.
class AdvisoryLock {
 public:
    /// `waiting` is called with the holder (role, application, process, since when) once before the
    /// first wait. Errors: locked, naming the holder, when it is still held after `limit`.
    AdvisoryLock(pg::Connection& connection, const std::string& name,
                 std::chrono::milliseconds limit,
                 const std::function<void(const std::string& holder)>& waiting = {});
    /// Adopts a lock that try_lock() took.
    AdvisoryLock(pg::Connection& connection, std::int64_t key)
        : connection_(connection), key_(key) {}
    AdvisoryLock(const AdvisoryLock&) = delete;
    AdvisoryLock& operator=(const AdvisoryLock&) = delete;
    ~AdvisoryLock();

 private:
    pg::Connection& connection_;
    std::int64_t key_;
};

/// The lock id of a name: the first eight bytes of SHA-256("caisson:" + name), as a signed integer.
std::int64_t lock_key(const std::string& name);
/// Takes it for this session, without waiting; whether it was free.
bool try_lock(pg::Connection& connection, std::int64_t key);
/// Who holds it: role, application, host, process, since when.
std::string lock_holder(pg::Connection& connection, std::int64_t key);

}  // namespace caisson::trust

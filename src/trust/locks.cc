// SPDX-License-Identifier: Apache-2.0
#include "trust/locks.h"

#include <algorithm>

#include <fmt/format.h>
#include <poll.h>

#include "base/crypto.h"
#include "base/interrupt.h"
#include "base/text.h"

namespace caisson::trust {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

}  // namespace

bool try_lock(pg::Connection& connection, std::int64_t key) {
    return connection.query("select pg_try_advisory_lock($1) as taken", {key})
        .front()
        .boolean("taken");
}

/// pg_locks shows a 64-bit key as its two halves.
std::string lock_holder(pg::Connection& connection, std::int64_t key) {
    const auto rows = connection.query(
        "select a.usename, a.application_name, a.pid, to_char(a.backend_start, 'HH24:MI:SS') as "
        "since, "
        "       coalesce(host(a.client_addr), 'this host') as host "
        "  from pg_locks l join pg_stat_activity a using (pid) "
        " where l.locktype = 'advisory' and l.granted and l.objsubid = 1 "
        "   and l.database = (select oid from pg_database where datname = current_database()) "
        "   and (l.classid::bigint << 32 | l.objid::bigint) = $1",
        {key});
    if (rows.empty()) {
        return "nobody any more";
    }
    const auto row = rows.front();
    return fmt::format("{} ({}) on {}, server process {}, connected since {}", row.text("usename"),
                       row.text("application_name"), row.text("host"), row.text("pid"),
                       row.text("since"));
}

std::int64_t lock_key(const std::string& name) {
    return static_cast<std::int64_t>(
        std::stoull(sha256_hex("caisson:" + name).substr(0, 16), nullptr, 16));
}

AdvisoryLock::AdvisoryLock(pg::Connection& connection, const std::string& name, milliseconds limit,
                           const std::function<void(const std::string&)>& waiting)
    : connection_(connection), key_(lock_key(name)) {
    const auto deadline = steady_clock::now() + limit;
    milliseconds pause{5};
    bool told = false;
    while (!try_lock(connection_, key_)) {
        if (steady_clock::now() >= deadline) {
            throw Error(Code::locked, fmt::format("the lock \"{}\" is held by {}; waited {}", name,
                                                  lock_holder(connection_, key_), human(limit)));
        }
        if (!told && waiting) {
            waiting(lock_holder(connection_, key_));
            told = true;
        }
        ::poll(nullptr, 0, static_cast<int>(pause.count()));
        interrupt::check();
        pause = std::min(pause * 2, milliseconds{250});
    }
}

AdvisoryLock::~AdvisoryLock() {
    if (!connection_.is_broken() && !connection_.in_transaction()) {
        try {
            connection_.query("select pg_advisory_unlock($1)", {key_});
        } catch (const Error&) {
            // It ends with the connection.
        }
    }
}

}  // namespace caisson::trust

// SPDX-License-Identifier: Apache-2.0
#include "trust/run_lock.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/files.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::trust {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string own_name() {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    return fmt::format("{}@{}, process {}", current_account().name, host.data(), ::getpid());
}

/// Who holds a lease that has not expired; empty: nobody.
std::string lease_holder(pg::Connection& connection, const std::string& name) {
    const auto rows = connection.query(
        "select holder, to_char(taken_at, 'HH24:MI:SS') as since from caisson.leases where name = "
        "$1 and expires_at > clock_timestamp()",
        {name});
    return rows.empty() ? ""
                        : fmt::format("{} through a pooler, since {}", rows.front().text("holder"),
                                      rows.front().text("since"));
}

std::string expiry() {
    return fmt::format("clock_timestamp() + interval '{} seconds'", RunLock::lease_time.count());
}

}  // namespace

CatalogueStep leases_step() {
    return {12, "leases", R"sql(
create table caisson.leases (
    name       text primary key,
    token      bigint not null default 0,
    holder     text not null default '',
    taken_at   timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null default '-infinity'
);
comment on table caisson.leases is 'Who may run what through a pooler, where session locks are nobody''s own';
comment on column caisson.leases.token is 'Grows with each holder; each transaction of a run checks that its own is the newest'
)sql"};
}

bool is_pooled(pg::Connection& connection) {
    return connection.query("select pg_backend_pid() as process").front().integer("process") !=
           connection.backend_process();
}

RunLock::RunLock(pg::Connection& connection, const std::string& name, milliseconds limit,
                 const std::function<void(const std::string&)>& waiting)
    : connection_(connection), name_(name), pooled_(trust::is_pooled(connection)) {
    const auto deadline = steady_clock::now() + limit;
    milliseconds pause{5};
    bool told = false;
    for (auto holder = try_take(); !holder.empty(); holder = try_take()) {
        if (!told && waiting && limit > milliseconds{0}) {
            waiting(holder);
            told = true;
        }
        if (steady_clock::now() >= deadline) {
            throw Error(Code::locked, fmt::format("the lock \"{}\" is held by {}; waited {}", name_,
                                                  holder, human(limit)));
        }
        ::poll(nullptr, 0, static_cast<int>(pause.count()));
        interrupt::check();
        pause = std::min(pause * 2, milliseconds{250});
    }
    if (pooled_) {
        renewer_ = std::thread([this] { renew(); });
    }
}

RunLock::~RunLock() {
    if (renewer_.joinable()) {
        {
            const std::lock_guard held(mutex_);
            ends_ = true;
        }
        ending_.notify_all();
        renewer_.join();
    }
    if (pooled_) {
        release();
    }
}

/// Who holds it; empty when it is ours now.
std::string RunLock::try_take() {
    if (pooled_) {
        if (try_lease()) {
            return "";
        }
        const auto holder = lease_holder(connection_, name_);
        const auto other = lock_holder(connection_, lock_key(name_));
        return !holder.empty() ? holder : other;
    }
    if (!try_lock(connection_, lock_key(name_))) {
        return lock_holder(connection_, lock_key(name_));
    }
    lock_.emplace(connection_, lock_key(name_));
    // A database that was never used through a pooler may have an older catalogue.
    if (!connection_.query("select to_regclass('caisson.leases') is not null as there")
             .front()
             .boolean("there")) {
        return "";
    }
    auto holder = lease_holder(connection_, name_);
    if (!holder.empty()) {
        lock_.reset();
    }
    return holder;
}

bool RunLock::retake() { return pooled_ || try_lock(connection_, lock_key(name_)); }

bool RunLock::try_lease() {
    const auto name = pg::literal(name_);
    // Who runs a file holds a lock on the row, and is left in peace even when the time is over. The
    // lock that the holder's transactions take is touched only where the time is over: who polls
    // would make them fail.
    const auto results = connection_.script(fmt::format(
        "begin; insert into caisson.leases (name) values ({0}) on conflict do nothing; "
        "with free as materialized (select name from caisson.leases where name = {0} and "
        "expires_at < clock_timestamp() for update skip locked) "
        "update caisson.leases set token = token + 1, holder = {1}, taken_at = clock_timestamp(), "
        "expires_at = {2} where name in (select name from free where "
        "pg_try_advisory_xact_lock({3})) returning token; commit",
        name, pg::literal(own_name()), expiry(), lock_key(name_)));
    for (const auto& result : results) {
        if (!result.empty()) {
            token_ = result.front().integer("token");
            return true;
        }
    }
    return false;
}

std::string RunLock::guard() const {
    if (!pooled_) {
        return "";
    }
    // A run with a session of its own may hold the lock for as long as it takes to see the lease.
    return fmt::format(
        "do {};",
        pg::literal(fmt::format(
            "declare tries int := 0; begin while not pg_catalog.pg_try_advisory_xact_lock({}) loop "
            "if tries = 100 then raise exception using errcode = '55P03', message = 'another run "
            "holds the lock \"{}\"'; end if; tries := tries + 1; perform "
            "pg_catalog.pg_sleep(0.01); "
            "end loop; perform from caisson.leases where name = {} and token = {} for key share; "
            "if not found then "
            "raise exception using errcode = 'P0004', message = 'the lease \"{}\" went to another "
            "run'; end if; end",
            lock_key(name_), name_, pg::literal(name_), token_, name_)));
}

void RunLock::release() {
    try {
        if (!connection_.is_broken() && !connection_.in_transaction()) {
            connection_.query(
                "update caisson.leases set expires_at = '-infinity' where name = $1 and token = $2",
                {name_, token_});
        }
    } catch (const Error&) {
        // It expires by itself.
    }
}

/// On a connection of its own: the run's may be busy with one statement for hours.
void RunLock::renew() {
    const interrupt::Shield shield;
    std::optional<pg::Connection> own;
    std::unique_lock lock(mutex_);
    while (!ending_.wait_for(lock, lease_time / 3, [this] { return ends_; })) {
        lock.unlock();
        try {
            if (!own || own->is_broken()) {
                own.emplace(connection_.settings());
            }
            own->query(fmt::format("update caisson.leases set expires_at = {} where name = $1 and "
                                   "token = $2",
                                   expiry()),
                       {name_, token_});
        } catch (const Error&) {
            // The next round tries again; a lease that was lost is noticed by the guard.
        }
        lock.lock();
    }
}

}  // namespace caisson::trust

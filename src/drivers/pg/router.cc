// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/router.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace caisson::pg {

namespace asio = boost::asio;
using routing::Clock;
using routing::Host;
using std::chrono::milliseconds;

namespace {

/// `position` counts bytes. Of a primary, what it has flushed: replicas get no more, and records
/// that no commit waits for stay unflushed for seconds. Where commits do not wait for the disk, the
/// token is the end of the log. The timeline of a replica is the newest that it certainly follows:
/// whoever may read statistics sees it at once, others when the replica has written it down.
const Statement& probe_statement() {
    static const Statement statement(R"sql(
select r as is_replica,
       (case when r then coalesce(pg_last_wal_replay_lsn(), '0/0') else pg_current_wal_flush_lsn() end - '0/0')::int8 as position,
       (case when r then null when current_setting('synchronous_commit') = 'off' then pg_current_wal_insert_lsn()
             else pg_current_wal_flush_lsn() end - '0/0')::int8 as token,
       case when r then greatest((select timeline_id from pg_control_checkpoint()),
                                 (select min_recovery_end_timeline from pg_control_recovery()),
                                 (select received_tli from pg_stat_wal_receiver))
            else ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int4 end as timeline,
       exists (select from pg_stat_wal_receiver) as is_linked
  from pg_is_in_recovery() as r)sql");
    return statement;
}

/// The server is a replica, or became one: it has stored nothing.
constexpr std::string_view read_only_transaction = "25006";

/// Hosts that may be lost with one read: it may be the reason.
constexpr int most_lost = 2;

/// Of a read: its host could not do it, and another may. Replay was in the way, or the server is
/// going down.
bool is_of_the_host(const DatabaseError& error) { return error.is("40001") || error.is("57P"); }

}  // namespace

class Router::State : public std::enable_shared_from_this<State> {
 public:
    State(asio::any_io_executor executor, std::vector<Settings> hosts, RouterLimits limits)
        : executor_(std::move(executor)), limits_(limits) {
        for (auto& settings : hosts) {
            settings.connect_limit =
                std::max(std::chrono::seconds(1),
                         std::chrono::duration_cast<std::chrono::seconds>(limits.patience));
            places_.push_back(
                std::make_unique<Place>(std::move(settings), asio::steady_timer(executor_)));
        }
    }

    void begin() {
        for (std::size_t i = 0; i < places_.size(); ++i) {
            asio::co_spawn(executor_, watch(shared_from_this(), i), asio::detached);
        }
    }

    void close() {
        is_closed_ = true;
        for (auto& place : places_) {
            place->pause.cancel();
            if (const auto pool = std::exchange(place->pool, nullptr)) {
                pool->close();
            }
        }
        changed();
    }

    /// Sends `queries` to hosts that fit until one answers.
    static asio::awaitable<std::vector<Rows>> send(std::shared_ptr<State> self, Session session,
                                                   std::vector<Query> queries,
                                                   RequestOptions options,
                                                   std::optional<routing::Wanted> read) {
        Attempts attempts(self->until(options.deadline), std::move(read), self->places_.size());
        const bool may_repeat = attempts.read || options.idempotent;
        for (bool is_first = true;; is_first = false) {
            const auto target = co_await choose(self, attempts);
            const auto pool = self->places_[target]->pool;
            self->count(target, is_first);
            try {
                const auto left = std::chrono::ceil<milliseconds>(attempts.until - Clock::now());
                co_return co_await pool->batch(session, queries,
                                               {std::max(milliseconds(1), left), may_repeat});
            } catch (const Unanswered& error) {
                // Time that is over and a full queue are the caller's to know; a host that went
                // away need not be.
                const bool is_away = error.reason() == Unanswered::Reason::connection ||
                                     error.reason() == Unanswered::Reason::closed;
                attempts.lost += error.may_have_run() ? 1 : 0;
                if (!is_away || (error.may_have_run() && !may_repeat) ||
                    attempts.lost >= most_lost) {
                    throw Unanswered(error.reason(), attempts.lost > 0, error.message(),
                                     error.hint());
                }
                attempts.failed[target] = true;
            } catch (const DatabaseError& error) {
                const bool is_elsewhere = attempts.read
                                              ? self->is_replica(target) && is_of_the_host(error)
                                              : error.sqlstate == read_only_transaction;
                if (!is_elsewhere) {
                    throw;
                }
                attempts.refusal = std::current_exception();
                attempts.refused[target] = true;
            }
            self->suspect(target);
        }
    }

    static asio::awaitable<WriteToken> token(std::shared_ptr<State> self) {
        const auto until = self->until(milliseconds(0));
        while (true) {
            // On a primary the probe is just that: the end of the log as it is now.
            std::vector<Query> queries;
            queries.emplace_back(probe_statement());
            const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
            const auto rows = co_await send(self, Session::nobody(), std::move(queries),
                                            {std::max(milliseconds(1), left), true}, {});
            const auto row = rows.front().front();
            if (const auto position = row.get<std::optional<std::int64_t>>("token")) {
                co_return WriteToken{static_cast<std::uint32_t>(row.get<std::int32_t>("timeline")),
                                     static_cast<std::uint64_t>(*position)};
            }
            if (Clock::now() >= until) {
                throw self->nobody(false, false);
            }
            co_await wait_for_change(self, until);  // It was one until a moment ago.
        }
    }

    static asio::awaitable<Lease> lease(std::shared_ptr<State> self) {
        Attempts attempts(Clock::now() + self->limits_.pool.acquire, {}, self->places_.size());
        while (true) {
            const auto target = co_await choose(self, attempts);
            const auto pool = self->places_[target]->pool;
            try {
                co_return co_await pool->lease();
            } catch (const Unanswered& error) {
                if (error.reason() != Unanswered::Reason::closed || self->is_closed_) {
                    throw;
                }
            }
            attempts.failed[target] = true;  // It went away; another may come.
            self->suspect(target);
        }
    }

    RouterStats stats() const {
        auto stats = stats_;
        for (const auto& place : places_) {
            const auto& host = place->host;
            HostStats one{
                place->settings.text(), host.role, host.timeline, host.position, std::nullopt,
                place->failure,         {}};
            if (host.role == Host::Role::replica && host.current != Clock::time_point{}) {
                one.behind = std::chrono::ceil<milliseconds>(Clock::now() - host.current);
            }
            if (place->pool) {
                one.pool = place->pool->stats();
            }
            stats.hosts.push_back(std::move(one));
        }
        return stats;
    }

 private:
    /// What one caller has tried so far.
    struct Attempts {
        Attempts(Clock::time_point end, std::optional<routing::Wanted> wanted, std::size_t hosts)
            : until(end), read(std::move(wanted)), failed(hosts), refused(hosts) {}
        Clock::time_point until;
        std::optional<routing::Wanted> read;  ///< Nothing: a write.
        std::vector<bool> failed;             ///< Their hosts went away.
        std::vector<bool> refused;            ///< Their hosts said that they cannot.
        std::exception_ptr refusal;           ///< What the last of these said.
        int lost = 0;                         ///< Hosts that went away with it.
    };
    struct Place {
        Place(Settings to, asio::steady_timer timer)
            : settings(std::move(to)), pause(std::move(timer)) {}
        Settings settings;
        Host host;
        std::shared_ptr<Pool> pool;  ///< While it is reachable.
        std::string failure = "it was not asked yet";
        asio::steady_timer pause;  ///< Of its probe.
        Clock::time_point suspected{};
    };

    Clock::time_point until(milliseconds deadline) const {
        return Clock::now() + (deadline.count() > 0 ? deadline : limits_.pool.lane.request);
    }

    /// The hosts as they are at the moment.
    const std::vector<Host>& look() {
        hosts_.clear();
        for (const auto& place : places_) {
            hosts_.push_back(place->host);
            if (place->pool) {
                hosts_.back().load = place->pool->load();
            }
        }
        return hosts_;
    }

    bool is_replica(std::size_t i) const { return places_[i]->host.role == Host::Role::replica; }

    void count(std::size_t target, bool is_first) {
        ++(is_replica(target) ? stats_.to_replicas : stats_.to_primary);
        stats_.again += is_first ? 0 : 1;
    }

    /// Waits until there is a host that fits. Hosts that failed are tried again once a probe found
    /// them well; those that refused are not.
    static asio::awaitable<std::size_t> choose(std::shared_ptr<State> self, Attempts& attempts) {
        while (true) {
            const auto& hosts = self->look();
            auto without = attempts.refused;
            for (std::size_t i = 0; i < without.size(); ++i) {
                without[i] = without[i] || (attempts.failed[i] && hosts[i].is_broken);
            }
            const auto target =
                attempts.read
                    ? routing::choose_reader(hosts, *attempts.read, self->newest_timeline_,
                                             Clock::now(), ++self->turn_, without)
                    : routing::choose_primary(hosts, self->newest_timeline_);
            if (target && !without[*target] && !self->is_closed_) {
                co_return *target;
            }
            // A primary that takes no writes and still is the primary after it was asked again.
            const bool is_settled =
                target && attempts.refused[*target] && !hosts[*target].is_broken;
            if (self->is_closed_ || is_settled || Clock::now() >= attempts.until) {
                if (attempts.refusal) {
                    std::rethrow_exception(attempts.refusal);
                }
                throw self->nobody(attempts.read.has_value(), attempts.lost > 0);
            }
            co_await wait_for_change(self, attempts.until);
        }
    }

    static asio::awaitable<void> wait_for_change(std::shared_ptr<State> self,
                                                 Clock::time_point until) {
        const auto timer = std::make_shared<asio::steady_timer>(self->executor_, until);
        self->waiting_.push_back(timer);
        boost::system::error_code cancelled;
        co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }

    void changed() {
        for (const auto& timer : std::exchange(waiting_, {})) {
            timer->cancel();
        }
    }

    Unanswered nobody(bool is_read, bool may_have_run) const {
        std::string what;
        for (const auto& place : places_) {
            const auto role = place->host.role;
            what +=
                fmt::format("{}{} {}", what.empty() ? "" : "; ", place->settings.text(),
                            role == Host::Role::primary   ? "is the primary"
                            : role == Host::Role::replica ? "is a replica"
                                                          : "is unreachable: " + place->failure);
        }
        return {is_closed_ ? Unanswered::Reason::closed : Unanswered::Reason::connection,
                may_have_run,
                fmt::format("{}: {}",
                            is_closed_ ? "the router was closed"
                            : is_read  ? "no host could answer this read in time"
                                       : "there was no primary in time",
                            what)};
    }

    /// Its requests fail: no reads go there until its probe succeeds, which is made at once.
    void suspect(std::size_t i) {
        places_[i]->host.is_broken = true;
        places_[i]->suspected = Clock::now();
        places_[i]->pause.cancel();
    }

    void lost(std::size_t i, std::string why) {
        auto& place = *places_[i];
        place.failure = std::move(why);
        place.host.role = Host::Role::unreachable;
        place.host.is_broken = true;
        // Whoever waits there for room goes elsewhere now, and whoever waits for an answer is told.
        if (const auto pool = std::exchange(place.pool, nullptr)) {
            pool->close();
        }
        changed();
    }

    /// `sent` is when the probe was sent: what was committed before is in the answer.
    void found(std::size_t i, const Rows& rows, Clock::time_point sent) {
        const auto row = rows.front();
        auto& place = *places_[i];
        auto& host = place.host;
        host.role = row.get<bool>("is_replica") ? Host::Role::replica : Host::Role::primary;
        host.position = static_cast<std::uint64_t>(row.get<std::int64_t>("position"));
        host.timeline = static_cast<std::uint32_t>(
            row.get<std::optional<std::int32_t>>("timeline").value_or(0));
        host.is_linked = row.get<bool>("is_linked");
        host.is_broken = host.is_broken && sent < place.suspected;
        place.failure.clear();
        if (!place.pool) {
            place.pool = std::make_shared<Pool>(executor_, place.settings, limits_.pool);
        }
        if (host.role == Host::Role::primary) {
            newest_timeline_ = std::max(newest_timeline_, host.timeline);
        }
        const auto primary = routing::choose_primary(look(), newest_timeline_);
        if (primary == i) {
            log_.note(host.timeline, host.position, sent);
        } else if (host.role == Host::Role::replica) {
            // Positions of another timeline say nothing of the primary's.
            host.current = host.timeline == log_.timeline()
                               ? log_.current_at(host.position).value_or(Clock::time_point{})
                               : Clock::time_point{};
        }
        if (primary && last_primary_ && primary != last_primary_) {
            ++stats_.fail_overs;
        }
        last_primary_ = primary ? primary : last_primary_;
        changed();
    }

    static asio::awaitable<void> watch(std::shared_ptr<State> self, std::size_t i) {
        auto& place = *self->places_[i];
        std::optional<Lane> lane;
        while (!self->is_closed_) {
            std::string failure;
            bool may_be_the_connection = false;
            try {
                if (!lane) {
                    lane.emplace(co_await Lane::open(place.settings));
                }
                const auto sent = Clock::now();
                const auto rows = co_await lane->query(probe_statement(), {},
                                                       {.deadline = self->limits_.patience});
                if (!self->is_closed_) {
                    self->found(i, rows, sent);
                }
            } catch (const Unanswered& error) {
                failure = error.message();
                may_be_the_connection = error.reason() == Unanswered::Reason::connection;
            } catch (const std::exception& error) {  // Whatever it was, the next look may go well.
                failure = error.what();
            }
            if (lane && may_be_the_connection && !self->is_closed_) {
                lane.reset();  // Somebody ended it: a host that is there takes another.
                continue;
            }
            if (!failure.empty() && !self->is_closed_) {
                lane.reset();
                self->lost(i, failure);
            }
            if (!self->is_closed_) {
                place.pause.expires_after(self->limits_.probe);
                boost::system::error_code poked;
                co_await place.pause.async_wait(asio::redirect_error(asio::use_awaitable, poked));
            }
        }
    }

    asio::any_io_executor executor_;
    RouterLimits limits_;
    std::vector<std::unique_ptr<Place>> places_;
    std::vector<Host> hosts_;  ///< As of the last look().
    std::vector<std::shared_ptr<asio::steady_timer>> waiting_;
    routing::LogHistory log_;
    std::uint32_t newest_timeline_ = 0;
    std::optional<std::size_t> last_primary_;
    std::size_t turn_ = 0;
    bool is_closed_ = false;
    RouterStats stats_;
};

Router::Router(asio::any_io_executor executor, std::vector<Settings> hosts, RouterLimits limits) {
    if (hosts.empty()) {
        throw Error(Code::usage, "a router needs at least one host");
    }
    state_ = std::make_shared<State>(std::move(executor), std::move(hosts), limits);
    state_->begin();
}

Router::~Router() { close(); }

void Router::close() {
    if (state_) {
        state_->close();
    }
}

RouterStats Router::stats() const { return state_->stats(); }

asio::awaitable<Rows> Router::read(Session session, Statement statement, Arguments arguments,
                                   ReadOptions options) {
    std::vector<Query> queries;
    queries.emplace_back(std::move(statement), std::move(arguments));
    auto rows = co_await State::send(state_, std::move(session), std::move(queries),
                                     RequestOptions{options.deadline, true},
                                     routing::Wanted{options.staleness, options.after});
    co_return std::move(rows.front());
}

asio::awaitable<Rows> Router::write(Session session, Statement statement, Arguments arguments,
                                    RequestOptions options) {
    std::vector<Query> queries;
    queries.emplace_back(std::move(statement), std::move(arguments));
    auto rows = co_await write(std::move(session), std::move(queries), options);
    co_return std::move(rows.front());
}

asio::awaitable<std::vector<Rows>> Router::write(Session session, std::vector<Query> queries,
                                                 RequestOptions options) {
    return State::send(state_, std::move(session), std::move(queries), options, std::nullopt);
}

asio::awaitable<Lease> Router::lease() { return State::lease(state_); }

asio::awaitable<WriteToken> Router::token() { return State::token(state_); }

}  // namespace caisson::pg

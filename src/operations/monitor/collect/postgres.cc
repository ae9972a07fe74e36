// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/postgres.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/collect/group.h"
#include "operations/monitor/collect/measured.h"
#include "operations/monitor/sample/catalogue.h"
#include "trust/locks.h"

namespace caisson::monitor {
namespace {

using namespace std::chrono_literals;

/// Beyond the server's own limit, for a server that does not even cancel.
constexpr auto patience = 2s;
/// Slots of this age are still told apart from those that were never seen active.
constexpr std::size_t most_slots = 1'000;

pg::Settings bounded(pg::Settings settings, const Limits& limits) {
    settings.application = "caisson-monitor";
    settings.connect_limit = 5s;
    settings.session["statement_timeout"] = std::to_string(limits.timeout.count());
    settings.session["lock_timeout"] = "100";
    settings.session["idle_in_transaction_session_timeout"] = "10000";
    settings.session["default_transaction_read_only"] = "on";
    // Each statement reads statistics once: a copy of them all would only take memory.
    settings.session["stats_fetch_consistency"] = "none";
    settings.session["jit"] = "off";
    return settings;
}

std::string why(const Error& error, const Limits& limits) {
    if (const auto* const rejected = dynamic_cast<const pg::DatabaseError*>(&error)) {
        if (rejected->is(pg::sqlstate::query_canceled)) {
            return "took longer than " + human(limits.timeout);
        }
        if (rejected->is(pg::sqlstate::lock_not_available)) {
            return "a lock was in the way for 100 ms";
        }
    }
    return error.message();
}

Labels of_database(const std::string& name) { return {{"datname", name}}; }

}  // namespace

Age age_now() {
    return std::chrono::duration_cast<Age>(std::chrono::steady_clock::now().time_since_epoch());
}

struct PostgresCollector::Place {
    Target target;
    std::unique_ptr<pg::Connection> connection;
};

PostgresCollector::PostgresCollector(std::vector<Target> databases, Limits limits)
    : limits_(limits) {
    for (auto& target : databases) {
        target.settings = bounded(std::move(target.settings), limits_);
        limits_.backup_roles += target.backup_role + "\n";
        places_.push_back(std::make_unique<Place>(Place{std::move(target), nullptr}));
    }
}

PostgresCollector::~PostgresCollector() = default;

pg::Connection* PostgresCollector::connection() {
    auto& place = *places_.front();
    return place.connection && !place.connection->is_broken() ? place.connection.get() : nullptr;
}

bool PostgresCollector::connect(Place& place, Sample& sample) {
    if (place.connection && (place.connection->is_broken() || place.connection->has_ended())) {
        place.connection.reset();
    }
    const bool is_first = &place == places_.front().get();
    if (!place.connection) {
        if (is_first) {
            has_lock_ = false;
        }
        try {
            place.connection = std::make_unique<pg::Connection>(place.target.settings);
            place.connection->limit_waits(limits_.timeout + patience);
            expensive_at_.reset();  // What was read before it was away holds no longer.
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            for (const auto& group : groups()) {
                const bool is_here = is_first || group.scope == Scope::database;
                if (is_here) {
                    sample.unknowns.push_back(
                        {std::string(group.name),
                         group.scope == Scope::database ? of_database(place.target.name) : Labels(),
                         error.message()});
                }
            }
            if (is_first) {
                sample.unknowns.push_back({"statements", {}, error.message()});
            }
            return false;
        }
    }
    return true;
}

bool PostgresCollector::take_turn() {
    auto& place = *places_.front();
    if (has_lock_ && place.connection && !place.connection->is_broken() &&
        !place.connection->has_ended()) {
        return true;
    }
    Sample ignored;
    if (!connect(place, ignored)) {
        return true;  // Nobody can collect; that the server is away is to be told all the same.
    }
    try {
        has_lock_ = trust::try_lock(*place.connection, trust::lock_key(lock_name));
        if (!has_lock_ && is_held_by_lost_session(*place.connection)) {
            return true;
        }
        lock_session_ = has_lock_ ? place.connection->backend_process() : 0;
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        return true;  // As above: what is wrong, reading will say.
    }
    return has_lock_;
}

/// A session that hangs at the server keeps its lock after we have gone: that is no other daemon.
bool PostgresCollector::is_held_by_lost_session(pg::Connection& connection) const {
    return lock_session_ != 0 &&
           !connection
                .query(
                    "select from pg_locks where locktype = 'advisory' and granted and objsubid = 1 "
                    "and database = (select oid from pg_database where datname = "
                    "current_database()) and (classid::bigint << 32) | objid::bigint = $1 and pid "
                    "= $2",
                    {trust::lock_key(lock_name), lock_session_})
                .empty();
}

void PostgresCollector::read(Sample& sample, bool everything) {
    const auto now = age_now();
    std::vector<bool> is_there;
    for (const auto& place : places_) {
        is_there.push_back(connect(*place, sample));
    }
    const bool is_due =
        everything || !expensive_at_ || now - *expensive_at_ >= limits_.expensive - 500ms;
    bool is_up = false;
    bool is_whole = true;
    for (std::size_t i = 0; i < places_.size(); ++i) {
        auto& place = *places_[i];
        if (!is_there[i]) {
            continue;
        }
        if (i == 0) {
            read_what_is_off(place);
        }
        const bool held = read_place(place, i == 0, is_due, sample);
        is_whole = is_whole && held;
        if (i == 0) {
            // One session may have been ended; a server that hangs lets no other one begin.
            Sample ignored;
            is_up = held || connect(place, ignored);
        }
    }
    sample.add("server.up", is_up ? 1 : 0);
    if (is_due) {
        if (is_up && is_whole) {  // Else the next sample tries again.
            expensive_at_ = now;
            keep(sample);
        }
    } else {
        carry_over(sample);
    }
    leave_out_unmeasured(sample, off_);
    track_slots(sample);
}

/// What cannot be read stays as it was: whatever it is that fails, the groups will tell.
void PostgresCollector::read_what_is_off(Place& place) {
    std::string names;
    for (const auto name : measuring_settings()) {
        names += (names.empty() ? "" : ",") + std::string(name);
    }
    try {
        std::vector<std::string> off;
        for (const auto& row : place.connection->repeat(
                 "select name from unnest($1::text[]) as name where current_setting(name, true) = "
                 "'off'",
                 {"{" + names + "}"})) {
            off.push_back(row.string("name"));
        }
        off_ = std::move(off);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
    }
}

bool PostgresCollector::read_place(Place& place, bool is_first, bool is_due, Sample& sample) {
    std::string broken;  // Why nothing more is asked for: what is not read must not pass for fine.
    for (const auto& group : groups()) {
        const bool is_here = group.scope == Scope::database || is_first;
        if (!is_here || (group.pace == Pace::expensive && !is_due)) {
            continue;
        }
        const auto whose =
            group.scope == Scope::database ? of_database(place.target.name) : Labels();
        if (!broken.empty()) {
            sample.unknowns.push_back({std::string(group.name), whose, broken});
            continue;
        }
        const auto before = sample.readings.size();
        const auto witnesses = sample.witnesses.size();
        try {
            Collecting collecting{*place.connection, limits_, place.target.name, sample};
            group.read(collecting);
            sample.read_at[std::string(group.name)] = sample.at;
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            sample.readings.resize(before);  // Half of a group is none.
            sample.witnesses.resize(witnesses);
            sample.unknowns.push_back({std::string(group.name), whose, why(error, limits_)});
            if (place.connection->is_broken()) {
                broken = fmt::format("the connection broke while {} was read", group.name);
            }
        }
    }
    if (is_first && broken.empty()) {
        read_statements(place, sample);
    } else if (is_first) {
        sample.unknowns.push_back({"statements", {}, broken});
    }
    return !place.connection->is_broken();
}

void PostgresCollector::read_statements(Place& place, Sample& sample) {
    const auto before = sample.readings.size();
    try {
        queries_.read(*place.connection, limits_, sample);
        sample.read_at["statements"] = sample.at;
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        sample.readings.resize(before);
        sample.unknowns.push_back({"statements", {}, why(error, limits_)});
    }
}

void PostgresCollector::keep(const Sample& sample) {
    carried_ = {};
    for (const auto& group : groups()) {
        if (group.pace == Pace::expensive) {
            const auto prefix = std::string(group.name) + ".";
            for (const auto& reading : sample.readings) {
                if (reading.metric.starts_with(prefix)) {
                    carried_.readings.push_back(reading);
                }
            }
            for (const auto& unknown : sample.unknowns) {
                if (unknown.what == group.name || unknown.what.starts_with(prefix)) {
                    carried_.unknowns.push_back(unknown);
                }
            }
            if (const auto found = sample.read_at.find(group.name); found != sample.read_at.end()) {
                carried_.read_at.insert(*found);
            }
        }
    }
    carried_.finish();
}

/// What was expensive still holds until it is read again; of a server that is away it does not.
void PostgresCollector::carry_over(Sample& sample) const {
    const auto is_away = [&](const Labels& labels) {
        return std::ranges::any_of(sample.unknowns, [&](const Unknown& unknown) {
            return unknown.what == "tables" &&
                   label_of(unknown.labels, "datname") == label_of(labels, "datname");
        });
    };
    std::vector<Reading> readings;  // Those that are in order first (Sample::finish).
    readings.reserve(carried_.readings.size() + sample.readings.size());
    std::ranges::remove_copy_if(carried_.readings, std::back_inserter(readings), is_away,
                                &Reading::labels);
    std::ranges::move(sample.readings, std::back_inserter(readings));
    sample.readings = std::move(readings);
    for (const auto& unknown : carried_.unknowns) {
        if (!is_away(unknown.labels)) {
            sample.unknowns.push_back(unknown);
        }
    }
    for (const auto& [group, at] : carried_.read_at) {
        sample.read_at.emplace(group, at);
    }
}

/// Servers before version 17 do not say since when a slot has had no reader. One that had none when
/// we began may have had none for long: until that is as bad as it can be, nobody knows.
void PostgresCollector::track_slots(Sample& sample) {
    const auto now = age_now();
    const auto worst = metric("slots.inactive").threshold.critical;
    std::set<std::string> seen;
    std::set<Labels> told;
    for (const auto& reading : sample.readings) {
        if (reading.metric == "slots.inactive") {
            told.insert(reading.labels);
        }
    }
    std::vector<Reading> added;
    for (const auto& reading : sample.readings) {
        if (reading.metric != "slots.active" || told.contains(reading.labels)) {
            continue;
        }
        const auto name = std::string(label_of(reading.labels, "slot_name"));
        seen.insert(name);
        if (reading.value != 0) {
            inactive_.erase(name);
            added.push_back({"slots.inactive", reading.labels, 0});
            continue;
        }
        if (inactive_.size() < most_slots) {
            inactive_.emplace(name, Inactive{now, has_seen_slots_});
        }
        const auto found = inactive_.find(name);
        const double seconds =
            found == inactive_.end()
                ? 0
                : std::chrono::duration<double>(now - found->second.since).count();
        if (found != inactive_.end() && (found->second.is_sure || seconds >= worst)) {
            added.push_back({"slots.inactive", reading.labels, seconds});
        } else {
            sample.unknowns.push_back({"slots.inactive", reading.labels,
                                       "nobody read from it when the monitor began, and since when "
                                       "is not known"});
        }
    }
    sample.readings.insert(sample.readings.end(), added.begin(), added.end());
    if (sample.read_at.contains("slots")) {
        has_seen_slots_ = true;
        std::erase_if(inactive_, [&](const auto& each) { return !seen.contains(each.first); });
    }
}

}  // namespace caisson::monitor

// SPDX-License-Identifier: Apache-2.0
/// The server as a whole: transaction ids, sessions, memory, checkpoints, slots.
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/advice/rules.h"
#include "operations/monitor/advice/worth.h"
#include "operations/monitor/collect/redaction.h"
#include "platform/values.h"

namespace caisson::advice {
namespace {

/// Where PostgreSQL takes no more transactions. Source: PostgreSQL, "Preventing Transaction ID
/// Wraparound Failures".
constexpr double last_transaction = 2'147'483'648.0;
constexpr double mebibyte = 1'048'576;
/// Each sort of each session may take work_mem: more of it than this is no matter of statistics.
constexpr double most_work_mem = 256 * mebibyte;
/// Of the log, whose disk we do not see.
constexpr double most_wal = 16'384 * mebibyte;

double figure(const Facts& facts, const std::string& name, double fallback) {
    const auto found = facts.figures.find(name);
    return found == facts.figures.end() ? fallback : found->second;
}

std::string setting(const Facts& facts, const std::string& name) {
    const auto found = facts.settings.find(name);
    return found == facts.settings.end() ? "?" : found->second;
}

/// ALTER SYSTEM, and back to what is set now, of a setting that needs no restart.
void change_setting(const Facts& facts, Advice& advice, const std::string& name,
                    const std::string& value) {
    advice.apply = {fmt::format("alter system set {} = {}", name, pg::literal(value)),
                    "select pg_reload_conf()"};
    advice.undo = {fmt::format("alter system set {} = {}", name, pg::literal(setting(facts, name))),
                   "select pg_reload_conf()"};
}

std::string megabytes(double bytes) {
    return fmt::format("{}MB", std::int64_t(std::max(1.0, std::ceil(bytes / mebibyte))));
}

double a_day(double amount, const std::optional<double>& age) {
    return amount * 86'400 / std::max(age.value_or(86'400), 3'600.0);
}

const RoleSetting* set_for(const Facts& facts, const std::string& role, bool is_here,
                           const std::string& name) {
    const auto found = std::ranges::find_if(facts.role_settings, [&](const RoleSetting& each) {
        return each.role == role && each.is_here == is_here && each.name == name;
    });
    return found == facts.role_settings.end() ? nullptr : &*found;
}

/// What the role itself was given; nothing: as all.
const RoleSetting* own_setting(const Facts& facts, const std::string& role,
                               const std::string& name) {
    const auto* const here = set_for(facts, role, true, name);
    return here ? here : set_for(facts, role, false, name);
}

/// What holds for new sessions of the role in this database.
/// Source: PostgreSQL, ALTER ROLE: what is of a database comes before what is of all.
std::string setting_of(const Facts& facts, const std::string& role, const std::string& name) {
    for (const auto* const each : {own_setting(facts, role, name), own_setting(facts, "", name)}) {
        if (each) {
            return each->value;
        }
    }
    return setting(facts, name);
}

/// For one role in this database, and back to what it was.
void change_role_setting(const Facts& facts, Advice& advice, const std::string& role,
                         const std::string& name, const std::string& value) {
    const auto where = fmt::format("alter role {} in database {}", pg::identifier(role),
                                   pg::identifier(facts.database));
    const auto* const before = set_for(facts, role, true, name);
    advice.apply.push_back(fmt::format("{} set {} = {}", where, name, pg::literal(value)));
    advice.undo.push_back(
        before ? fmt::format("{} set {} = {}", where, name, pg::literal(before->value))
               : fmt::format("{} reset {}", where, name));
}

/// What somebody has set for the role is left to them.
void raise_work_mem(const Facts& facts, Advice& advice, const std::string& role) {
    if (const auto* const own = own_setting(facts, role, "work_mem")) {
        advice.evidence.push_back({"work_mem of the role", own->value});
        return;
    }
    const double now = figure(facts, "work_mem", 4 * mebibyte);
    const double file = double(facts.temporary_bytes) / double(facts.temporary_files);
    const double wanted = std::min(2 * std::max(file, now), most_work_mem);
    if (!role.empty() && wanted > now) {
        change_role_setting(facts, advice, role, "work_mem", megabytes(wanted));
    }
}

/// A time as a setting is written; without a unit it is milliseconds.
std::optional<double> seconds_of(const std::string& text) {
    const bool is_plain =
        !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    const auto time = platform::parse_duration(is_plain ? text + "ms" : text);
    return time ? std::optional(double(time->count()) / 1'000) : std::nullopt;
}

/// Where the role's sessions may stay so for longer, or for ever. A stricter bound was switched off
/// by the session itself, and stays as it is.
void bound_idle_transactions(const Facts& facts, Advice& advice, const std::string& role) {
    const std::string name = "idle_in_transaction_session_timeout";
    const auto now = setting_of(facts, role, name);
    const auto seconds = seconds_of(now);
    advice.evidence.push_back({name, now});
    if (seconds && (*seconds <= 0 || *seconds > 300)) {
        change_role_setting(facts, advice, role, name, "5min");
    }
}

}  // namespace

void judge_wraparound(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& database : facts.ages) {
        const double oldest = std::max(database.transactions, database.multixacts);
        const double part = oldest / last_transaction;
        if (part < limits.wraparound_warning) {
            continue;
        }
        const bool is_critical = part >= limits.wraparound_critical;
        const bool is_own = database.name == facts.database;
        judgement.advice.push_back(
            {.rule = "wraparound",
             .object = pg::identifier(database.name),
             .summary = fmt::format(
                 "{} of the {} before {} stops taking writes are used", percent_text(part),
                 database.transactions >= database.multixacts ? "transaction ids" : "multixact ids",
                 database.name),
             .evidence = {{"oldest transaction id, age", count_text(database.transactions)},
                          {"oldest multixact id, age", count_text(database.multixacts)},
                          {"writes stop at", count_text(last_transaction)},
                          {"autovacuum_freeze_max_age",
                           setting(facts, "autovacuum_freeze_max_age")}},
             .apply = {"vacuum (freeze, verbose)"},
             .risk = Risk::low,
             .caution = fmt::format(
                 "{}reads every table once. First end what holds old rows: transactions that "
                 "stay open, prepared ones, slots nobody reads",
                 is_own ? "" : "in that database, as its administrator; "),
             .worth = worth_of_danger(is_critical ? 0.5 + part / 2 : part / 2)});
    }
}

void judge_idle_transactions(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& session : facts.sessions) {
        if (session.is_own || session.idle < limits.idle_in_transaction) {
            continue;
        }
        Advice advice{
            .rule = "idle_transaction",
            .object = fmt::format("process {}", session.process),
            .summary = fmt::format("{} has left a transaction open for {} and does nothing",
                                   session.user, age_text(session.transaction)),
            .evidence = {{"idle for", age_text(session.idle)},
                         {"application", session.application},
                         {"client", session.client},
                         {"last statement", line_of(session.query)},
                         {"sessions that wait for it", count_text(session.blocks)},
                         {"keeps dead rows", session.holds_horizon ? "yes" : "no"}},
            // Not by its number alone: that may be another session's when this is read.
            .apply = {fmt::format(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid = {} "
                "and backend_start = {}::timestamptz and state like 'idle in "
                "transaction%'",
                session.process, pg::literal(session.started))},
            .risk = Risk::medium,
            .caution =
                "what the transaction did is rolled back; the application must close it "
                "itself in the end",
            .worth = session.blocks > 0 || session.holds_horizon ? worth_of_fault()
                                                                 : worth_of_fault() - 20};
        bound_idle_transactions(facts, advice, session.user);
        judgement.advice.push_back(std::move(advice));
    }
}

void judge_cache_hits(const Facts& facts, const Limits& limits, Judgement& judgement) {
    const double all = double(facts.blocks_hit + facts.blocks_read);
    const double block = 8'192;
    const double buffers = figure(facts, "shared_buffers", 128 * mebibyte);
    // A cold cache fills once: only what was read again and again tells that it is too small.
    if (all <= 0 || double(facts.blocks_read) * block < 4 * buffers ||
        double(facts.blocks_hit) / all >= limits.cache_hits) {
        return;
    }
    Advice advice{
        .rule = "cache_hits",
        .object = pg::identifier(facts.database),
        .summary = fmt::format("only {} of all pages were found in shared_buffers",
                               percent_text(double(facts.blocks_hit) / all)),
        .evidence = {{"pages found", count_text(double(facts.blocks_hit))},
                     {"pages read", count_text(double(facts.blocks_read))},
                     {"shared_buffers", setting(facts, "shared_buffers")},
                     {"counted for", age_text(facts.statistics_age)}},
        .risk = Risk::medium,
        // No SQL: how much the machine has is not known here, and a server that asks for more than
        // there is does not start, so that nothing undoes it.
        .caution =
            "look at advice about missing indexes first: what is not read needs no cache. "
            "Otherwise set shared_buffers higher, to a quarter of the machine's memory at most: "
            "with more than there is the server does not start",
        .worth = worth_of_time(a_day(double(facts.blocks_read) * 0.05, facts.statistics_age)) - 5};
    judgement.advice.push_back(std::move(advice));
}

namespace {

/// Two counters that were reset together, to the minute.
bool is_counted_as_long(const std::optional<double>& age, const std::optional<double>& other) {
    return age && other && *age + 60 >= *other;
}

/// Checkpoints that came because the log was full, at most: each such one takes half of
/// max_wal_size. The others were asked for, by a backup or by hand.
/// Source: PostgreSQL, "WAL Configuration".
double checkpoints_of_full_log(const Facts& facts) {
    const double half = figure(facts, "max_wal_size", 1'024 * mebibyte) / 2;
    return std::min(double(facts.requested_checkpoints),
                    std::floor(double(*facts.wal_bytes) / half));
}

}  // namespace

void judge_checkpoints(const Facts& facts, const Limits& limits, Judgement& judgement) {
    const double all = double(facts.timed_checkpoints + facts.requested_checkpoints);
    if (all < double(limits.checkpoints) ||
        double(facts.requested_checkpoints) / all <= limits.requested_checkpoints) {
        return;
    }
    if (!facts.wal_bytes || !is_counted_as_long(facts.wal_age, facts.checkpoints_age)) {
        judgement.unknown.push_back(
            {"checkpoints",
             fmt::format("{} of them were requested, and whether the log was full is not known: it "
                         "is not counted for as long",
                         percent_text(double(facts.requested_checkpoints) / all))});
        return;
    }
    const double full = checkpoints_of_full_log(facts);
    if (full / all <= limits.requested_checkpoints) {
        return;
    }
    Advice advice{
        .rule = "checkpoints",
        .object = "max_wal_size",
        .summary = fmt::format("up to {} of the checkpoints came because the log was full",
                               percent_text(full / all)),
        .evidence = {{"requested", count_text(double(facts.requested_checkpoints))},
                     {"timed", count_text(double(facts.timed_checkpoints))},
                     {"written to the log", bytes_text(double(*facts.wal_bytes))},
                     {"max_wal_size", setting(facts, "max_wal_size")},
                     {"checkpoint_timeout", setting(facts, "checkpoint_timeout")},
                     {"counted for", age_text(facts.checkpoints_age)}},
        .risk = Risk::medium,
        .caution =
            "look first whether the disk of the log has room for that: a full one stops the "
            "server. Recovery after a crash takes longer; backups and CHECKPOINT by hand "
            "count as requested too",
        .worth = worth_of_time(a_day(1e4 * full, facts.checkpoints_age)) - 10};
    const double wanted = 2 * figure(facts, "max_wal_size", 1'024 * mebibyte);
    if (wanted <= most_wal) {
        change_setting(facts, advice, "max_wal_size", megabytes(wanted));
    }
    judgement.advice.push_back(std::move(advice));
}

void judge_temporary_files(const Facts& facts, const Limits& limits, Judgement& judgement) {
    const double hours = std::max(facts.statistics_age.value_or(0) / 3'600, 1.0);
    const double files = double(facts.temporary_files);
    if (files / hours <= limits.temporary_files_per_hour) {
        return;
    }
    const auto largest = std::ranges::max_element(
        facts.statements, {}, [](const Statement& each) { return each.temporary_blocks; });
    Advice advice{
        .rule = "temporary_files",
        .object = pg::identifier(facts.database),
        .summary = fmt::format("{} temporary files an hour, of {} each", count_text(files / hours),
                               bytes_text(double(facts.temporary_bytes) / files)),
        .evidence = {{"files", count_text(files)},
                     {"bytes", bytes_text(double(facts.temporary_bytes))},
                     {"work_mem", setting(facts, "work_mem")},
                     {"counted for", age_text(facts.statistics_age)}},
        .risk = Risk::medium,
        .caution =
            "each sort and hash of each session may take so much: where it is one report, set it "
            "for its transaction alone",
        .worth = worth_of_time(a_day(double(facts.temporary_bytes) * 1e-5, facts.statistics_age))};
    if (largest != facts.statements.end() && largest->temporary_blocks > 0) {
        advice.evidence.push_back({"most by", line_of(monitor::without_constants(largest->text))});
        advice.evidence.push_back({"of the role", largest->user});
        raise_work_mem(facts, advice, largest->user);
    }
    judgement.advice.push_back(std::move(advice));
}

void judge_slots(const Facts& facts, const Limits& limits, Judgement& judgement) {
    for (const auto& slot : facts.slots) {
        if (slot.retained < limits.slot_bytes) {
            continue;
        }
        judgement.advice.push_back(
            {.rule = "slot_lag",
             .object = pg::literal(slot.name),
             .summary = fmt::format("the slot {} keeps {} of the log", slot.name,
                                    bytes_text(double(slot.retained))),
             .evidence = {{"kept", bytes_text(double(slot.retained))},
                          {"kind", slot.kind},
                          {"somebody reads it", slot.is_active ? "yes, too slowly" : "no"},
                          {"wal_status", slot.status},
                          {"max_slot_wal_keep_size", setting(facts, "max_slot_wal_keep_size")}},
             .apply = slot.is_active
                          ? std::vector<std::string>{}
                          : std::vector<std::string>{fmt::format(
                                "select pg_drop_replication_slot({})", pg::literal(slot.name))},
             .risk = Risk::high,
             .caution = slot.is_active
                            ? "the reader must become faster; a limit of max_slot_wal_keep_size "
                              "saves the disk and loses the reader"
                            : "whoever read it must begin anew from a copy: make sure that nobody "
                              "comes back. Otherwise the disk fills and the server stops",
             .worth = worth_of_danger(slot.is_active ? 0 : 0.2)});
    }
}

}  // namespace caisson::advice

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "lifecycle/seeds/blame.h"
#include "lifecycle/seeds/plan.h"
#include "lifecycle/seeds/run_sql.h"
#include "lifecycle/seeds/upsert.h"
#include "trust/locks.h"

namespace caisson::seeds {
namespace {

constexpr int most_attempts = 5;
constexpr std::size_t most_rows_told = 100;

/// What the session was before scripts ran in it: a SET in one of them would outlive the
/// transaction.
class SessionSettings {
 public:
    explicit SessionSettings(pg::Connection& connection)
        : connection_(connection), before_(read()) {}

    void put_back() {
        for (const auto& [name, value] : read()) {
            const auto known = before_.find(name);
            if (known == before_.end()) {
                connection_.query("reset " + name_of_setting(name));
            } else if (known->second != value) {
                connection_.query("select pg_catalog.set_config($1, $2, false)",
                                  {name, known->second});
            }
        }
    }

 private:
    std::map<std::string, std::string> read() {
        std::map<std::string, std::string> settings;
        for (const auto row : connection_.query(
                 "select name, setting from pg_catalog.pg_settings where source = 'session'")) {
            settings[row.string("name")] = row.string("setting");
        }
        return settings;
    }

    /// `my.setting` is two identifiers.
    static std::string name_of_setting(const std::string& name) {
        std::vector<std::string> parts;
        for (const auto& part : split(name, '.')) {
            parts.push_back(pg::identifier(part));
        }
        return join(parts, ".");
    }

    pg::Connection& connection_;
    std::map<std::string, std::string> before_;
};

/// One seeding run inside one transaction.
class Run {
 public:
    Run(pg::Connection& connection, const Seeds& seeds, const Options& options)
        : connection_(connection), seeds_(seeds), options_(options) {}

    Report run() {
        prepared_ = prepare(connection_, seeds_, options_);
        if (!prepared_.plan.deferred.empty()) {
            connection_.query(
                fmt::format("set constraints {} deferred", join(prepared_.plan.deferred, ", ")));
        }
        for (const auto& step : prepared_.plan.steps) {
            const Stopwatch watch;
            if (options_.started) {
                options_.started(step.file);
            }
            auto report = apply(step);
            report.set = step.file.set;
            report.file = step.file.name;
            report.standing = step.standing;
            report.duration = watch.elapsed();
            report_.files.push_back(std::move(report));
            fault::point("seed-file-applied");
        }
        if (!stages_.empty() || ran_sql_) {
            check_deferred();
        }
        tell_gone_files();
        return std::move(report_);
    }

 private:
    /// A file that was renamed has left its rows to the one with the new name: it is forgotten.
    void tell_gone_files() {
        for (const auto& gone : gone_files(seeds_, prepared_.recorded)) {
            const auto forgotten = connection_.query(
                "delete from caisson.seed_files f where id = $1 "
                "   and not exists (select from caisson.seed_rows r where r.file = f.id)",
                {gone.id});
            if (forgotten.affected() == 0) {
                report_.gone.push_back(gone.name);
            }
        }
    }

    FileReport apply(const Step& step) {
        const auto& file = step.file;
        const bool is_sql = file.format == Format::sql;
        const auto* const recorded = prepared_.record_of(file);
        std::vector<State> states;
        if (recorded) {
            states = states_of(connection_, recorded->id, prepared_.shapes, prepared_.target);
        }
        const auto any = [&](auto member) {
            return std::any_of(states.begin(), states.end(),
                               [&](const State& state) { return state.*member != 0; });
        };
        const bool is_unchanged = step.standing == Standing::unchanged;
        const bool is_missing = any(&State::missing);
        const bool is_overwritten = options_.overwrite && any(&State::changed);
        if (is_unchanged && !is_missing && !is_overwritten && (is_sql || !any(&State::stale))) {
            return leave(*recorded, states);
        }
        const auto number = is_unchanged ? recorded->id : record_file(connection_, file);
        if (is_sql) {
            ran_sql_ = true;
            return run_sql(connection_,
                           {&file, number, std::move(states), is_unchanged && !is_overwritten},
                           prepared_);
        }
        auto done = upsert(connection_,
                           {&file, prepared_.target.table(file.table), step.key, number,
                            later_than(file), options_.overwrite},
                           prepared_, stages_.size());
        if (done.stage.file) {
            stages_.push_back(std::move(done.stage));
        }
        return std::move(done.report);
    }

    /// Nothing to do, and nothing is written.
    FileReport leave(const Recorded& recorded, const std::vector<State>& states) {
        FileReport report;
        for (const auto& state : states) {
            Counts counts;
            counts.table = state.shape.table.text();
            counts.unchanged = state.present;
            counts.kept = state.changed;
            counts.left = state.left;
            report.tables.push_back(counts);
            for (auto& note :
                 odd_rows(connection_, recorded.id, state, prepared_.target, most_rows_told)) {
                note.reason = "kept: " + note.reason;
                report.rows.push_back(std::move(note));
            }
        }
        return report;
    }

    /// Files that come after this one and were applied: what they say of a row counts.
    std::vector<std::int64_t> later_than(const File& file) const {
        std::vector<std::int64_t> later;
        const auto gone = gone_files(seeds_, prepared_.recorded);
        for (const auto& known : prepared_.recorded) {
            const bool is_gone = std::any_of(gone.begin(), gone.end(), [&](const auto& other) {
                return other.name == known.name;
            });
            if (!is_gone && std::tie(known.set, known.name) > std::tie(file.set, file.name)) {
                later.push_back(known.id);
            }
        }
        return later;
    }

    /// Constraints that wait for the end of the transaction speak now, while it can still be said
    /// which row they mean.
    void check_deferred() {
        connection_.query("savepoint \"caisson:deferred\"");
        try {
            connection_.query("set constraints all immediate");
        } catch (const pg::DatabaseError& error) {
            if (error.code() != Code::database_rejected || is_passing(error)) {
                throw;
            }
            connection_.query("rollback to savepoint \"caisson:deferred\"");
            for (const auto& stage : stages_) {
                if (const auto place = find_orphan(connection_, error, stage, prepared_.target)) {
                    throw refused(error, *stage.file, *place);
                }
            }
            throw refused(error, prepared_.plan.steps.back().file, culprit_by_table(error));
        }
        connection_.query("release savepoint \"caisson:deferred\"");
    }

    Place culprit_by_table(const pg::DatabaseError& error) const {
        for (const auto& step : prepared_.plan.steps) {
            if (step.file.table == pg::QualifiedName{error.schema, error.table}) {
                return {step.file.shown};
            }
        }
        return {"seeds"};
    }

    pg::Connection& connection_;
    const Seeds& seeds_;
    const Options& options_;
    Prepared prepared_;
    Report report_;
    std::vector<Stage> stages_;
    bool ran_sql_ = false;
};

}  // namespace

Counts Report::total() const {
    Counts total;
    for (const auto& file : files) {
        for (const auto& table : file.tables) {
            total.inserted += table.inserted;
            total.updated += table.updated;
            total.unchanged += table.unchanged;
            total.restored += table.restored;
            total.kept += table.kept;
            total.missing += table.missing;
            total.left += table.left;
            total.overridden += table.overridden;
            total.duplicates += table.duplicates;
        }
    }
    return total;
}

bool Report::wrote() const {
    const auto sum = total();
    return sum.inserted + sum.updated + sum.restored > 0;
}

Report apply(pg::Connection& connection, const Seeds& seeds, const Options& options) {
    require_tracking(connection);
    const trust::AdvisoryLock lock(connection, "seed", options.wait);
    const bool has_scripts =
        std::any_of(seeds.files.begin(), seeds.files.end(),
                    [](const auto& file) { return file.format == Format::sql; });
    std::optional<SessionSettings> settings;
    if (has_scripts) {
        settings.emplace(connection);
    }
    for (int attempt = 1;; ++attempt) {
        try {
            pg::Transaction transaction(connection, begin_statement);
            settle_session(connection);
            auto report = Run(connection, seeds, options).run();
            transaction.commit();
            if (settings) {
                settings->put_back();
            }
            return report;
        } catch (const pg::DatabaseError& error) {
            if (!is_passing(error) || attempt == most_attempts) {
                throw;
            }
        }
    }
}

}  // namespace caisson::seeds

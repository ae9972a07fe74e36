// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/apply.h"

#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "lifecycle/migrations/run_file.h"
#include "lifecycle/migrations/run_script.h"
#include "trust/run_lock.h"

namespace caisson::migrations {
namespace {

using PlanAgain = std::function<Plan(const History& history, std::size_t done)>;

/// Plans and runs until nothing is left. The lock is taken again whenever the connection changes or
/// a file may have given it up, and what was planned before that is planned afresh.
class Run {
 public:
    Run(const Connect& connect, const std::vector<Migration>& files, const Options& options,
        PlanAgain plan)
        : connect_(connect), files_(files), options_(options), plan_(std::move(plan)) {}

    Report go() {
        auto [history, is_behind] = mirror().look(connect_(false), files_);
        Plan plan = plan_again(history);
        bool finished = plan.is_done() && !is_behind;
        while (!finished) {
            const bool runs_as_admin = as_admin(plan);
            pg::Connection& connection = connect_(runs_as_admin);
            {
                trust::RunLock lock(connection, "migrations", options_.wait, options_.on_wait);
                // Through a pooler the lock of a session would be anybody's: each transaction takes
                // it anew.
                const auto tool_locks =
                    lock.is_pooled() ? mirror().transaction_locks(connection) : "";
                ToolLocks locks(connection, lock.is_pooled() ? no_tools() : mirror(), options_.wait,
                                options_.on_wait);
                // A tool's table belongs to the role of migrations, whoever runs the files.
                history = mirror().follow(connect_(false), files_, lock.guard() + tool_locks);
                plan = plan_again(history);
                Patience patience(options_, connection, lock.is_pooled());
                // While we waited another run may have come to files of the other role.
                const auto retake = [&] { return lock.retake() && locks.retake(); };
                finished =
                    plan.is_done() || (as_admin(plan) == runs_as_admin &&
                                       run_some({connection, options_, patience, lock.guard(),
                                                 tool_locks, lock.is_pooled(), retake},
                                                plan));
            }
            if (renew_) {
                connection = pg::Connection(connection.settings());
                renew_ = false;
            }
            if (!finished) {
                history = mirror().look(connect_(false), files_).history;
                plan = plan_again(history);
                finished = plan.is_done();
            }
        }
        report_.warnings = plan.warnings;
        refuse_program(plan);
        return std::move(report_);
    }

 private:
    static const Mirror& no_tools() {
        static const Mirror none;
        return none;
    }

    const Mirror& mirror() const { return options_.mirror ? *options_.mirror : no_tools(); }

    Plan plan_again(const History& history) const {
        auto plan = plan_(history, report_.applied.size());
        for (auto& step : plan.steps) {
            step.tool = mirror().of(step.migration->source);
        }
        return plan;
    }

    static bool as_admin(const Plan& plan) {
        return !plan.steps.empty() && plan.steps.front().migration->as_admin;
    }

    /// As many steps as may be run under the lock at hand; whether that was all of them.
    bool run_some(const Session& session, const Plan& plan) {
        if (!session.pooled) {
            session.connection.script(clean_session);
        }
        session.connection.take_notices();
        announce(plan);
        take_over(session, plan);
        const auto total = report_.applied.size() + plan.steps.size();
        for (std::size_t i = 0; i < plan.steps.size();) {
            if (renew_ || plan.steps[i].migration->as_admin != as_admin(plan)) {
                return false;
            }
            auto last = i + 1;
            while (last < plan.steps.size() &&
                   plan.steps[last].transaction == plan.steps[i].transaction) {
                ++last;
            }
            run_transaction(session, std::span(plan.steps).subspan(i, last - i), total);
            i = last;
        }
        return true;
    }

    /// What is planned is told once, before the first file of a run.
    void announce(const Plan& plan) {
        if (!announced_) {
            std::string list;
            for (const auto& step : plan.steps) {
                list += fmt::format("{} {}\n", step.file(), step.script().checksum);
            }
            tell(options_, {Event::Kind::planned, nullptr, 0, list});
            report_.cuts = plan.cuts;
        }
        announced_ = true;
    }

    void take_over(const Session& session, const Plan& plan) {
        if (plan.taken_over.empty()) {
            return;
        }
        std::string sql = "begin;" + session.guard;
        for (const auto& one : plan.taken_over) {
            sql += record_taken_over(one);
            report_.taken_over.push_back(one.migration->up.file);
        }
        session.connection.script(sql + "commit");
    }

    void run_transaction(const Session& session, std::span<const Step> steps, std::size_t total) {
        std::vector<Prepared> files;
        files.reserve(steps.size());
        for (const auto& step : steps) {
            files.push_back({&step, body_of(step)});
            const auto number = report_.applied.size() + files.size();
            if (options_.on_start) {
                options_.on_start(step, number, total);
            }
            tell(options_, {Event::Kind::started, &step, 0, ""});
        }
        const Stopwatch watch;
        try {
            if (files.front().body.mode == Mode::whole) {
                run_whole(session, files);
            } else if (files.front().body.is_script) {
                run_script_by_statement(session, *files.front().step, files.front().body);
            } else {
                run_by_statement(session, *files.front().step, files.front().body);
            }
        } catch (Error& error) {
            undo(session.connection);
            failed(steps, error);
            throw;
        }
        const auto each = watch.elapsed() / static_cast<int>(files.size());
        for (const auto& file : files) {
            finish(session, file, each, total);
        }
    }

    void failed(std::span<const Step> steps, Error& error) {
        const Step* at = &steps.front();
        for (const auto& step : steps) {
            at = error.fact("migration") == step.migration->title() ? &step : at;
        }
        error.with("migration", at->migration->title());
        if (steps.size() > 1) {
            error.with("transaction",
                       fmt::format("of {} files; none of them was applied", steps.size()));
        }
        if (error.code() == Code::cannot_connect) {
            error.with("in flight",
                       fmt::format("{}: the history tells the next run whether it was applied",
                                   at->file()));
        }
        try {
            tell(options_, {Event::Kind::failed, at, 0, error.message()});
        } catch (const Error& unheard) {
            // What went wrong first is what people must read.
            error.with("not noted", unheard.message());
        }
    }

    void finish(const Session& session, const Prepared& file, std::chrono::nanoseconds duration,
                std::size_t total) {
        const auto& step = *file.step;
        const auto& migration = *step.migration;
        report_.applied.push_back({step.direction, migration.source, migration.version,
                                   migration.name, step.file(), duration, step.resumes_after(),
                                   session.connection.take_notices()});
        tell(options_,
             {step.direction == Direction::up ? Event::Kind::finished : Event::Kind::reverted,
              &step, 0, ""});
        if (options_.on_finish) {
            options_.on_finish(report_.applied.back(), report_.applied.size(), total);
        }
        // Its locks may be gone or left behind, or sessions begin otherwise now.
        renew_ = file.body.touches_locks || file.body.changes_defaults;
    }

    /// After an interrupt the transaction is still open.
    static void undo(pg::Connection& connection) {
        if (!connection.is_broken() && connection.in_transaction()) {
            connection.query("rollback");
        }
    }

    const Connect& connect_;
    const std::vector<Migration>& files_;
    const Options& options_;
    PlanAgain plan_;
    Report report_;
    bool renew_ = false;
    bool announced_ = false;
};

}  // namespace

Report up(const Connect& connect, const std::vector<Migration>& files, const Features& features,
          const UpRequest& request, const Options& options) {
    const TextOf text_of = [&](const Record& record) { return read_text(connect(false), record); };
    return Run(connect, files, options,
               [&](const History& history, std::size_t) {
                   return plan_up(files, history, features, request, text_of);
               })
        .go();
}

Report down(const Connect& connect, const std::vector<Migration>& files, const Features& features,
            const DownRequest& request, const Options& options) {
    const bool by_count = !request.to && !request.only;
    return Run(connect, files, options,
               [&](const History& history, std::size_t done) {
                   auto rest = request;
                   rest.count -= by_count ? std::min(done, rest.count) : 0;
                   if (request.only && done > 0) {
                       return Plan{};
                   }
                   return plan_down(files, history, features, rest);
               })
        .go();
}

}  // namespace caisson::migrations

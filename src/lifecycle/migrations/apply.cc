// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/apply.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "lifecycle/migrations/run_file.h"
#include "trust/locks.h"

namespace caisson::migrations {
namespace {

using PlanAgain = std::function<Plan(const History& history, std::size_t done)>;

/// Plans and runs until nothing is left. The lock is taken again whenever the connection changes or
/// a file may have given it up, and what was planned before that is planned afresh.
class Run {
 public:
    Run(const Connect& connect, const Options& options, PlanAgain plan)
        : connect_(connect), options_(options), plan_(std::move(plan)) {}

    Report go() {
        History history = read_history(connect_(false));
        Plan plan = plan_(history, 0);
        bool finished = plan.steps.empty();
        while (!finished) {
            pg::Connection& connection = connect_(plan.steps.front().migration->as_admin);
            {
                const trust::AdvisoryLock lock(connection, "migrations", options_.wait,
                                               options_.on_wait);
                history = read_history(connection);
                plan = plan_(history, report_.applied.size());
                finished = plan.steps.empty() || run_some(connection, plan);
            }
            if (renew_) {
                connection = pg::Connection(connection.settings());
                renew_ = false;
            }
            if (!finished) {
                history = read_history(connect_(false));
                plan = plan_(history, report_.applied.size());
                finished = plan.steps.empty();
            }
        }
        return std::move(report_);
    }

 private:
    /// As many steps as may be run under the lock at hand; whether that was all of them.
    bool run_some(pg::Connection& connection, const Plan& plan) {
        const bool as_admin = plan.steps.front().migration->as_admin;
        const auto total = report_.applied.size() + plan.steps.size();
        connection.script(clean_session);
        connection.take_notices();
        for (const auto& step : plan.steps) {
            if (renew_ || step.migration->as_admin != as_admin) {
                return false;
            }
            run_one(connection, step, total);
        }
        return true;
    }

    void run_one(pg::Connection& connection, const Step& step, std::size_t total) {
        std::vector<Mistake> mistakes;
        const auto body = body_of(step, mistakes);
        const auto number = report_.applied.size() + 1;
        if (options_.on_start) {
            options_.on_start(step, number, total);
        }
        const Stopwatch watch;
        try {
            if (body.mode == Mode::whole) {
                run_whole(connection, step, body);
            } else {
                run_by_statement(connection, step, body);
            }
        } catch (Error& error) {
            undo(connection);
            error.with("migration", step.migration->title());
            if (error.code() == Code::cannot_connect) {
                error.with("in flight",
                           fmt::format("{}: the history tells the next run whether it was applied",
                                       step.file()));
            }
            throw;
        }
        const auto& migration = *step.migration;
        report_.applied.push_back({step.direction, migration.source, migration.version,
                                   migration.name, step.file(), watch.elapsed(),
                                   step.resumes_after(), connection.take_notices()});
        if (options_.on_finish) {
            options_.on_finish(report_.applied.back(), number, total);
        }
        // Its locks may be gone or left behind, or sessions begin otherwise now.
        renew_ = body.touches_locks || body.changes_defaults;
    }

    /// After an interrupt the transaction is still open.
    static void undo(pg::Connection& connection) {
        if (!connection.is_broken() && connection.in_transaction()) {
            connection.query("rollback");
        }
    }

    const Connect& connect_;
    const Options& options_;
    PlanAgain plan_;
    Report report_;
    bool renew_ = false;
};

}  // namespace

Report up(const Connect& connect, const std::vector<Migration>& files, const Features& features,
          const UpRequest& request, const Options& options) {
    const TextOf text_of = [&](const Record& record) { return read_text(connect(false), record); };
    return Run(connect, options,
               [&](const History& history, std::size_t) {
                   return plan_up(files, history, features, request, text_of);
               })
        .go();
}

Report down(const Connect& connect, const std::vector<Migration>& files, const Features& features,
            const DownRequest& request, const Options& options) {
    const bool by_count = !request.to && !request.only;
    return Run(connect, options,
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

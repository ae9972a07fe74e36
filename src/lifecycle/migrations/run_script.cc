// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/run_script.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/fault.h"
#include "base/text.h"
#include "drivers/sql/secrets.h"
#include "lifecycle/migrations/conditions.h"
#include "lifecycle/migrations/statement_log.h"
#include "lifecycle/scripts/files.h"
#include "lifecycle/scripts/scripts.h"

namespace caisson::migrations {
namespace {

using sql::StatementKind;

bool ends_transaction(StatementKind kind) {
    return kind == StatementKind::commit || kind == StatementKind::rollback;
}

/// Whether a step of several statements (`select 1 \; commit`) has one that begins or ends a
/// transaction.
bool hides_transaction_control(const scripts::Step& step) {
    const auto parts = sql::split(step.text);
    return parts.size() > 1 && std::any_of(parts.begin(), parts.end(), [](const auto& part) {
               return part.kind == StatementKind::begin || ends_transaction(part.kind);
           });
}

/// The script with all that it may reach; `around` decides about each of its steps.
void interpret(const Session& session, const Step& step, const Body& body,
               std::function<void(const scripts::Step&, const std::function<void()>&)> around) {
    const auto& script = step.script();
    scripts::Options options;
    options.root =
        session.options.root.empty() ? script.path().parent_path() : session.options.root;
    options.path = script.path();
    options.file = step.file();
    options.allow_programs = session.options.allow_programs;
    options.around = std::move(around);
    if (session.options.on_output) {
        options.on_output = session.options.on_output;
        options.on_warning = [&](const Place& place, const std::string& message) {
            session.options.on_output(fmt::format("{}: {}", place.text(), message));
        };
    }
    if (script.is_streamed) {
        scripts::run(session.connection, scripts::file_source(script.path()), options);
    } else {
        scripts::run(session.connection, body.text, options);
    }
}

/// What the server said, told as all failures of migrations are.
[[noreturn]] void throw_refused(const Step& step, const pg::DatabaseError& error,
                                const std::string& hint) {
    Error failed(
        error.code() == Code::disk_full ? Code::disk_full : Code::migration_failed,
        fmt::format("{}: {}", error.fact("place").empty() ? step.file() : error.fact("place"),
                    error.message()),
        hint);
    for (const auto& [key, value] : error.facts()) {
        failed.with(key, value);
    }
    failed.with("place", step.file())
        .with("migration", step.migration->title())
        .with("sqlstate", error.sqlstate)
        .with("detail", error.detail)
        .with("context", sql::without_secrets(error.context));
    throw failed;
}

[[noreturn]] void throw_needs_none(const Step& step, const Place& place) {
    Error error(Code::migration_failed,
                fmt::format("{}: the script controls transactions, or has a statement that cannot "
                            "be in one",
                            place.text()),
                "put `-- caisson: no-transaction` on a line of its own; nothing of it was kept");
    error.at(place).with("migration", step.migration->title());
    throw error;
}

/// Only the server knows all that ends a transaction.
void require_transaction(const Session& session, const Step& step, const Place& place) {
    if (session.connection.in_transaction()) {
        return;
    }
    Error error(Code::migration_failed,
                fmt::format("{}: this ended the transaction of its file, unseen; what came before "
                            "is in the database and not in the history",
                            place.text()),
                "undo it by hand, and put `-- caisson: no-transaction` on a line of its own");
    error.at(place).with("migration", step.migration->title());
    throw error;
}

/// A script outside a transaction.
class ScriptByStatement {
 public:
    ScriptByStatement(const Session& session, const Step& step, Body& body)
        : session_(session),
          connection_(session.connection),
          step_(step),
          body_(body),
          log_(session, step, true),
          done_(step.resumes_after()) {}

    void run() {
        if (session_.pooled) {
            throw_needs_session();
        }
        connection_.script("set lock_timeout = 0;set statement_timeout = 0");
        if (done_ == 0) {
            require(step_.directives().require, "require", "nothing of this file was run");
        }
        is_uncertain_ = step_.record && step_.record->statement_running;
        if (is_uncertain_) {
            log_.clear_up();
        }
        try {
            interpret(session_, step_, body_,
                      [this](const scripts::Step& step, const std::function<void()>& run) {
                          around(step, run);
                      });
        } catch (const pg::DatabaseError& error) {
            undo();
            log_.failed(error, true);
            throw_refused(step_, error, log_.left(0));
        }
        finish();
    }

 private:
    void around(const scripts::Step& step, const std::function<void()>& run) {
        log_.take(step.text);
        notice(body_, step.text, step.kind);
        if (step.number <= done_) {
            if (step.number == done_) {
                log_.require_unchanged(done_);
            }
            // Settings and answers that what follows needs went with the session.
            if (step.kind == StatementKind::session ||
                step.use == scripts::Step::Use::sets_variables) {
                run();
            }
            return;
        }
        // The row tells since when something may have happened: it is written to afterwards.
        const bool happened =
            is_uncertain_ && log_.has_happened(step.text, kind_of(step), step.place);
        is_uncertain_ = false;
        begin();
        if (happened) {
            connection_.script(log_.progress(shortened(step.text)));
        } else {
            carry_out(step, run);
        }
        keep_locks(session_, step_, step.text);
        if (!connection_.in_transaction()) {
            tell(session_.options,
                 {Event::Kind::statement, &step_, step.number, shortened(step.text)});
        }
        fault::point("statement-applied");
    }

    /// The row that says how far the file is.
    void begin() {
        if (!begun_) {
            connection_.script(log_.in_transaction(record_begun(step_, body_.statements.size())));
            begun_ = true;
        }
    }

    void carry_out(const scripts::Step& step, const std::function<void()>& run) {
        const auto done = [&] { return log_.progress(shortened(step.text)); };
        if (connection_.in_transaction()) {
            // The script's own: progress becomes true with its COMMIT.
            if (step.kind == StatementKind::commit) {
                connection_.script(log_.as_ourselves(done()));
            }
            run();
            if (step.kind == StatementKind::rollback) {
                connection_.script(log_.in_transaction(done()));
            }
        } else if (step.kind == StatementKind::begin || ends_transaction(step.kind)) {
            run();
        } else if (step.kind == StatementKind::no_transaction || hides_transaction_control(step) ||
                   !carry_out_with_progress(step, run)) {
            connection_.script(log_.in_transaction(log_.running()));
            run();
            fault::point("statement-sent");
            connection_.script(log_.in_transaction(done()));
        }
    }

    /// False when the step cannot be in a transaction, which the server alone could know: of a
    /// procedure that commits, of what a query generates.
    bool carry_out_with_progress(const scripts::Step& step, const std::function<void()>& run) {
        connection_.script(opening(session_, step_));
        try {
            run();
        } catch (const pg::DatabaseError& error) {
            if (step.use == scripts::Step::Use::copies || !refuses_transaction(error)) {
                throw;
            }
            undo();
            return false;
        }
        connection_.script(log_.as_ourselves(log_.progress(shortened(step.text))) + "commit");
        return true;
    }

    /// What a query generates may be anything, whatever the query is.
    static StatementKind kind_of(const scripts::Step& step) {
        return step.use == scripts::Step::Use::generates || hides_transaction_control(step)
                   ? StatementKind::ordinary
                   : step.kind;
    }

    void require(const std::vector<Condition>& conditions, std::string_view word,
                 const std::string& hint) {
        for (const auto& condition : conditions) {
            try {
                connection_.script(assertions({condition}));
            } catch (const pg::DatabaseError& error) {
                throw_condition(step_, condition, word, error, hint);
            }
        }
    }

    [[noreturn]] void throw_needs_session() const {
        Error error(Code::migration_failed,
                    fmt::format("{}: a script outside a transaction needs a session that lasts, "
                                "which a pooler does not give",
                                step_.file()),
                    "connect to PostgreSQL itself for this run, not through the pooler");
        error.at({step_.file(), 0, 0}).with("migration", step_.migration->title());
        throw error;
    }

    void undo() {
        if (connection_.in_transaction()) {
            connection_.query("rollback");
        }
    }

    void finish() {
        log_.require_unchanged(std::min(done_, log_.taken()) < done_ ? done_ : 0);
        if (connection_.in_transaction()) {
            undo();
            Error error(
                Code::migration_failed,
                fmt::format("{}: the file ends inside a transaction that it opened", step_.file()),
                "end it with COMMIT; nothing of that transaction was kept");
            error.at({step_.file(), 0, 0}).with("migration", step_.migration->title());
            throw error;
        }
        begin();
        require(step_.directives().ensure, "ensure",
                "all statements of this file are applied and stay; the next run looks again");
        const auto kind =
            step_.direction == Direction::up ? Event::Kind::finished : Event::Kind::reverted;
        connection_.script(clean_session);
        connection_.script(
            log_.in_transaction(record_done(step_) + within(session_, {kind, &step_, 0, ""})));
        fault::point("migration-applied");
    }

    const Session& session_;
    pg::Connection& connection_;
    const Step& step_;
    Body& body_;
    StatementLog log_;
    std::size_t done_;
    bool is_uncertain_ = false;
    bool begun_ = false;
};

}  // namespace

void run_script(const Session& session, const Step& step, Body& body) {
    bool has_ended = false;
    try {
        interpret(session, step, body,
                  [&](const scripts::Step& part, const std::function<void()>& run) {
                      notice(body, part.text, part.kind);
                      const bool begins = part.kind == StatementKind::begin;
                      if (has_ended || part.kind == StatementKind::no_transaction ||
                          part.kind == StatementKind::rollback || (begins && part.number > 1) ||
                          hides_transaction_control(part)) {
                          throw_needs_none(step, part.place);
                      }
                      has_ended = part.kind == StatementKind::commit;
                      if (!begins && !has_ended) {
                          run();
                          require_transaction(session, step, part.place);
                      }
                  });
    } catch (const pg::DatabaseError& error) {
        throw_refused(step, error,
                      "the database is as it was before this file; mend it and run again");
    }
}

void run_script_by_statement(const Session& session, const Step& step, Body& body) {
    ScriptByStatement(session, step, body).run();
}

}  // namespace caisson::migrations

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/fault.h"
#include "base/text.h"
#include "lifecycle/migrations/conditions.h"
#include "lifecycle/migrations/run_file.h"
#include "lifecycle/migrations/statement_log.h"

namespace caisson::migrations {
namespace {

using sql::StatementKind;

/// A file outside a transaction. After each statement the history says how many are done: in the
/// transaction of the statement where it can be in one, else right before (running) and after.
class ByStatement {
 public:
    ByStatement(const Session& session, const Step& step, const Body& body)
        : session_(session),
          connection_(session.connection),
          step_(step),
          body_(body),
          log_(session, step, body.touches_role) {
        const auto sets = [&](const sql::Statement& statement) {
            return statement.kind == StatementKind::session &&
                   lower(statement.text(body_.text)).find("lock_timeout") != std::string::npos;
        };
        sets_lock_timeout_ = std::any_of(body_.statements.begin(), body_.statements.end(), sets);
    }

    void run() {
        std::size_t done = step_.resumes_after();
        const auto count = body_.statements.size();
        require_unchanged(done);
        require_session();
        // A time-out of the role's would leave a half built index behind; a file may set its own.
        if (!session_.pooled) {
            connection_.script("set lock_timeout = 0;set statement_timeout = 0");
        }
        if (done == 0) {
            require(step_.directives().require, "require", "nothing of this file was run");
        }
        const bool is_uncertain = step_.record && step_.record->statement_running;
        if (is_uncertain) {
            log_.clear_up();
        }
        repeat_settings(done);
        // The row tells since when something may have happened: it is written to afterwards.
        const bool happened = is_uncertain && done < count &&
                              log_.has_happened(text_of(done), kind_of(done), place_of(done));
        connection_.script(log_.in_transaction(record_begun(step_, count)));
        if (happened) {
            connection_.script(log_.in_transaction(progress(done)));
            ++done;
        }
        while (done < count) {
            current_ = done;
            done = attempt_with_patience(done);
            fault::point("statement-applied");
        }
        current_ = count;
        finish();
    }

 private:
    std::string_view text_of(std::size_t index) const {
        return body_.statements[index].text(body_.text);
    }
    StatementKind kind_of(std::size_t index) const { return body_.statements[index].kind; }
    Place place_of(std::size_t index) const {
        const auto position = position_of(body_.text, body_.statements[index].offset);
        return {step_.file(), position.line, position.column};
    }
    /// SQL that says that the statement is done, too.
    std::string progress(std::size_t index) {
        take_through(index + 1);
        return log_.progress(shortened(text_of(index)));
    }
    void take_through(std::size_t count) {
        for (auto i = log_.taken(); i < count; ++i) {
            log_.take(text_of(i));
        }
    }

    void require_unchanged(std::size_t done) {
        take_through(std::min(done, body_.statements.size()));
        log_.require_unchanged(done);
    }

    /// Through a pooler nothing of a session lasts from one statement to the next.
    void require_session() const {
        const auto lasts = [](const sql::Statement& statement) {
            return statement.kind == StatementKind::session ||
                   statement.kind == StatementKind::begin;
        };
        if (session_.pooled &&
            std::any_of(body_.statements.begin(), body_.statements.end(), lasts)) {
            Error error(Code::migration_failed,
                        fmt::format("{}: it goes statement by statement and needs a session that "
                                    "lasts, which a pooler does not give",
                                    step_.file()),
                        "connect to PostgreSQL itself for this run, not through the pooler");
            error.at({step_.file(), 0, 0}).with("migration", step_.migration->title());
            throw error;
        }
    }

    /// Runs a statement, again when others held a lock for too long. Which one is next.
    std::size_t attempt_with_patience(std::size_t index) {
        sent_alone_ = false;
        try {
            if (kind_of(index) == StatementKind::begin) {
                begun_at_ = index;
            }
            attempt(index);
        } catch (const Error& error) {
            // In a transaction of the file's own all of it is undone, and begins again. What may
            // have committed by itself, and what COMMIT AND CHAIN has begun, cannot.
            const bool is_kept = sent_alone_ || is_chained_;
            if (is_kept || !is_lock_failure(error.fact("sqlstate"))) {
                throw;
            }
            session_.patience.pause(step_, error, ++attempts_);
            return begun_at_.value_or(index);
        }
        if (connection_.in_transaction()) {
            is_chained_ = is_chained_ || kind_of(index) == StatementKind::commit ||
                          kind_of(index) == StatementKind::rollback;
        } else {
            attempts_ = 0;
            begun_at_.reset();
            is_chained_ = false;
            tell(session_.options,
                 {Event::Kind::statement, &step_, index + 1, shortened(text_of(index))});
        }
        return index + 1;
    }

    /// The session of the earlier attempt is gone, and its settings with it.
    void repeat_settings(std::size_t done) {
        for (std::size_t i = 0; i < done; ++i) {
            if (kind_of(i) == StatementKind::session) {
                current_ = i;
                send(i);
            }
        }
    }

    /// One statement and its progress.
    void attempt(std::size_t index) {
        const auto kind = kind_of(index);
        const bool ends = kind == StatementKind::commit || kind == StatementKind::rollback;
        if (connection_.in_transaction()) {
            // The file's own transaction: progress becomes true with its COMMIT.
            if (kind == StatementKind::commit) {
                guard([&] { connection_.script(log_.as_ourselves(progress(index))); });
            }
            send(index);
            if (kind == StatementKind::rollback) {
                guard([&] { connection_.script(log_.in_transaction(progress(index))); });
            }
        } else if (kind == StatementKind::begin) {
            send(index);
            limit_lock_waits();
        } else if (ends || !body_.statements[index].terminated) {
            send(index);
        } else if (kind == StatementKind::no_transaction || !send_with_progress(index)) {
            send_alone(index);
        }
        keep_locks(session_, step_, text_of(index));
    }

    /// In a transaction of the file's own, as in ours.
    void limit_lock_waits() {
        if (!sets_lock_timeout_) {
            guard([&] {
                connection_.script(fmt::format("set local lock_timeout = {}",
                                               session_.patience.lock_timeout(step_).count()));
            });
        }
    }

    /// False when the statement cannot be in a transaction, which the server alone could know.
    bool send_with_progress(std::size_t index) {
        const std::string prefix =
            sets_lock_timeout_ ? fmt::format("begin;{}", session_.guard) : opening(session_, step_);
        const auto text = text_of(index);
        const auto message =
            fmt::format("{}{}\n;{}commit", prefix, text, log_.as_ourselves(progress(index)));
        try {
            const Patience::Watched watched(session_.patience);
            connection_.script(message);
            return true;
        } catch (const pg::DatabaseError& error) {
            if (connection_.in_transaction()) {
                connection_.query("rollback");
            }
            if (refuses_transaction(error)) {
                return false;
            }
            fail(error, message, prefix.size(), text.size());
        }
    }

    /// Conditions, each with the settings that the session has now.
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

    void send_alone(std::size_t index) {
        sent_alone_ = true;
        guard([&] { connection_.script(log_.in_transaction(log_.running())); });
        send(index);
        fault::point("statement-sent");
        guard([&] { connection_.script(log_.in_transaction(progress(index))); });
    }

    void send(std::size_t index) {
        const auto text = text_of(index);
        try {
            const Patience::Watched watched(session_.patience);
            connection_.script(text);
        } catch (const pg::DatabaseError& error) {
            if (connection_.in_transaction()) {
                connection_.query("rollback");
            }
            fail(error, text, 0, text.size());
        }
    }

    template <typename Action>
    void guard(Action&& action) {
        try {
            action();
        } catch (const pg::DatabaseError& error) {
            if (connection_.in_transaction()) {
                connection_.query("rollback");
            }
            throw_failed(step_, body_, current_, std::nullopt, error, left());
        }
    }

    void finish() {
        if (connection_.in_transaction()) {
            connection_.query("rollback");
            Error error(
                Code::migration_failed,
                fmt::format("{}: the file ends inside a transaction that it opened", step_.file()),
                "end it with COMMIT; nothing of that transaction was kept");
            error.at({step_.file(), 0, 0}).with("migration", step_.migration->title());
            throw error;
        }
        require(step_.directives().ensure, "ensure",
                "all statements of this file are applied and stay; the next run looks again");
        guard([&] {
            connection_.script(clean_session);
            const auto kind =
                step_.direction == Direction::up ? Event::Kind::finished : Event::Kind::reverted;
            connection_.script(
                log_.in_transaction(record_done(step_) + within(session_, {kind, &step_, 0, ""})));
        });
        fault::point("migration-applied");
    }

    std::string left() const { return log_.left(body_.statements.size()); }

    [[noreturn]] void fail(const pg::DatabaseError& error, std::string_view message,
                           std::size_t prefix, std::size_t length) {
        std::optional<std::size_t> offset;
        if (error.position) {
            const auto byte = byte_of_character(message, *error.position);
            if (byte >= prefix && byte <= prefix + length) {
                offset = body_.statements[current_].offset + byte - prefix;
            }
        }
        // Where only a lock was missing, the session is needed once more.
        if (!is_lock_failure(error.sqlstate)) {
            log_.failed(error, kind_of(current_) == StatementKind::no_transaction);
        }
        throw_failed(step_, body_, current_, offset, error, left());
    }

    const Session& session_;
    pg::Connection& connection_;
    const Step& step_;
    const Body& body_;
    StatementLog log_;
    std::size_t current_ = 0;
    int attempts_ = 0;         ///< At the transaction at hand.
    bool sent_alone_ = false;  ///< The statement at hand was sent outside a transaction of ours.
    bool is_chained_ = false;  ///< COMMIT AND CHAIN opened the transaction at hand.
    std::optional<std::size_t> begun_at_;  ///< Where the file's own transaction begins.
    bool sets_lock_timeout_ = false;
};

}  // namespace

void run_by_statement(const Session& session, const Step& step, const Body& body) {
    ByStatement(session, step, body).run();
}

}  // namespace caisson::migrations

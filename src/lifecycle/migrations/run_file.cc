// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/run_file.h"

#include <fmt/format.h>

#include "base/fault.h"
#include "base/text.h"
#include "drivers/sql/secrets.h"
#include "lifecycle/migrations/conditions.h"
#include "lifecycle/migrations/run_script.h"

namespace caisson::migrations {
namespace {

/// The semicolon ends a last statement that has none, the line a last comment. Deferred constraints
/// and triggers are heard while the file's own settings still hold.
constexpr std::string_view close_file = "\n;\nset constraints all immediate;";

/// What only the server can see of a statement, with the way out.
std::string remedy_for(const pg::DatabaseError& error, Mode mode) {
    if (mode == Mode::whole && (refuses_transaction(error) || error.sqlstate == "55P04")) {
        return "it cannot be in the transaction of its file: put `-- caisson: no-transaction` on a "
               "line of its own";
    }
    return "";
}

}  // namespace

/// Prepared statements, cursors, LISTEN, temporary tables and the values of sequences, settings and
/// roles. The role comes first: what follows needs the session's own.
const std::string_view clean_session =
    "reset session authorization;reset role;reset all;close all;unlisten *;deallocate all;discard "
    "temp;discard sequences;";

void throw_failed(const Step& step, const Body& body, std::size_t statement,
                  std::optional<std::size_t> offset, const pg::DatabaseError& error,
                  const std::string& hint) {
    Place place{step.file(), 0, 0};
    const bool known = statement < body.statements.size();
    if (!offset && known) {
        offset = body.statements[statement].offset;
    }
    if (offset) {
        const auto position = position_of(body.text, *offset);
        place.line = position.line;
        place.column = position.column;
    }
    const auto remedy = remedy_for(error, body.mode);
    const auto& said = error.Error::hint();
    const bool own_hint = said != kind_of(error.code()).remedy;
    Error failed(error.code() == Code::disk_full ? Code::disk_full : Code::migration_failed,
                 fmt::format("{}: {}", place.text(), error.message()),
                 !remedy.empty() ? remedy
                 : own_hint      ? fmt::format("{}; {}", said, hint)
                                 : hint);
    failed.at(place).with("migration", step.migration->title()).with("sqlstate", error.sqlstate);
    if (known) {
        failed.with("statement", shortened(body.statements[statement].text(body.text)));
    }
    failed.with("detail", error.detail).with("context", sql::without_secrets(error.context));
    throw failed;
}

std::string opening(const Session& session, const Step& step) {
    std::string sql = "begin;";
    if (session.pooled) {
        // The server session is that of whoever had it before.
        sql.append(clean_session);
    }
    sql.append(session.guard);
    const auto limit = session.patience.lock_timeout(step).count();
    return sql + fmt::format("set local lock_timeout = {};", limit);
}

bool refuses_transaction(const pg::DatabaseError& error) {
    return error.sqlstate == pg::sqlstate::active_transaction || error.sqlstate == "2D000";
}

void keep_locks(const Session& session, const Step& step, std::string_view statement) {
    // Through a pooler the lock is a lease: a lock of a session would be anybody's, for ever.
    if (session.pooled || !may_give_up_locks(statement) || session.retake_locks()) {
        return;
    }
    throw Error(
        Code::locked,
        fmt::format("{} gave up the lock on migrations and another run took it", step.file()),
        "wait for that run, then run again: it goes on after the last statement");
}

std::string within(const Session& session, const Event& event) {
    return session.options.within ? session.options.within(event) : std::string();
}

void tell(const Options& options, const Event& event) {
    if (options.on_event) {
        options.on_event(event);
    }
}

namespace {

Event::Kind finished(const Step& step) {
    return step.direction == Direction::up ? Event::Kind::finished : Event::Kind::reverted;
}

/// The constraints that begin deferred are so again for the next file in the transaction.
constexpr std::string_view defer_again =
    "do $caisson$declare names text; begin select string_agg(format('%I.%I', n.nspname, "
    "c.conname), ', ') into names from pg_constraint c join pg_namespace n on n.oid = "
    "c.connamespace where c.condeferred; if names is not null then execute 'set constraints ' || "
    "names || ' deferred'; end if; end$caisson$;";

/// A whole file as one message, and what its parts are.
class Message {
 public:
    Message(const Session& session, const Prepared& file, bool is_first, bool is_last)
        : step_(*file.step), body_(file.body) {
        opening_ = is_first ? opening(session, step_) + session.tool_locks
                            : fmt::format("set local lock_timeout = {};",
                                          session.patience.lock_timeout(step_).count());
        opening_ += assertions(step_.directives().require);
        closing_ = fmt::format("{}{}{}{}{}{}", close_file, assertions(step_.directives().ensure),
                               is_last ? "" : defer_again, clean_session, record_done(step_),
                               within(session, {finished(step_), &step_, 0, ""}));
        closing_ += is_last ? "commit" : "";
        // An open quote would swallow what follows it; sent alone it gets the server's own answer.
        is_closed_ = body_.statements.empty() || body_.statements.back().terminated;
        text_.reserve(opening_.size() + body_.text.size() + closing_.size());
        text_.append(opening_).append(body_.text).append(is_closed_ ? closing_ : "");
    }

    void send(pg::Connection& connection) const {
        try {
            connection.script(text_);
            if (!is_closed_) {
                connection.script(closing_);
            }
        } catch (const pg::DatabaseError& error) {
            fail(error, error.statement, offset_of(error));
        }
    }

    /// As three: what is between the first and the last is done by the caller.
    void open(pg::Connection& connection) const {
        try {
            connection.script(opening_);
        } catch (const pg::DatabaseError& error) {
            fail(error, error.statement, std::nullopt);
        }
    }
    void close(pg::Connection& connection) const {
        try {
            connection.script(closing_);
        } catch (const pg::DatabaseError& error) {
            const auto before = sql::split(opening_).size() + body_.statements.size();
            fail(error, before + error.statement, std::nullopt);
        }
    }

 private:
    /// `at`: how many statements of the whole message had succeeded.
    [[noreturn]] void fail(const pg::DatabaseError& error, std::size_t at,
                           std::optional<std::size_t> offset) const {
        static const std::string unchanged =
            "the database is as it was before this file; mend it and run again";
        const auto& require = step_.directives().require;
        const auto& ensure = step_.directives().ensure;
        // Results come for what opens the transaction, the conditions, the file's statements, SET
        // CONSTRAINTS, and the conditions after it. A syntax error comes before all of them.
        const auto first = sql::split(opening_).size();
        const auto conditions = first - require.size();
        const auto behind = first + body_.statements.size() + 1;
        if (at >= 1 && at < conditions) {
            Error lost(Code::locked, error.message(), "wait for that run, then run again");
            lost.with("sqlstate", error.sqlstate);
            throw lost;
        }
        if (at >= conditions && at < first) {
            throw_condition(step_, require[at - conditions], "require", error,
                            "nothing of this file was run");
        }
        if (at >= behind && at < behind + ensure.size()) {
            throw_condition(step_, ensure[at - behind], "ensure", error, unchanged);
        }
        auto statement = at >= first ? at - first : body_.statements.size();
        for (std::size_t i = 0; offset && i < body_.statements.size(); ++i) {
            if (*offset <= body_.statements[i].end()) {
                statement = i;
                break;
            }
        }
        throw_failed(step_, body_, statement, offset, error, unchanged);
    }

    /// Where in the file it happened.
    std::optional<std::size_t> offset_of(const pg::DatabaseError& error) const {
        if (!error.position) {
            return std::nullopt;
        }
        const auto byte = byte_of_character(text_, *error.position);
        return byte >= opening_.size() && byte <= opening_.size() + body_.text.size()
                   ? std::optional(byte - opening_.size())
                   : std::nullopt;
    }

    const Step& step_;
    const Body& body_;
    std::string opening_;
    std::string closing_;
    std::string text_;
    bool is_closed_ = true;
};

void send(const Session& session, Prepared& file, bool is_first, bool is_last) {
    auto& connection = session.connection;
    const Message message(session, file, is_first, is_last);
    try {
        const Patience::Watched watched(session.patience);
        if (file.body.is_script) {
            message.open(connection);
            run_script(session, *file.step, file.body);
            message.close(connection);
        } else {
            message.send(connection);
        }
    } catch (const Error&) {
        if (!connection.is_broken() && connection.in_transaction()) {
            connection.query("rollback");
        }
        throw;
    }
    if (connection.in_transaction() == is_last) {
        if (is_last) {
            connection.query("rollback");
        }
        throw Error(
            Code::internal,
            fmt::format("{}: the server read the file otherwise than Caisson does{}",
                        file.step->file(), is_last ? ", and its transaction was undone" : ""));
    }
}

}  // namespace

void run_whole(const Session& session, std::vector<Prepared>& files) {
    for (int attempt = 1;; ++attempt) {
        const Step* step = nullptr;
        try {
            for (std::size_t i = 0; i < files.size(); ++i) {
                step = files[i].step;
                send(session, files[i], i == 0, i + 1 == files.size());
            }
            break;
        } catch (Error& error) {
            error.with("migration", step->migration->title());
            if (!is_lock_failure(error.fact("sqlstate"))) {
                throw;
            }
            session.patience.pause(*step, error, attempt);
        }
    }
    fault::point("migration-applied");
}

}  // namespace caisson::migrations

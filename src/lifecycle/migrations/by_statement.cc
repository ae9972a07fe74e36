// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/migrations/run_file.h"
#include "trust/locks.h"

namespace caisson::migrations {
namespace {

using sql::StatementKind;

/// A file outside a transaction. After each statement the history says how many are done: in the
/// transaction of the statement where it can be in one, else right before (running) and after.
class ByStatement {
 public:
    ByStatement(pg::Connection& connection, const Step& step, const Body& body)
        : connection_(connection), step_(step), body_(body) {}

    void run() {
        std::size_t done = step_.resumes_after();
        const auto count = body_.statements.size();
        require_unchanged(done);
        connection_.script(record_begun(step_, count));
        repeat_settings(done);
        bool uncertain = step_.record && step_.record->statement_running && done < count;
        for (; done < count; ++done) {
            current_ = done;
            if (!uncertain || !has_happened(text_of(done))) {
                attempt(done);
            } else {
                connection_.script(progress(done + 1));
            }
            uncertain = false;
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

    /// Chained, so that one value stands for all statements before.
    std::string checksum_through(std::size_t count) {
        for (; chained_ < count; ++chained_) {
            chain_ = sha256_hex(chain_ + normalise_lines(text_of(chained_)));
        }
        return chain_;
    }

    std::string where() const {
        const auto& version = step_.record ? step_.record->version : step_.migration->version;
        return fmt::format("where source = {} and version = {}",
                           pg::literal(step_.migration->source), pg::literal(version));
    }

    /// SQL that says how many are done. It works whatever role and path the file has set.
    std::string progress(std::size_t done) {
        return fmt::format(
            "update caisson.migrations set statements_done = {}, statements_checksum = '{}', "
            "statement_running = false, error = '' {};",
            done, checksum_through(done), where());
    }

    /// `what` in a transaction that has the session's own role.
    std::string as_ourselves(const std::string& what) const {
        return body_.touches_role ? fmt::format(
                                        "set local session_authorization to default;set "
                                        "local role to default;{}",
                                        what)
                                  : what;
    }

    void require_unchanged(std::size_t done) {
        if (done == 0) {
            return;
        }
        if (done > body_.statements.size() ||
            checksum_through(done) != step_.record->statements_checksum) {
            Error error(Code::migration_edited,
                        fmt::format("{}: the {} that {} applied earlier {} changed since",
                                    step_.file(), counted(done, "statement"),
                                    done == 1 ? "was" : "were", done == 1 ? "was" : "were"),
                        "restore them; what comes after them may be changed");
            error.at({step_.file(), 0, 0}).with("migration", step_.migration->title());
            throw error;
        }
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
                guard([&] { connection_.script(as_ourselves(progress(index + 1))); });
            }
            send(index);
            if (kind == StatementKind::rollback) {
                guard([&] { connection_.script(in_transaction(progress(index + 1))); });
            }
        } else if (kind == StatementKind::begin || ends || !body_.statements[index].terminated) {
            send(index);
        } else if (kind == StatementKind::no_transaction || !send_with_progress(index)) {
            send_alone(index);
        }
        keep_lock(index);
    }

    std::string in_transaction(const std::string& what) const {
        return fmt::format("begin;{}commit", as_ourselves(what));
    }

    /// False when the statement cannot be in a transaction, which the server alone could know.
    bool send_with_progress(std::size_t index) {
        const std::string prefix = "begin;";
        const auto text = text_of(index);
        const auto message =
            fmt::format("{}{}\n;{}commit", prefix, text, as_ourselves(progress(index + 1)));
        try {
            connection_.script(message);
            return true;
        } catch (const pg::DatabaseError& error) {
            if (connection_.in_transaction()) {
                connection_.query("rollback");
            }
            if (error.sqlstate == pg::sqlstate::active_transaction || error.sqlstate == "2D000") {
                return false;
            }
            fail(error, message, prefix.size(), text.size());
        }
    }

    void send_alone(std::size_t index) {
        guard([&] {
            connection_.script(in_transaction(fmt::format(
                "update caisson.migrations set statement_running = true {};", where())));
        });
        send(index);
        fault::point("statement-sent");
        guard([&] { connection_.script(in_transaction(progress(index + 1))); });
    }

    void send(std::size_t index) {
        const auto text = text_of(index);
        try {
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

    /// Whether a statement that was sent, but whose answer nobody heard, has taken effect. An index
    /// that was left invalid is removed, so that it can be built again.
    bool has_happened(std::string_view statement) {
        const auto index = sql::concurrent_index(statement);
        if (!index) {
            return false;
        }
        if (!index->creates) {
            return connection_.query("select to_regclass($1) is null as gone", {index->name})
                .front()
                .boolean("gone");
        }
        const auto rows = connection_.query(
            "select i.indisvalid as valid, format('%I.%I', n.nspname, c.relname) as name "
            "from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid "
            "= c.relnamespace where i.indrelid = to_regclass($1) and c.relname = "
            "(parse_ident($2))[1]",
            {index->table, index->name});
        if (rows.empty()) {
            return false;
        }
        if (!rows.front().boolean("valid")) {
            connection_.query(fmt::format("drop index concurrently {}", rows.front().text("name")));
            return false;
        }
        return true;
    }

    /// A file may give up every advisory lock of its session, ours among them.
    void keep_lock(std::size_t index) {
        if (!body_.touches_locks) {
            return;
        }
        const auto small = lower(text_of(index));
        if ((small.find("advisory") != std::string::npos ||
             small.find("discard") != std::string::npos) &&
            !connection_
                 .query("select pg_try_advisory_lock($1) as taken", {trust::lock_key("migrations")})
                 .front()
                 .boolean("taken")) {
            throw Error(Code::locked,
                        fmt::format("{} gave up the lock on migrations and another run took it",
                                    step_.file()),
                        "wait for that run, then run again: it goes on after the last statement");
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
        guard([&] {
            connection_.script(clean_session);
            connection_.script(record_done(step_));
        });
        fault::point("migration-applied");
    }

    /// What is done and what is left, for people.
    std::string left() const {
        const auto done = saved_done();
        return done == 0 ? "nothing of this file was applied; mend it and run again"
                         : fmt::format(
                               "{} of {} applied and stay; mend the file from there and "
                               "run again: it goes on after them",
                               done == 1 ? "statement 1" : fmt::format("statements 1 to {}", done),
                               body_.statements.size());
    }

    std::size_t saved_done() const {
        const auto rows = connection_.query(
            "select statements_done from caisson.migrations where source = $1 and version = $2",
            {step_.migration->source,
             step_.record ? step_.record->version : step_.migration->version});
        return rows.empty() ? 0 : static_cast<std::size_t>(rows.front().integer("statements_done"));
    }

    [[noreturn]] void fail(const pg::DatabaseError& error, std::string_view message,
                           std::size_t prefix, std::size_t length) {
        std::optional<std::size_t> offset;
        if (error.position) {
            const auto byte = byte_of_character(message, *error.position);
            if (byte >= prefix && byte <= prefix + length) {
                offset = body_.statements[current_].offset + byte - prefix;
            }
        }
        connection_.script(clean_session);
        connection_.query(
            fmt::format("update caisson.migrations set error = $1, statement_running = false {}",
                        where()),
            {error.message()});
        throw_failed(step_, body_, current_, offset, error, left());
    }

    pg::Connection& connection_;
    const Step& step_;
    const Body& body_;
    std::string chain_;
    std::size_t chained_ = 0;
    std::size_t current_ = 0;
};

}  // namespace

void run_by_statement(pg::Connection& connection, const Step& step, const Body& body) {
    ByStatement(connection, step, body).run();
}

}  // namespace caisson::migrations

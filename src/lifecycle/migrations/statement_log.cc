// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/statement_log.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::migrations {
namespace {

/// CREATE INDEX CONCURRENTLY ON …, whose name the server chooses.
bool builds_index(std::string_view statement) {
    const auto words = lower(shortened(statement, 40));
    return words.rfind("create index concurrently", 0) == 0 ||
           words.rfind("create unique index concurrently", 0) == 0;
}

}  // namespace

void StatementLog::take(std::string_view statement) {
    chain_ = sha256_hex(chain_ + normalise_lines(statement));
    ++taken_;
}

void StatementLog::require_unchanged(std::size_t done) const {
    if (done == 0 || (taken_ == done && chain_ == step_.record->statements_checksum)) {
        return;
    }
    Error error(Code::migration_edited,
                fmt::format("{}: the {} that {} applied earlier {} changed since", step_.file(),
                            counted(done, "statement"), done == 1 ? "was" : "were",
                            done == 1 ? "was" : "were"),
                "restore them; what comes after them may be changed");
    error.at({step_.file(), 0, 0}).with("migration", step_.migration->title());
    throw error;
}

std::string StatementLog::where() const {
    const auto& version = step_.record ? step_.record->version : step_.migration->version;
    return fmt::format("where source = {} and version = {}", pg::literal(step_.migration->source),
                       pg::literal(version));
}

std::string StatementLog::progress(const std::string& last) const {
    return fmt::format(
        "update caisson.migrations set statements_done = {}, statements_checksum = '{}', "
        "statement_running = false, error = '' {};{}",
        taken_, chain_, where(), within(session_, {Event::Kind::statement, &step_, taken_, last}));
}

std::string StatementLog::running() const {
    return fmt::format("update caisson.migrations set statement_running = true {};", where());
}

std::string StatementLog::as_ourselves(const std::string& what) const {
    return touches_role_ ? fmt::format(
                               "set local session_authorization to default;set local role "
                               "to default;{}",
                               what)
                         : what;
}

std::string StatementLog::in_transaction(const std::string& what) const {
    return fmt::format("begin;{}{}commit", session_.guard, as_ourselves(what));
}

/// Answered to the session's own role, whatever the file has made of it.
pg::Result StatementLog::ask(const std::string& query, const pg::Parameters& parameters) const {
    auto& connection = session_.connection;
    connection.script("begin;" + as_ourselves(""));
    auto rows = connection.query(query, parameters);
    connection.script("rollback");
    return rows;
}

/// Indexes made since the row said that a statement runs, which is what its xmin tells.
pg::Result StatementLog::made_since(bool valid) const {
    return ask(fmt::format(
        "select format('%I.%I', n.nspname, c.relname) as name from pg_index i join pg_class c on "
        "c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'i' "
        "and i.indisvalid = {} and pg_has_role(c.relowner, 'usage') and age(c.xmin) < (select "
        "age(xmin) from caisson.migrations {}) and not exists (select from "
        "pg_stat_progress_create_index p where p.index_relid = c.oid)",
        valid, where()));
}

void StatementLog::clear_up() const {
    for (const auto row : made_since(false)) {
        session_.connection.query(fmt::format("drop index concurrently {}", row.text("name")));
    }
}

/// Nothing where the catalogue does not tell. What refuses a transaction and is no index (VACUUM,
/// CREATE DATABASE) may be sent again: it does the same, or the server says that it is done.
std::optional<bool> StatementLog::look_for(std::string_view statement,
                                           sql::StatementKind kind) const {
    if (const auto index = sql::concurrent_index(statement)) {
        const auto rows = ask(
            index->creates
                ? "select from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid "
                  "= to_regclass($2) and c.relname = (parse_ident($1))[1] and i.indisvalid"
                : "select where to_regclass($1) is null and $2 = ''",
            {index->name, index->table});
        return !rows.empty();
    }
    if (builds_index(statement)) {
        return !made_since(true).empty();
    }
    return kind == sql::StatementKind::no_transaction ? std::optional(false) : std::nullopt;
}

bool StatementLog::has_happened(std::string_view statement, sql::StatementKind kind,
                                const Place& place) const {
    if (const auto known = look_for(statement, kind)) {
        return *known;
    }
    if (session_.options.interrupted) {
        return *session_.options.interrupted == Interrupted::done;
    }
    Error error(Code::migration_failed,
                fmt::format("{}: an earlier run was cut off while this statement ran, which "
                            "commits by itself; whether it took effect, nobody can tell but you",
                            place.text()),
                "look into the database, then run again with --interrupted done (goes on after "
                "it) or --interrupted again (sends it once more)");
    error.at(place)
        .with("migration", step_.migration->title())
        .with("statement", shortened(statement));
    throw error;
}

void StatementLog::failed(const pg::DatabaseError& error, bool may_leave_index) const {
    session_.connection.script(clean_session);
    if (may_leave_index) {
        clear_up();
    }
    try {
        session_.connection.script(in_transaction(
            fmt::format("update caisson.migrations set error = {}, statement_running = false {};",
                        pg::literal(error.message()), where())));
    } catch (const pg::DatabaseError&) {
        // The lease went to another run, which writes from now on.
        session_.connection.script("rollback");
    }
}

std::string StatementLog::left(std::size_t total) const {
    const auto rows =
        ask(fmt::format("select statements_done from caisson.migrations {}", where()));
    const auto done =
        rows.empty() ? 0 : static_cast<std::size_t>(rows.front().integer("statements_done"));
    return done == 0 ? "nothing of this file was applied; mend it and run again"
                     : fmt::format(
                           "{}{} applied and stay; mend the file from there and run again: it "
                           "goes on after them",
                           done == 1 ? "statement 1" : fmt::format("statements 1 to {}", done),
                           total > 0 ? fmt::format(" of {}", total) : "");
}

}  // namespace caisson::migrations

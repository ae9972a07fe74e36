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

/// Indexes made since the row said that a statement runs, which is what its xmin tells.
pg::Result StatementLog::made_since(bool valid) const {
    return session_.connection.query(fmt::format(
        "select format('%I.%I', n.nspname, c.relname) as name from pg_index i join pg_class c on "
        "c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'i' "
        "and i.indisvalid = {} and pg_has_role(c.relowner, 'usage') and age(c.xmin) < (select "
        "age(xmin) from caisson.migrations {}) and not exists (select from "
        "pg_stat_progress_create_index p where p.index_relid = c.oid)",
        valid, where()));
}

void StatementLog::drop_invalid_indexes() const {
    for (const auto row : made_since(false)) {
        session_.connection.query(fmt::format("drop index concurrently {}", row.text("name")));
    }
}

bool StatementLog::has_happened(std::string_view statement) const {
    drop_invalid_indexes();
    const auto index = sql::concurrent_index(statement);
    if (!index) {
        return builds_index(statement) && !made_since(true).empty();
    }
    const auto rows = session_.connection.query(
        index->creates
            ? "select from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = "
              "to_regclass($2) and c.relname = (parse_ident($1))[1] and i.indisvalid"
            : "select where to_regclass($1) is null and $2 = ''",
        {index->name, index->table});
    return !rows.empty();
}

void StatementLog::failed(const pg::DatabaseError& error, bool may_leave_index) const {
    session_.connection.script(clean_session);
    if (may_leave_index) {
        drop_invalid_indexes();
    }
    session_.connection.query(
        fmt::format("update caisson.migrations set error = $1, statement_running = false {}",
                    where()),
        {error.message()});
}

std::string StatementLog::left(std::size_t total) const {
    const auto rows = session_.connection.query(
        fmt::format("select statements_done from caisson.migrations {}", where()));
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

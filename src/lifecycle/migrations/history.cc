// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/history.h"

#include <charconv>

namespace caisson::migrations {
namespace {

template <typename Number>
Number number(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Progress progress_of(std::string_view text) {
    return text == "partial"     ? Progress::partial
           : text == "reverting" ? Progress::reverting
                                 : Progress::applied;
}

/// 2026-03-03 08:00:00.123456, as PostgreSQL writes it, to RFC 3339 with milliseconds.
std::string rfc3339(std::string_view text) {
    if (text.size() < 19) {
        return std::string(text);
    }
    std::string result(text.substr(0, 19));
    result[10] = 'T';
    const auto fraction = text.size() > 20 ? text.substr(20, 3) : std::string_view();
    return result + "." + std::string(fraction) + std::string(3 - fraction.size(), '0') + "Z";
}

Record record_of(const pg::Row& row) {
    Record record;
    std::size_t column = 0;
    const auto next = [&] { return row.text(column++); };
    record.source = next();
    record.version = next();
    record.name = next();
    record.feature = next();
    record.checksum = next();
    record.progress = progress_of(next());
    record.statements_done = number<std::size_t>(next());
    record.statements_total = number<std::size_t>(next());
    record.statements_checksum = next();
    record.statement_running = next() == "t";
    record.error = next();
    record.sequence = number<std::int64_t>(next());
    record.applied_at = rfc3339(next());
    record.applied_by = next();
    record.applied_from = next();
    record.duration = std::chrono::milliseconds(number<std::int64_t>(next()));
    return record;
}

}  // namespace

trust::CatalogueStep history_step() {
    return {10, "history of migrations", R"sql(
create table caisson.migrations (
    source              text not null,
    version             text not null,
    name                text not null,
    description         text not null default '',
    feature             text not null default '',
    checksum            text not null,
    down_checksum       text not null default '',
    state               text not null default 'applied' check (state in ('applied', 'partial', 'reverting')),
    statements_done     integer not null default 0,
    statements_total    integer not null default 0,
    statements_checksum text not null default '',
    statement_running   boolean not null default false,
    error               text not null default '',
    sequence            bigint not null generated always as identity,
    applied_at          timestamptz not null default now(),
    applied_by          text not null default session_user,
    applied_from        text not null default '',
    milliseconds        bigint not null default 0,
    content             text,
    primary key (source, version)
);
comment on table caisson.migrations is 'The migrations that this database has, in the order of "sequence"';
comment on column caisson.migrations.checksum is 'SHA-256 of the file with LF as its line end, without byte order mark';
comment on column caisson.migrations.content is 'The file as it was applied, unless it was longer than a megabyte'
)sql"};
}

History read_history(pg::Connection& connection) {
    History history;
    try {
        const auto rows = connection.query(
            "select source, version, name, feature, checksum, state, statements_done, "
            "statements_total, statements_checksum, statement_running, error, sequence, "
            "applied_at at time zone 'UTC', applied_by, applied_from, milliseconds "
            "from caisson.migrations order by sequence");
        history.reserve(rows.size());
        for (const auto row : rows) {
            history.push_back(record_of(row));
        }
    } catch (const pg::DatabaseError& error) {
        // Neither the schema nor the table: nothing was ever applied.
        if (error.sqlstate != pg::sqlstate::undefined_table && error.sqlstate != "3F000") {
            throw;
        }
    }
    return history;
}

std::optional<std::string> read_text(pg::Connection& connection, const Record& record) {
    const auto rows = connection.query(
        "select content from caisson.migrations where source = $1 and version = $2",
        {record.source, record.version});
    return rows.empty() ? std::nullopt : rows.front().optional("content");
}

}  // namespace caisson::migrations

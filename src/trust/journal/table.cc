// SPDX-License-Identifier: Apache-2.0
#include "trust/journal/table.h"

#include <charconv>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "drivers/pg/quote.h"
#include "trust/journal/keys.h"

namespace caisson::journal {
namespace {

constexpr std::int64_t at_a_time = 4000;

/// In the order of Entry.
constexpr std::string_view columns =
    "sequence, epoch, to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at, "
    "kind, actor, origin, run, subject, detail, previous, hash";

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Entry entry_of(const pg::Row& row) {
    std::size_t column = 0;
    const auto next = [&] { return std::string(row.text(column++)); };
    Entry entry;
    entry.sequence = number(next());
    entry.epoch = number(next());
    entry.at = next();
    entry.kind = next();
    entry.actor = next();
    entry.origin = next();
    entry.run = next();
    entry.subject = next();
    entry.detail = next();
    entry.previous = next();
    entry.hash = next();
    return entry;
}

std::string database_of(const std::string& detail) {
    boost::system::error_code failure;
    const auto value = boost::json::parse(detail, failure);
    const auto* const object = failure ? nullptr : value.if_object();
    const auto* const member = object ? object->if_contains("database") : nullptr;
    return member && member->is_string() ? std::string(member->get_string()) : "";
}

std::string condition_of(const Selection& selection) {
    auto condition = fmt::format("where sequence > $1 and sequence >= {}", selection.from);
    if (selection.to > 0) {
        condition += fmt::format(" and sequence <= {}", selection.to);
    }
    if (!selection.since.empty()) {
        condition += fmt::format(" and at >= {}::timestamptz", pg::literal(selection.since));
    }
    if (!selection.run.empty()) {
        condition += fmt::format(" and starts_with(run, {})", pg::literal(selection.run));
    }
    if (!selection.kind.empty()) {
        condition += fmt::format(" and kind = {}", pg::literal(selection.kind));
    }
    return condition;
}

}  // namespace

trust::CatalogueStep table_step() {
    // Text and no jsonb: what was hashed must come back byte for byte.
    return {5, "journal", R"sql(
create table caisson.journal (
    sequence bigint primary key check (sequence > 0),
    epoch    bigint not null,
    at       timestamptz not null,
    kind     text not null,
    actor    text not null,
    origin   text not null,
    run      text not null,
    subject  text not null,
    detail   text not null,
    previous text not null,
    hash     text not null
);
create index journal_turns on caisson.journal (kind, sequence) where kind in ('epoch', 'key');
comment on table caisson.journal is 'What was done to this database, each entry chained to the one before by its hash. Checked by: caisson journal verify';
create function caisson.refuse_change() returns trigger language plpgsql as $refuse$
begin
    raise exception 'caisson.journal is only ever added to: % is refused', tg_op
        using errcode = 'insufficient_privilege';
end
$refuse$;
create trigger only_added_to before update or delete or truncate on caisson.journal
    for each statement execute function caisson.refuse_change()
)sql"};
}

std::string insert_sql(std::span<const Entry> entries) {
    std::string sql = "insert into caisson.journal values ";
    for (const auto& entry : entries) {
        fmt::format_to(std::back_inserter(sql), "{}({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
                       &entry == entries.data() ? "" : ", ", entry.sequence, entry.epoch,
                       pg::literal(entry.at), pg::literal(entry.kind), pg::literal(entry.actor),
                       pg::literal(entry.origin), pg::literal(entry.run),
                       pg::literal(entry.subject), pg::literal(entry.detail),
                       pg::literal(entry.previous), pg::literal(entry.hash));
    }
    return sql + ";";
}

bool has_journal(pg::Connection& connection) {
    return connection.query("select to_regclass('caisson.journal') is not null as there")
        .front()
        .boolean("there");
}

std::int64_t last_sequence(pg::Connection& connection) {
    return has_journal(connection)
               ? connection.query("select coalesce(max(sequence), 0) as last from caisson.journal")
                     .front()
                     .integer("last")
               : 0;
}

Standing read_standing(pg::Connection& connection) {
    std::vector<pg::Result> results;
    try {
        results = connection.script(fmt::format(
            "select session_user, (select uuid from caisson.identity) as uuid;"
            "select {0} from caisson.journal order by sequence desc limit 1;"
            "select detail from caisson.journal where kind = 'epoch' order by sequence desc limit "
            "1;"
            "select detail from caisson.journal where kind = 'key' order by sequence desc limit 1",
            columns));
    } catch (const pg::DatabaseError& error) {
        if (error.sqlstate != pg::sqlstate::undefined_table && error.sqlstate != "3F000") {
            throw;
        }
        throw Error(Code::identity_unknown,
                    fmt::format("{} has no journal: its schema caisson is older than this version",
                                connection.settings().database),
                    "let it be brought up to date: caisson provision");
    }
    Standing standing;
    standing.actor = results[0].front().string("session_user");
    standing.identity = results[0].front().string("uuid");
    if (!results[1].empty()) {
        standing.last = entry_of(results[1].front());
    }
    if (!results[2].empty()) {
        standing.database = database_of(results[2].front().string("detail"));
    }
    if (!results[3].empty()) {
        const auto key = parse_introduction(results[3].front().string("detail"));
        standing.key = key ? key->key : "";
    }
    return standing;
}

std::int64_t read(pg::Connection& connection, const Selection& selection,
                  const std::function<void(const Entry&)>& take) {
    pg::Transaction transaction(connection, "begin isolation level repeatable read read only");
    if (!has_journal(connection)) {
        return 0;
    }
    // The same clock everywhere: an export is byte-stable whoever makes it.
    connection.query("set local timezone = 'UTC'");
    const auto query = fmt::format("select {} from caisson.journal {} order by sequence limit {}",
                                   columns, condition_of(selection), at_a_time);
    std::int64_t last = 0;
    std::int64_t count = 0;
    while (true) {
        const auto rows = connection.query(query, {last});
        for (const auto row : rows) {
            const auto entry = entry_of(row);
            last = entry.sequence;
            ++count;
            take(entry);
        }
        if (static_cast<std::int64_t>(rows.size()) < at_a_time) {
            return count;
        }
    }
}

}  // namespace caisson::journal

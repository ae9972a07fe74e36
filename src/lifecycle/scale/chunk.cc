// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/chunk.h"

#include <charconv>

#include <fmt/format.h>

#include "base/fault.h"
#include "lifecycle/scale/stream.h"
#include "lifecycle/seeds/blame.h"
#include "lifecycle/seeds/tracking.h"

namespace caisson::scale {
namespace {

constexpr int most_attempts = 5;

/// The row that a COPY was at: "COPY users, line 17" counts from 1.
std::optional<std::uint64_t> line_of(const std::string& context) {
    constexpr std::string_view mark = ", line ";
    const auto at = context.find(mark);
    if (!context.starts_with("COPY ") || at == std::string::npos) {
        return std::nullopt;
    }
    std::uint64_t line = 0;
    const char* const begin = context.data() + at + mark.size();
    const auto [end, failure] = std::from_chars(begin, context.data() + context.size(), line);
    return failure == std::errc() && line > 0 ? std::optional(line) : std::nullopt;
}

}  // namespace

ChunkWriter::Made ChunkWriter::write(pg::Connection& connection, const Chunk& chunk) const {
    for (int attempt = 1;; ++attempt) {
        try {
            return try_to_write(connection, chunk);
        } catch (const pg::DatabaseError& error) {
            if (is_taken(error)) {
                return {};
            }
            if (!seeds::is_passing(error) || attempt == most_attempts) {
                if (error.code() != Code::database_rejected) {
                    throw;
                }
                throw refused(error, chunk);
            }
        }
    }
}

ChunkWriter::Made ChunkWriter::try_to_write(pg::Connection& connection, const Chunk& chunk) const {
    pg::Transaction transaction(connection);
    seeds::settle_session(connection);
    record_chunk(connection, number_, run_, chunk);
    const auto made = chunk.cleared ? put_back(connection, chunk)
                                    : send(connection, chunk, layout_.copy_statement());
    fault::point("scale-chunk-copied");
    transaction.commit();
    fault::point("scale-chunk-made");
    return made;
}

ChunkWriter::Made ChunkWriter::send(pg::Connection& connection, const Chunk& chunk,
                                    const std::string& statement) const {
    Stream stream(model_, layout_, layout_.fields, chunk.first, chunk.rows);
    Made made;
    made.rows = connection.copy_in(statement, [&] { return stream.next(); });
    made.bytes = stream.bytes();
    return made;
}

ChunkWriter::Made ChunkWriter::put_back(pg::Connection& connection, const Chunk& chunk) const {
    const auto staged = pg::identifier("caisson:chunk");
    std::vector<std::string> names;
    for (const auto& field : layout_.fields) {
        names.push_back(field.name);
    }
    const auto columns = pg::identifiers(names);
    std::string matches;
    for (const auto& column : layout_.key) {
        matches += fmt::format("{}t.{} = s.{}", matches.empty() ? "" : " and ",
                               pg::identifier(column), pg::identifier(column));
    }
    connection.query(
        fmt::format("create temp table {} on commit drop as select {} from {} with no data", staged,
                    columns, layout_.name.quoted()));
    auto made =
        send(connection, chunk, fmt::format("copy pg_temp.{} from stdin (format binary)", staged));
    connection.query(fmt::format("analyze pg_temp.{}", staged));
    made.rows = connection
                    .query(fmt::format("insert into {0} ({1}) overriding system value "
                                       "select {1} from pg_temp.{2} s "
                                       " where not exists (select from {0} t where {3})",
                                       layout_.name.quoted(), columns, staged, matches))
                    .affected();
    return made;
}

Error ChunkWriter::refused(const pg::DatabaseError& error, const Chunk& chunk) const {
    const auto line = line_of(error.context);
    const auto row =
        line ? fmt::format("row {}", chunk.first + *line)
             : fmt::format("one of the rows {} to {}", chunk.first + 1, chunk.first + chunk.rows);
    Error refusal(Code::seed_failed,
                  fmt::format("{}, {}: {}", layout_.name.text(), row, error.message()),
                  error.fact("sqlstate").starts_with("23")
                      ? "mend the columns of the table in scale.toml; what is there stays, and the "
                        "next run goes on"
                      : "");
    refusal.at(model_.tables[layout_.table].place);
    for (const auto& [key, value] : error.facts()) {
        refusal.with(key, value);
    }
    return refusal.with("constraint", error.constraint);
}

std::vector<std::string> advance_sequences(pg::Connection& connection, const Layout& layout,
                                           const seeds::Target& target) {
    std::vector<std::string> notes;
    for (const auto& field : layout.fields) {
        const auto* const column = target.table(layout.name)->column(field.name);
        if (column->sequence.empty()) {
            continue;
        }
        try {
            connection.query(
                fmt::format("select pg_catalog.setval($1::regclass, m.highest) "
                            "  from (select max({0})::bigint as highest from {1}) m, {2} q "
                            " where m.highest > q.last_value "
                            "    or (m.highest = q.last_value and not q.is_called)",
                            pg::identifier(field.name), layout.name.quoted(), column->sequence),
                {column->sequence});
        } catch (const pg::DatabaseError& error) {
            notes.push_back(fmt::format("{} was not advanced past the synthetic rows: {}",
                                        column->sequence, error.message()));
        }
    }
    return notes;
}

}  // namespace caisson::scale

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/stage.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/error.h"
#include "lifecycle/seeds/blame.h"
#include "lifecycle/seeds/encode.h"

namespace caisson::seeds {
namespace {

constexpr std::size_t chunk_size = std::size_t{256} * 1024;

bool needs_lines(const File& file) {
    return std::any_of(file.columns.begin(), file.columns.end(),
                       [](const auto& column) { return column.kind == ColumnSource::Kind::line; });
}

/// Turns a file into the lines of a COPY, a piece at a time.
class Encoder {
 public:
    Encoder(const File& file, const Table& table, std::string_view text)
        : file_(file),
          lines_(text),
          count_lines_(needs_lines(file)),
          records_(open_records(file.format, text, [](std::size_t, const std::string&) {})),
          sometimes_absent(file.columns.size(), false) {
        for (const auto& column : file.columns) {
            columns_.push_back(table.column(column.column));
        }
    }

    std::string_view next() {
        chunk_.clear();
        while (chunk_.size() < chunk_size && records_->next(record_)) {
            append();
        }
        return chunk_;
    }

 private:
    void append() {
        const auto line =
            count_lines_ ? std::to_string(lines_.line_at(record_.offset)) : std::string();
        absent_.clear();
        row_.clear();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const auto value = value_of(file_, file_.columns[i], record_, line);
            if (value.kind == Value::Kind::absent) {
                absent_ += (absent_.empty() ? "" : ",") + std::to_string(i + 1);
                sometimes_absent[i] = true;
            }
            row_ += '\t';
            append_copy_text(row_, text_for(value, *columns_[i], scratch_));
        }
        chunk_ += std::to_string(++number_);
        chunk_ += absent_.empty() ? "\t\\N" : "\t{" + absent_ + "}";
        chunk_ += row_;
        chunk_ += '\n';
    }

    const File& file_;
    LineCounter lines_;
    bool count_lines_;
    std::unique_ptr<Records> records_;
    std::vector<const Column*> columns_;
    Record record_;
    std::size_t number_ = 0;
    std::string chunk_;
    std::string row_;
    std::string absent_;
    std::string scratch_;

 public:
    std::vector<bool> sometimes_absent;
};

/// "COPY caisson:rows1, line 3, column score: …": the line and the column of the COPY that failed,
/// in whatever language the server says it.
Wanted failed_record(const pg::DatabaseError& error, const Stage& stage) {
    const auto table = stage.rows.substr(stage.rows.find('.') + 2);
    const std::string name = table.substr(0, table.size() - 1);
    Wanted wanted;
    auto at = error.context.find(name);
    if (at == std::string::npos) {
        return wanted;
    }
    at = error.context.find_first_of("0123456789", at + name.size());
    if (at == std::string::npos) {
        return wanted;
    }
    const char* const begin = error.context.data() + at;
    const auto [end, failure] =
        std::from_chars(begin, error.context.data() + error.context.size(), wanted.record);
    const auto rest =
        std::string_view(error.context).substr(at + static_cast<std::size_t>(end - begin));
    for (const auto& column : stage.file->columns) {
        if (rest.find(" " + column.column + ":") != std::string_view::npos ||
            rest.find("\"" + column.column + "\"") != std::string_view::npos) {
            wanted.column = column.column;
            break;
        }
    }
    return wanted;
}

std::vector<std::string> column_names(const File& file) {
    std::vector<std::string> names;
    for (const auto& column : file.columns) {
        names.push_back(column.column);
    }
    return names;
}

}  // namespace

Stage stage_file(pg::Connection& connection, const File& file, const Table& table,
                 const std::vector<std::string>& key, std::size_t number) {
    Stage stage{&file,
                &table,
                key,
                fmt::format("pg_temp.\"caisson:rows{}\"", number),
                fmt::format("pg_temp.\"caisson:plan{}\"", number),
                {}};
    const auto names = pg::identifiers(column_names(file));
    // Made from the table itself: types, their modifiers, domains and collations are the same.
    connection.query(fmt::format(
        "create temp table {} on commit drop as select 0::bigint as {}, null::int[] as {}, {} "
        "from {} with no data",
        stage.rows.substr(stage.rows.find('.') + 1), record_column, absent_column, names,
        table.name.quoted()));

    const Contents contents(file.path);
    if (contents.checksum() != file.checksum) {
        throw Error(Code::seed_invalid, fmt::format("{} was changed while it was read", file.shown),
                    "run the same command again")
            .at({file.shown});
    }
    Encoder encoder(file, table, contents.text);
    try {
        connection.copy_in(fmt::format("copy {} ({}, {}, {}) from stdin", stage.rows, record_column,
                                       absent_column, names),
                           [&] { return encoder.next(); });
    } catch (const pg::DatabaseError& error) {
        if (error.code() != Code::database_rejected || is_passing(error)) {
            throw;
        }
        const auto wanted = failed_record(error, stage);
        throw refused(
            error, file,
            wanted.record > 0 ? place_of(file, wanted.record, wanted.column) : Place{file.shown});
    }
    stage.sometimes_absent = encoder.sometimes_absent;
    return stage;
}

std::vector<Place> places_of(const File& file, const std::vector<Wanted>& wanted) {
    std::vector<Place> places(wanted.size(), Place{file.shown});
    const Contents contents(file.path);
    const auto records =
        open_records(file.format, contents.text, [](std::size_t, const std::string&) {});
    Record record;
    for (std::size_t number = 1; records->next(record); ++number) {
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (wanted[i].record != number) {
                continue;
            }
            auto offset = record.offset;
            for (const auto& source : file.columns) {
                if (source.column == wanted[i].column) {
                    offset = value_of(file, source, record, "").offset;
                }
            }
            const auto position = position_of(contents.text, offset);
            places[i] = {file.shown, position.line, position.column};
        }
    }
    return places;
}

Place place_of(const File& file, std::size_t record, const std::string& column) {
    return places_of(file, {{record, column}}).front();
}

}  // namespace caisson::seeds

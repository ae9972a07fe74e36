// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "lifecycle/seeds/folder.h"
#include "lifecycle/seeds/mistakes.h"
#include "lifecycle/seeds/records.h"
#include "lifecycle/seeds/seeds.h"
#include "lifecycle/seeds/sql_file.h"

namespace caisson::seeds {
namespace {

Place place_in(const File& file, std::string_view text, std::size_t offset) {
    const auto position = position_of(text, offset);
    return {file.shown, position.line, position.column};
}

/// Where the text stops being UTF-8 that PostgreSQL can store; nothing when it never does.
std::optional<std::size_t> first_bad_byte(std::string_view text) {
    const auto zero = text.find('\0');
    if (is_utf8(text)) {
        return zero == std::string_view::npos ? std::nullopt : std::optional(zero);
    }
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t length = 1;
        while (length <= 4 && !is_utf8(text.substr(at, length))) {
            ++length;
        }
        if (length > 4) {
            break;
        }
        at += length;
    }
    return std::min(at, zero);
}

/// The columns that the file and the manifest's mapping give, with what each is made of.
class Mapping {
 public:
    Mapping(File& file, const Fields& fields, const platform::SeedTable* declared,
            std::string_view text, Mistakes& mistakes)
        : file_(file), fields_(fields), declared_(declared), text_(text), mistakes_(mistakes) {}

    void make() {
        file_.fields = fields_.names;
        if (declared_) {
            file_.key = declared_->key;
            file_.key_place = declared_->place;
            for (const auto& [column, source] : declared_->columns) {
                take_declared(column, source);
            }
        }
        for (std::size_t i = 0; i < fields_.names.size(); ++i) {
            if (!used_.contains(i)) {
                take_field(i);
            }
        }
        if (fields_.scalars && !has_value_) {
            mistakes_.add(place_in(file_, text_, 0),
                          fmt::format("the file lists scalars; say which column takes them: "
                                      "[seeds.\"{}\"] columns = {{ NAME = \"$value\" }}",
                                      file_.table.text()));
        }
    }

 private:
    void take_declared(const std::string& column, const std::string& source) {
        ColumnSource made{column, ColumnSource::Kind::field, 0, declared_->place};
        if (source == "$file") {
            made.kind = ColumnSource::Kind::file;
        } else if (source == "$line") {
            made.kind = ColumnSource::Kind::line;
        } else if (source == "$value") {
            made.kind = ColumnSource::Kind::value;
            has_value_ = true;
            if (!fields_.scalars && file_.rows > 0) {
                mistakes_.add(declared_->place,
                              fmt::format("column {} takes \"$value\", but {} holds no scalars",
                                          column, file_.shown));
            }
        } else {
            const auto found = std::find(fields_.names.begin(), fields_.names.end(), source);
            if (found == fields_.names.end()) {
                if (file_.rows > 0) {
                    const auto near = nearest(source, fields_.names);
                    mistakes_.add(declared_->place,
                                  fmt::format("column {} takes the field {}, which {} has not{}",
                                              column, source, file_.shown,
                                              near.empty() ? "" : "; did you mean " + near + "?"));
                }
                return;
            }
            made.field = static_cast<std::size_t>(found - fields_.names.begin());
            used_.insert(made.field);
        }
        file_.columns.push_back(made);
    }

    void take_field(std::size_t index) {
        const auto& name = fields_.names[index];
        const auto place = place_in(file_, text_, fields_.offsets[index]);
        const auto same = std::find_if(file_.columns.begin(), file_.columns.end(),
                                       [&](const auto& column) { return column.column == name; });
        if (same != file_.columns.end()) {
            mistakes_.add(place, fmt::format("the manifest gives column {} another source ({})",
                                             name, same->place.text()));
            return;
        }
        file_.columns.push_back({name, ColumnSource::Kind::field, index, place});
    }

    File& file_;
    const Fields& fields_;
    const platform::SeedTable* declared_;
    std::string_view text_;
    Mistakes& mistakes_;
    std::set<std::size_t> used_;
    bool has_value_ = false;
};

void read_records(File& file, std::string_view text, const platform::SeedTable* declared,
                  Mistakes& mistakes) {
    // Lines are counted as the file is read: position_of() for each of a million mistakes would
    // read it a million times.
    std::size_t told = 0;
    const auto records =
        open_records(file.format, text, [&](std::size_t offset, const std::string& message) {
            mistakes.add(++told > 100 ? Place{file.shown} : place_in(file, text, offset), message);
        });
    Record record;
    while (records->next(record)) {
        ++file.rows;
    }
    if (told == 0) {
        Mapping(file, records->fields(), declared, text, mistakes).make();
    }
}

void read_statements(File& file, std::string_view text, Mistakes& mistakes) {
    auto sql = read_sql(text);
    for (const auto& mistake : sql.mistakes) {
        mistakes.add(place_in(file, text, mistake.offset), mistake.message);
    }
    file.rows = sql.statements;
    file.writes = std::move(sql.writes);
}

/// What besides the text decides the rows: a digest of key and mapping.
std::string definition_of(const File& file) {
    std::string text = file.table.text() + "\n" + join(file.key, ",") + "\n";
    for (const auto& column : file.columns) {
        text += fmt::format(
            "{}={}:{}\n", column.column, static_cast<int>(column.kind),
            column.kind == ColumnSource::Kind::field ? file.fields[column.field] : std::string());
    }
    return sha256_hex(text);
}

void read(File& file, const platform::SeedTable* declared, Mistakes& mistakes) {
    const Contents contents(file.path);
    file.checksum = contents.checksum();
    if (const auto bad = first_bad_byte(contents.text)) {
        mistakes.add(place_in(file, contents.text, *bad),
                     contents.text[*bad] == '\0' ? "a zero byte; PostgreSQL stores none"
                                                 : "this is not UTF-8");
        return;
    }
    if (file.format == Format::sql) {
        read_statements(file, contents.text, mistakes);
    } else {
        read_records(file, contents.text, declared, mistakes);
    }
    file.definition = definition_of(file);
}

}  // namespace

Seeds load(const platform::Manifest& manifest, const platform::Database& database,
           const std::vector<Set>& sets) {
    Mistakes mistakes;
    Seeds seeds{sets, find_files(manifest, database, sets, mistakes)};
    for (auto& file : seeds.files) {
        read(file, declaration_of(manifest, database, file.table), mistakes);
    }
    mistakes.check();
    return seeds;
}

}  // namespace caisson::seeds

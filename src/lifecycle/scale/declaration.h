// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// seeds/scale.toml as it is written: tables, columns, lists. What the columns say is understood by
/// compile().

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "drivers/pg/quote.h"
#include "lifecycle/scale/list.h"
#include "lifecycle/scale/scale.h"
#include "lifecycle/seeds/mistakes.h"
#include "platform/document.h"

namespace caisson::scale {

struct Declaration {
    struct Column {
        std::string name;
        Place place;
        platform::Node node;
    };
    struct Table {
        pg::QualifiedName name;
        Place place;
        std::optional<std::uint64_t> rows;  ///< Else a column counts them.
        std::vector<Column> columns;
    };
    std::int64_t seed = 1;
    std::vector<Table> tables;
    std::map<std::string, List> lists;

    const List* list(const std::string& name) const;  ///< Its own or a built-in one.
    const Table* table(const pg::QualifiedName& name) const;
};
Declaration declare(const File& file, seeds::Mistakes& mistakes);

/// The files of lists that a text names, as it names them: what load() has to read.
std::set<std::string> list_files(const std::string& text, const std::string& shown);

/// `table.column` or `schema.table.column`, taken apart.
struct ColumnName {
    pg::QualifiedName table;
    std::string column;
};
std::optional<ColumnName> column_name(const std::string& text);

/// What the rows of a table follow from: its own columns, the seed, the lists, and all of that of
/// the tables it refers to. Two declarations with the same digest make the same rows. By table in
/// the order of the file.
std::vector<std::string> digests(const Declaration& declaration, double factor);

}  // namespace caisson::scale

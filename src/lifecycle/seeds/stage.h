// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "lifecycle/seeds/seeds.h"
#include "lifecycle/seeds/target.h"

namespace caisson::seeds {

/// The rows of a file in a temporary table whose columns have the types of the real one. Record
/// numbers count from 1; a list says by number which of the file's columns a record leaves out.
struct Stage {
    const File* file = nullptr;
    const Table* table = nullptr;
    std::vector<std::string> key;
    std::string rows;  ///< Quoted name of the table with the rows.
    std::string plan;  ///< … and of the one that says what happens with each record.
    std::vector<bool> sometimes_absent;  ///< By column of the file.
};
constexpr const char* record_column = "\"caisson:record\"";
constexpr const char* absent_column = "\"caisson:absent\"";

/// COPYs the file in pieces as it is read; it is in memory once.
/// Errors: seed_failed with the place of a value that its type does not read; seed_invalid when
/// the file is another one than was loaded.
Stage stage_file(pg::Connection& connection, const File& file, const Table& table,
                 const std::vector<std::string>& key, std::size_t number);

/// Where records begin, or the column's value in them where one is named. In one reading.
struct Wanted {
    std::size_t record = 0;
    std::string column;
};
std::vector<Place> places_of(const File& file, const std::vector<Wanted>& wanted);
Place place_of(const File& file, std::size_t record, const std::string& column);

}  // namespace caisson::seeds

// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/rows.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/error.h"
#include "drivers/pg/text_format.h"

namespace caisson::pg {

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }

std::size_t Rows::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }

std::uint64_t Rows::affected() const {
    std::uint64_t rows = 0;
    // A SELECT tells how many rows it gave; only what changes rows is meant here.
    const auto what = tag();
    if (what.substr(0, 6) == "INSERT" || what.substr(0, 6) == "UPDATE" ||
        what.substr(0, 6) == "DELETE" || what.substr(0, 5) == "MERGE") {
        parse_number(std::string_view(PQcmdTuples(result_.get())), rows);
    }
    return rows;
}

std::string_view Rows::tag() const { return result_ ? PQcmdStatus(result_.get()) : ""; }

std::vector<std::string> Rows::columns() const {
    std::vector<std::string> names;
    for (int i = 0; i < PQnfields(result_.get()); ++i) {
        names.emplace_back(PQfname(result_.get(), i));
    }
    return names;
}

std::size_t Rows::column(std::string_view name) const {
    for (int i = 0; i < PQnfields(result_.get()); ++i) {
        if (name == PQfname(result_.get(), i)) {
            return static_cast<std::size_t>(i);
        }
    }
    throw Error(Code::internal, fmt::format("the result has no column {}", name));
}

TypeId Rows::type(std::size_t column) const {
    return PQftype(result_.get(), static_cast<int>(column));
}

Field Rows::field(std::size_t row, std::size_t column) const {
    const auto* const result = result_.get();
    const int i = static_cast<int>(row);
    const int j = static_cast<int>(column);
    if (i >= PQntuples(result) || j >= PQnfields(result)) {
        throw Error(Code::internal,
                    fmt::format("the result has no row {} with a column {}", row, column));
    }
    return {PQftype(result, j), PQfformat(result, j) == 1, PQgetisnull(result, i, j) == 1,
            std::string_view(PQgetvalue(result, i, j),
                             static_cast<std::size_t>(PQgetlength(result, i, j)))};
}

}  // namespace caisson::pg

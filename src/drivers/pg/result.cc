// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/result.h"

#include <charconv>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/error.h"

namespace caisson::pg {
namespace {

int column_index(const pg_result* result, std::string_view name) {
    for (int i = 0; i < PQnfields(result); ++i) {
        if (name == PQfname(result, i)) {
            return i;
        }
    }
    throw Error(Code::internal, fmt::format("the result has no column {}", name));
}

template <typename T>
T number(std::string_view text, std::string_view column) {
    T value{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) {
        throw Error(Code::internal, fmt::format("column {} holds no number: {}", column, text));
    }
    return value;
}

std::string_view value_at(const pg_result* result, std::size_t row, int column) {
    return {PQgetvalue(result, static_cast<int>(row), column),
            static_cast<std::size_t>(PQgetlength(result, static_cast<int>(row), column))};
}

}  // namespace

std::string_view Row::text(std::size_t column) const {
    return value_at(result_.get(), index_, static_cast<int>(column));
}

std::string_view Row::text(std::string_view column) const {
    return value_at(result_.get(), index_, column_index(result_.get(), column));
}

bool Row::is_null(std::size_t column) const {
    return PQgetisnull(result_.get(), static_cast<int>(index_), static_cast<int>(column)) == 1;
}

bool Row::is_null(std::string_view column) const {
    const auto* result = result_.get();
    return PQgetisnull(result, static_cast<int>(index_), column_index(result, column)) == 1;
}

std::optional<std::string> Row::optional(std::string_view column) const {
    return is_null(column) ? std::nullopt : std::optional<std::string>(text(column));
}

std::int64_t Row::integer(std::string_view column) const {
    return number<std::int64_t>(text(column), column);
}

double Row::real(std::string_view column) const { return number<double>(text(column), column); }

bool Row::boolean(std::string_view column) const { return text(column) == "t"; }

Result::Result(pg_result* owned) : result_(owned, PQclear) {}

std::size_t Result::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }

std::vector<std::string> Result::columns() const {
    std::vector<std::string> names;
    for (int i = 0; i < PQnfields(result_.get()); ++i) {
        names.emplace_back(PQfname(result_.get(), i));
    }
    return names;
}

std::uint64_t Result::affected() const {
    const std::string_view text = PQcmdTuples(result_.get());
    return text.empty() ? 0 : number<std::uint64_t>(text, "(rows affected)");
}

}  // namespace caisson::pg

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/conditions.h"

#include <fmt/format.h>

#include "drivers/pg/quote.h"

namespace caisson::migrations {
namespace {

/// What PL/pgSQL's own ASSERT fails with. We do not use that: a setting can switch it off.
constexpr std::string_view assert_failure = "P0004";

}  // namespace

std::string assertions(const std::vector<Condition>& conditions) {
    std::string sql;
    for (const auto& condition : conditions) {
        // A column of the user's may be called as a variable of PL/pgSQL (`found`).
        sql += fmt::format(
            "do {};", pg::literal(fmt::format(
                          "#variable_conflict use_column\nbegin if ({}\n) is not true then raise "
                          "exception using errcode = '{}', message = 'it does not hold'; end if; "
                          "end",
                          condition.sql, assert_failure)));
    }
    return sql;
}

void throw_condition(const Step& step, const Condition& condition, std::string_view word,
                     const pg::DatabaseError& error, const std::string& hint) {
    const bool is_false = error.sqlstate == assert_failure;
    Error failed(Code::migration_failed,
                 is_false
                     ? fmt::format("{}: the file says `{} {}`, and that does not hold",
                                   condition.place.text(), word, condition.sql)
                     : fmt::format("{}: its condition `{} {}` cannot be evaluated: {}",
                                   condition.place.text(), word, condition.sql, error.message()),
                 hint);
    failed.at(condition.place)
        .with("migration", step.migration->title())
        .with("condition", condition.sql)
        .with("sqlstate", error.sqlstate);
    throw failed;
}

}  // namespace caisson::migrations

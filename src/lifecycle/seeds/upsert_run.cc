// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/upsert_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::seeds {

UpsertRun::UpsertRun(pg::Connection& own_connection, const UpsertJob& own_job,
                     const Prepared& own_prepared, Stage own_stage)
    : connection(own_connection),
      job(own_job),
      prepared(own_prepared),
      stage(std::move(own_stage)),
      table(*own_job.table),
      target(table.name.quoted()) {
    counts.table = table.name.text();
}

pg::Result UpsertRun::query(std::string statement, const pg::Parameters& parameters) {
    statement = replace_all(std::move(statement), "{rows}", stage.rows);
    statement = replace_all(std::move(statement), "{plan}", stage.plan);
    statement = replace_all(std::move(statement), "{target}", target + " as " + row_alias);
    statement = replace_all(std::move(statement), "{row}", row_alias);
    statement = replace_all(std::move(statement), "{record}", record_column);
    return connection.query(statement, parameters);
}

std::string UpsertRun::key_matches() const {
    std::string condition;
    for (const auto& column : job.key) {
        condition += fmt::format("{}{}.{} = s.{}", condition.empty() ? "" : " and ", row_alias,
                                 pg::identifier(column), pg::identifier(column));
    }
    return condition;
}

std::vector<std::size_t> UpsertRun::updated_columns() const {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < job.file->columns.size(); ++i) {
        const auto& name = job.file->columns[i].column;
        const bool is_key = std::find(job.key.begin(), job.key.end(), name) != job.key.end();
        if (!is_key && !table.column(name)->always_identity) {
            numbers.push_back(i);
        }
    }
    return numbers;
}

std::string UpsertRun::is_absent(std::size_t index) const {
    return stage.sometimes_absent[index]
               ? fmt::format("coalesce({} = any (s.{}), false)", index + 1, absent_column)
               : "false";
}

const Shape& UpsertRun::shape() {
    if (!shape_) {
        const auto* const identity = table.identity();
        shape_ = present_shape(connection, table,
                               identity ? *identity : UniqueKey{"", false, false, job.key});
    }
    return *shape_;
}

}  // namespace caisson::seeds

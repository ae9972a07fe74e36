// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lifecycle/scale/prepare.h"
#include "lifecycle/scale/stream.h"
#include "lifecycle/seeds/tracking.h"

namespace caisson::scale {
namespace {

constexpr std::uint64_t most_samples = 200;
/// Of a row in a table: its header, padded, and its pointer in the page.
/// Source: PostgreSQL, "Database Page Layout".
constexpr double row_overhead = 24 + 4;

/// What a row takes on its way, from some of them spread over the table. Also shows what cannot be
/// made before a million rows were.
double average_row(const Model& model, const Layout& layout, std::uint64_t rows) {
    if (rows == 0) {
        return 0;
    }
    Encoder encoder(model, layout, layout.fields);
    const auto samples = std::min(rows, most_samples);
    std::string sent;
    for (std::uint64_t i = 0; i < samples; ++i) {
        encoder.append(sent, rows / samples * i);
    }
    return static_cast<double>(sent.size()) / static_cast<double>(samples);
}

}  // namespace

std::uint64_t Plan::missing() const {
    std::uint64_t sum = 0;
    for (const auto& table : tables) {
        sum += table.rows - table.there;
    }
    return sum;
}

Plan plan(pg::Connection& connection, const File& file, const Options& options) {
    const pg::Transaction transaction(connection,
                                      "begin isolation level repeatable read read only");
    seeds::settle_session(connection);
    const auto prepared = prepare(connection, file, options);
    const auto& model = *prepared.source->model;
    Plan plan;
    for (const auto& job : prepared.jobs) {
        TablePlan table;
        table.table = job.layout.name.text();
        table.rows = job.rows;
        table.there = job.recorded ? job.recorded->there() : 0;
        const auto missing = static_cast<double>(table.rows - table.there);
        const double row = average_row(model, job.layout, job.rows);
        // Each value is sent behind its length, four bytes that a table does not keep.
        const double stored =
            std::max(0.0, row - 2 - 4 * static_cast<double>(job.layout.fields.size())) +
            row_overhead;
        table.bytes_sent = static_cast<std::uint64_t>(row * missing);
        table.bytes_stored = static_cast<std::uint64_t>(stored * missing);
        for (const auto& field : job.layout.fields) {
            table.columns.push_back(field.name);
        }
        for (const auto parent : job.after) {
            table.after.push_back(prepared.jobs[parent].layout.name.text());
        }
        plan.tables.push_back(std::move(table));
    }
    return plan;
}

}  // namespace caisson::scale

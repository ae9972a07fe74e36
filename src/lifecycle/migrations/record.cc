// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "base/files.h"
#include "drivers/pg/quote.h"
#include "lifecycle/migrations/run_file.h"

namespace caisson::migrations {
namespace {

/// Longer files are recorded by their checksum alone.
constexpr std::size_t longest_kept = std::size_t{1} << 20U;

/// For a row that was there before.
constexpr std::string_view anew = "applied_at = now(), sequence = default";

std::string applied_from() {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    return fmt::format("{}@{} caisson {}", current_account().name, host.data(), CAISSON_VERSION);
}

std::string content_of(const Migration& migration) {
    return migration.up.text.size() <= longest_kept && !migration.up.is_streamed
               ? pg::literal(migration.up.text)
               : "null";
}

std::string down_checksum(const Migration& migration) {
    return migration.down ? migration.down->checksum : "";
}

std::string key_of(const Step& step) {
    const auto& version = step.record ? step.record->version : step.migration->version;
    return fmt::format("source = {} and version = {}", pg::literal(step.migration->source),
                       pg::literal(version));
}

std::string insert(const Step& step, std::string_view state, std::size_t statements) {
    static const std::string from = pg::literal(applied_from());
    const auto& migration = *step.migration;
    return fmt::format(
        "insert into caisson.migrations (source, version, name, description, feature, checksum, "
        "down_checksum, state, statements_total, applied_from, milliseconds, content) values ({}, "
        "{}, {}, {}, {}, '{}', '{}', '{}', {}, {}, extract(epoch from clock_timestamp() - "
        "statement_timestamp()) * 1000, {});",
        pg::literal(migration.source), pg::literal(migration.version), pg::literal(migration.name),
        pg::literal(migration.up.directives.description),
        pg::literal(migration.up.directives.feature), migration.up.checksum,
        down_checksum(migration), state, statements, from, content_of(migration));
}

/// What the tool of the source would write.
std::string told_to_tool(const Step& step) {
    if (!step.tool) {
        return "";
    }
    return step.direction == Direction::down ? step.tool->reverted_sql(*step.migration, {})
                                             : step.tool->applied_sql(*step.migration, {});
}

}  // namespace

std::string record_done(const Step& step) {
    if (step.direction == Direction::down) {
        return fmt::format("delete from caisson.migrations where {};{}", key_of(step),
                           told_to_tool(step));
    }
    if (!step.record && step.mode == Mode::whole) {
        return insert(step, "applied", 0) + told_to_tool(step);
    }
    const auto& migration = *step.migration;
    // One that runs again takes its place anew; one that went by statement began earlier.
    const auto when = step.mode == Mode::whole
                          ? fmt::format(
                                "{}, milliseconds = extract(epoch from clock_timestamp() - "
                                "statement_timestamp()) * 1000",
                                anew)
                          : "milliseconds = extract(epoch from clock_timestamp() - applied_at) * "
                            "1000";
    return fmt::format(
        "update caisson.migrations set state = 'applied', name = {}, description = {}, feature = "
        "{}, checksum = '{}', down_checksum = '{}', error = '', statement_running = false, content "
        "= {}, applied_by = session_user, {} where {};{}",
        pg::literal(migration.name), pg::literal(migration.up.directives.description),
        pg::literal(migration.up.directives.feature), migration.up.checksum,
        down_checksum(migration), content_of(migration), when, key_of(step), told_to_tool(step));
}

std::string record_begun(const Step& step, std::size_t statements) {
    if (step.direction == Direction::up && !step.record) {
        return insert(step, "partial", statements);
    }
    if (step.resumes_after() > 0) {
        return fmt::format("update caisson.migrations set statements_total = {} where {};",
                           statements, key_of(step));
    }
    return fmt::format(
        "update caisson.migrations set state = '{}', statements_done = 0, statements_total = {}, "
        "statements_checksum = '', statement_running = false{} where {};",
        step.direction == Direction::up ? "partial" : "reverting", statements,
        step.direction == Direction::up ? fmt::format(", {}", anew) : "", key_of(step));
}

std::string record_taken_over(const Status& edited) {
    const auto& migration = *edited.migration;
    return fmt::format(
        "update caisson.migrations set checksum = '{}', down_checksum = '{}', name = {}, "
        "description = {}, content = {} where source = {} and version = {};",
        migration.up.checksum, down_checksum(migration), pg::literal(migration.name),
        pg::literal(migration.up.directives.description), content_of(migration),
        pg::literal(edited.record->source), pg::literal(edited.record->version));
}

}  // namespace caisson::migrations

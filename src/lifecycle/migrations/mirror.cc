// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/mirror.h"

#include <algorithm>

#include <fmt/format.h>
#include <poll.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::migrations {
namespace {

using histories::Entry;
using histories::ToolHistory;
using sources::Migration;

/// What stands in `checksum` of a row whose file is not the one that the tool ran: no SHA-256.
std::string foreign_checksum(const ToolHistory& tool, const Entry& entry) {
    return fmt::format("{}:{}", tool.tool(), entry.checksum);
}

Record record_of(const std::string& source, const ToolHistory& tool, const Entry& entry,
                 const Migration* file) {
    Record record;
    record.source = source;
    record.version = entry.version;
    record.name = file ? file->name : entry.name;
    record.feature = file ? file->up.directives.feature : "";
    record.checksum =
        file && tool.matches(*file, entry) ? file->up.checksum : foreign_checksum(tool, entry);
    record.applied_at = entry.applied_at;
    record.applied_by = entry.applied_by;
    record.applied_from = tool.tool();
    record.duration = entry.duration;
    return record;
}

Record baseline_record(const Migration& migration, const std::string& user) {
    Record record;
    record.source = migration.source;
    record.version = migration.version;
    record.name = migration.name;
    record.feature = migration.up.directives.feature;
    record.checksum = migration.up.checksum;
    record.applied_by = user;
    record.applied_from = "baseline";
    return record;
}

/// Whether the row that stands here is as the tool's entry says. Where the tool keeps no checksum,
/// ours is all there is.
bool agrees(const Record& row, const Record& wanted, const Entry& entry) {
    return entry.checksum.empty() || row.checksum == wanted.checksum;
}

std::string failure(const std::string& source, const ToolHistory& tool, const Entry& entry) {
    return fmt::format("{}/{}: {} began it and did not finish", source, entry.version, tool.tool());
}

std::string key_of(const Record& record) {
    return fmt::format("source = {} and version = {}", pg::literal(record.source),
                       pg::literal(record.version));
}

std::string moment(const Record& record) {
    return record.applied_at.empty() ? "now()" : pg::literal(record.applied_at) + "::timestamptz";
}

/// Longer texts are not kept, as those of our own runs are not.
constexpr std::size_t longest_kept = std::size_t{1} << 20U;

std::string insert_sql(const Mirrored& row) {
    const auto& record = row.record;
    const auto* file = row.migration;
    const bool is_kept = file && file->up.checksum == record.checksum &&
                         file->up.text.size() <= longest_kept && !file->up.is_streamed;
    return fmt::format(
        "insert into caisson.migrations (source, version, name, description, feature, checksum, "
        "down_checksum, applied_at, applied_by, applied_from, milliseconds, content) values ({}, "
        "{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {});",
        pg::literal(record.source), pg::literal(record.version), pg::literal(record.name),
        pg::literal(file ? file->up.directives.description : ""), pg::literal(record.feature),
        pg::literal(record.checksum), pg::literal(file && file->down ? file->down->checksum : ""),
        moment(record), pg::literal(record.applied_by), pg::literal(record.applied_from),
        record.duration.count(), is_kept ? pg::literal(file->up.text) : "null");
}

}  // namespace

Reconciliation reconcile(const std::string& source, const std::vector<Migration>& files,
                         const History& ours, const ToolHistory& tool,
                         const std::optional<std::vector<Entry>>& entries) {
    Reconciliation result;
    result.source = source;
    result.is_missing = !entries;
    std::map<std::string, const Record*> rows;
    for (const auto& record : ours) {
        if (record.source == source) {
            rows.emplace(record.version, &record);
        }
    }
    if (!entries) {
        for (const auto& file : files) {
            const auto row = rows.find(file.version);
            if (file.source == source && row != rows.end() &&
                row->second->progress == Progress::applied) {
                result.outward.push_back(&file);
            }
        }
        return result;
    }
    std::map<std::string, const Migration*> by_version;
    for (const auto& file : files) {
        if (file.source == source) {
            by_version.emplace(file.version, &file);
        }
    }
    for (const auto& entry : *entries) {
        if (entry.failed) {
            result.failed.push_back(failure(source, tool, entry));
        }
        const auto row = rows.find(entry.version);
        const Record* standing = row == rows.end() ? nullptr : row->second;
        if (row != rows.end()) {
            rows.erase(row);
        }
        if (entry.failed) {
            continue;
        }
        const auto file = by_version.find(entry.version);
        const Migration* migration = file == by_version.end() ? nullptr : file->second;
        const auto wanted = record_of(source, tool, entry, migration);
        if (!standing) {
            result.inserts.push_back({wanted, migration});
        } else if (standing->progress == Progress::partial ||
                   (standing->progress == Progress::applied && !agrees(*standing, wanted, entry))) {
            result.updates.push_back({wanted, migration});
        }
    }
    for (const auto& [version, row] : rows) {
        if (row->progress == Progress::applied) {
            result.removals.push_back(*row);
        }
    }
    return result;
}

History mirrored(History ours, const std::vector<Reconciliation>& reconciliations) {
    const auto is = [](const Record& wanted) {
        return [&wanted](const Record& record) {
            return record.source == wanted.source && record.version == wanted.version;
        };
    };
    for (const auto& one : reconciliations) {
        for (const auto& removal : one.removals) {
            std::erase_if(ours, is(removal));
        }
        for (const auto& update : one.updates) {
            const auto at = std::find_if(ours.begin(), ours.end(), is(update.record));
            if (at != ours.end()) {
                const auto sequence = at->sequence;
                *at = update.record;
                at->sequence = sequence;
            }
        }
        for (const auto& insert : one.inserts) {
            ours.push_back(insert.record);
            ours.back().sequence = ours.size() > 1 ? ours[ours.size() - 2].sequence + 1 : 1;
        }
    }
    return ours;
}

std::string mirror_sql(const Reconciliation& reconciliation) {
    std::string sql;
    for (const auto& removal : reconciliation.removals) {
        sql += fmt::format("delete from caisson.migrations where {};", key_of(removal));
    }
    for (const auto& update : reconciliation.updates) {
        // In its place in the order of application.
        sql += fmt::format(
            "update caisson.migrations set state = 'applied', checksum = {}, error = '', "
            "statement_running = false where {};",
            pg::literal(update.record.checksum), key_of(update.record));
    }
    for (const auto& insert : reconciliation.inserts) {
        sql += insert_sql(insert);
    }
    return sql;
}

namespace {

/// What a guard refuses is no fault of the database.
void run_guarded(pg::Connection& connection, const std::string& sql) {
    pg::Transaction transaction(connection);
    try {
        connection.script(sql);
    } catch (const pg::DatabaseError& error) {
        if (error.sqlstate != pg::sqlstate::lock_not_available) {
            throw;
        }
        throw Error(Code::locked, error.message(), "wait for that run, then run again")
            .with("sqlstate", error.sqlstate);
    }
    transaction.commit();
}

}  // namespace

Mirror::Mirror(const std::vector<platform::Source>& sources, const std::vector<Migration>& files) {
    for (const auto& source : sources) {
        if (auto tool = histories::history_of(source, files)) {
            tools_.emplace(source.name, std::move(tool));
        }
    }
}

const ToolHistory* Mirror::of(const std::string& source) const {
    const auto at = tools_.find(source);
    return at == tools_.end() ? nullptr : at->second.get();
}

std::vector<const ToolHistory*> Mirror::tools() const {
    std::vector<const ToolHistory*> list;
    for (const auto& [source, tool] : tools_) {
        list.push_back(tool.get());
    }
    return list;
}

std::vector<Reconciliation> Mirror::compare(pg::Connection& connection,
                                            const std::vector<Migration>& files,
                                            const History& ours) const {
    std::vector<Reconciliation> list;
    for (const auto& [source, tool] : tools_) {
        list.push_back(reconcile(source, files, ours, *tool, tool->read(connection)));
    }
    return list;
}

std::string Mirror::transaction_locks(pg::Connection& connection) const {
    std::string sql;
    for (const auto& [source, tool] : tools_) {
        sql += tool->transaction_lock_sql(connection);
    }
    return sql;
}

void Mirror::require_finished(const std::vector<Reconciliation>& list) const {
    std::vector<std::string> failed;
    std::vector<std::string> remedies;
    for (const auto& one : list) {
        failed.insert(failed.end(), one.failed.begin(), one.failed.end());
        if (!one.failed.empty() && !of(one.source)->remedy().empty()) {
            remedies.push_back(of(one.source)->remedy());
        }
    }
    if (!failed.empty()) {
        throw Error(Code::migration_order, join(failed, "\n"),
                    "find out what of it is in the database, mend that, and tell the tool: " +
                        join(remedies, ", "));
    }
}

Mirror::Sight Mirror::look(pg::Connection& connection, const std::vector<Migration>& files) const {
    auto ours = read_history(connection);
    if (is_empty()) {
        return {std::move(ours), false};
    }
    const auto list = compare(connection, files, ours);
    require_finished(list);
    const bool is_behind = std::any_of(list.begin(), list.end(), [](const auto& one) {
        return !one.inserts.empty() || !one.updates.empty() || !one.removals.empty() ||
               !one.outward.empty();
    });
    return {mirrored(std::move(ours), list), is_behind};
}

History Mirror::follow(pg::Connection& connection, const std::vector<Migration>& files,
                       const std::string& guard) const {
    auto ours = read_history(connection);
    if (is_empty()) {
        return ours;
    }
    const auto list = compare(connection, files, ours);
    require_finished(list);
    std::string sql;
    for (const auto& one : list) {
        const auto& tool = *of(one.source);
        sql += mirror_sql(one);
        sql += one.is_missing ? tool.protected_create_sql() : "";
        sql += one.outward.empty() ? "" : tool.baseline_sql(one.outward, {});
    }
    if (sql.empty()) {
        return ours;
    }
    run_guarded(connection, guard + sql);
    return read_history(connection);
}

void Mirror::baseline(pg::Connection& connection, const std::vector<const Migration*>& migrations,
                      const std::string& guard) const {
    std::string sql = guard;
    std::map<std::string, std::vector<const Migration*>> by_source;
    for (const auto* migration : migrations) {
        sql += insert_sql({baseline_record(*migration, connection.settings().user), migration});
        by_source[migration->source].push_back(migration);
    }
    for (const auto& [source, list] : by_source) {
        if (const auto* tool = of(source)) {
            sql += tool->protected_create_sql() + tool->baseline_sql(list, {});
        }
    }
    run_guarded(connection, sql);
}

ToolLocks::ToolLocks(pg::Connection& connection, const Mirror& mirror,
                     std::chrono::milliseconds limit,
                     const std::function<void(const std::string&)>& waiting)
    : connection_(connection) {
    const Stopwatch watch;
    bool told = false;
    for (const auto* tool : mirror.tools()) {
        std::chrono::milliseconds pause{5};
        while (!tool->try_lock(connection)) {
            if (watch.elapsed() >= limit) {
                release();
                throw Error(Code::locked, fmt::format("{} is held by another run; waited {}",
                                                      tool->lock_name(), human(limit)));
            }
            if (!told && waiting) {
                waiting(tool->lock_name());
                told = true;
            }
            ::poll(nullptr, 0, static_cast<int>(pause.count()));
            interrupt::check();
            pause = std::min(pause * 2, std::chrono::milliseconds{250});
        }
        held_.push_back(tool);
    }
}

bool ToolLocks::retake() {
    return std::all_of(held_.begin(), held_.end(),
                       [&](const auto* tool) { return tool->try_lock(connection_); });
}

ToolLocks::~ToolLocks() { release(); }

void ToolLocks::release() {
    for (const auto* tool : held_) {
        if (!connection_.is_broken() && !connection_.in_transaction()) {
            try {
                tool->unlock(connection_);
            } catch (const Error&) {
                // It ends with the connection.
            }
        }
    }
    held_.clear();
}

}  // namespace caisson::migrations

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// caisson.migrations beside the histories that the tools of the sources keep themselves. Those are
/// the truth for what is applied; ours mirrors them.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/histories/history.h"
#include "lifecycle/migrations/history.h"
#include "lifecycle/sources/load.h"

namespace caisson::migrations {

/// A row as it should stand here.
struct Mirrored {
    Record record;
    const sources::Migration* migration = nullptr;  ///< Null where there is no file any more.
};

/// What ours lacks or has too much of, compared with a tool's, for one source.
struct Reconciliation {
    std::string source;
    bool is_missing = false;  ///< The tool's table is not there: it is to be made,
    std::vector<const sources::Migration*> outward;  ///< and to be told of these, which we have.
    std::vector<Mirrored> inserts;                   ///< Applied by the tool, in its order.
    std::vector<Mirrored> updates;                   ///< Rows whose checksum is another by now.
    History removals;                                ///< Reverted by the tool.
    /// What the tool began and did not finish, one sentence each.
    std::vector<std::string> failed;
};

/// Pure. `files` and `ours` may hold those of other sources as well, which are left alone.
/// `entries`: nothing where the tool's table is not there; then nothing is taken from ours.
/// A row whose file does not have the checksum that the tool kept gets one that no file has, so
/// that it counts as edited. Rows that are half applied here are ours alone.
Reconciliation reconcile(const std::string& source, const std::vector<sources::Migration>& files,
                         const History& ours, const histories::ToolHistory& tool,
                         const std::optional<std::vector<histories::Entry>>& entries);

/// Ours as it should stand.
History mirrored(History ours, const std::vector<Reconciliation>& reconciliations);

/// SQL that makes caisson.migrations so.
std::string mirror_sql(const Reconciliation& reconciliation);

/// The tools' histories of all sources of a run. Threads: one at a time.
class Mirror {
 public:
    /// No tools: ours is all there is.
    Mirror() = default;
    Mirror(const std::vector<platform::Source>& sources,
           const std::vector<sources::Migration>& files);

    /// The tool's history of a source; null where there is none but ours.
    const histories::ToolHistory* of(const std::string& source) const;
    std::vector<const histories::ToolHistory*> tools() const;
    bool is_empty() const { return tools_.empty(); }

    /// Ours and the tools', for each source of the latter. Nothing is written.
    /// Errors: those of ToolHistory::read().
    std::vector<Reconciliation> compare(pg::Connection& connection,
                                        const std::vector<sources::Migration>& files,
                                        const History& ours) const;

    struct Sight {
        History history;         ///< As it should stand.
        bool is_behind = false;  ///< caisson.migrations does not say so yet.
    };
    /// As compare(). Errors: migration_order besides, for what a tool began and did not finish.
    Sight look(pg::Connection& connection, const std::vector<sources::Migration>& files) const;
    /// As look(), and caisson.migrations is made to follow, in one transaction. Tables of tools
    /// that are not there yet are made. To be called under the locks, out of a transaction.
    /// `guard`: RunLock::guard(), and transaction_locks() through a pooler. Errors: locked where
    /// that says so.
    History follow(pg::Connection& connection, const std::vector<sources::Migration>& files,
                   const std::string& guard) const;

    /// SQL for the beginning of each transaction through a pooler: ToolHistory's
    /// transaction_lock_sql() of all tools.
    std::string transaction_locks(pg::Connection& connection) const;

    /// Marks migrations as applied which were not run, in ours and in the tools' tables, in one
    /// transaction. To be called under the locks, out of a transaction.
    void baseline(pg::Connection& connection,
                  const std::vector<const sources::Migration*>& migrations,
                  const std::string& guard) const;

 private:
    void require_finished(const std::vector<Reconciliation>& list) const;

    std::map<std::string, std::unique_ptr<histories::ToolHistory>> tools_;
};

/// The locks of all tools of a mirror on a session, given back at the end. Taken by trying.
class ToolLocks {
 public:
    /// Errors: locked after `limit`, naming the tool's lock. `waiting` is called once.
    ToolLocks(pg::Connection& connection, const Mirror& mirror, std::chrono::milliseconds limit,
              const std::function<void(const std::string& holder)>& waiting = {});
    ToolLocks(const ToolLocks&) = delete;
    ToolLocks& operator=(const ToolLocks&) = delete;
    ~ToolLocks();

    /// Once more, after the session may have given them up; false when another has one of them.
    bool retake();

 private:
    void release();

    pg::Connection& connection_;
    std::vector<const histories::ToolHistory*> held_;
};

}  // namespace caisson::migrations

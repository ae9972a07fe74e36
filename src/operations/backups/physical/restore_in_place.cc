// SPDX-License-Identifier: Apache-2.0
// The restored data beside the private server's own, and then in their place.
#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "lifecycle/servers/servers.h"
#include "operations/backups/physical/catalogue.h"
#include "operations/backups/physical/configuration.h"
#include "operations/backups/physical/put_in_place.h"
#include "operations/backups/physical/recover.h"
#include "operations/backups/physical/restore_script.h"

namespace caisson::backups::physical {
namespace {

bool is_running(const trust::Run& run) {
    const auto all = servers::status(run);
    return std::ranges::any_of(all, [](const servers::Status& status) {
        return status.server == servers::Server::postgres && status.running();
    });
}

/// Recovered and compared; it has ended in order when this returns.
Restored recover_beside(const trust::Run& run, const RestorePlan& plan, const fs::path& place,
                        const Progress& progress) {
    // Without a command nothing is archived yet, but what must be is noted: the history of the new
    // timeline above all.
    auto recovered =
        recover_at(run, plan, place, {{"archive_mode", "on"}, {"archive_command", ""}}, progress);
    if (!recovered.restored.deviations.empty()) {
        const auto& first = recovered.restored.deviations.front();
        throw Error(Code::backup_damaged,
                    fmt::format("the restored data is not what was backed up: {}.{} {}",
                                first.table.schema, first.table.table, first.what),
                    "nothing was changed; the restored directory is " + place.string() +
                        ", until the next restore or caisson up");
    }
    pg::Connection(recovered.server->settings()).query("alter system reset archive_mode");
    recovered.server->stop();
    return std::move(recovered.restored);
}

/// What does not start is not left in the place of what did.
void start_or_put_back(const trust::Run& run, const Placed& placed) {
    try {
        servers::start(run);
    } catch (const Error& error) {
        if (placed.previous.empty()) {
            throw;
        }
        servers::stop(run);
        put_back(run, placed);
        throw Error(error.code(),
                    fmt::format("the restored data do not start, and those of before are back: {}",
                                error.message()),
                    "the restored data are in " + placed.previous.string())
            .with("restored", placed.previous.string());
    }
}

/// By its list; that of a set whose manifest is damaged is known when it is recovered.
std::vector<std::string> tablespaces_of_set(const trust::Run& run, const RestorePlan& plan) {
    try {
        return tablespaces_of(Engine(run), plan.stanza, plan.depot, plan.set.label);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        return {};
    }
}

}  // namespace

std::string tablespaces_in_the_way(const trust::Run& run, const RestorePlan& plan) {
    if (const auto names = tablespaces_of_set(run, plan); !names.empty()) {
        return fmt::format("{} has tablespaces ({})", plan.set.id, join(names, ", "));
    }
    // The log behind the set may make it: at the very place where the present one lies.
    std::error_code ignored;
    const auto own = run.state.postgres_data() / "pg_tblspc";
    return fs::exists(own, ignored) && !fs::is_empty(own, ignored)
               ? "the server's present data have tablespaces"
               : "";
}

Restored restore_in_place(const trust::Run& run, const RestorePlan& plan,
                          const RestoreOptions& options, const Progress& progress) {
    if (!run.is_private()) {
        throw Error(Code::not_private,
                    fmt::format("environment {} is not private: restore to a directory, and let "
                                "its server start on it",
                                run.environment.name));
    }
    if (is_running(run) && !options.may_stop) {
        throw Error(Code::backup_failed, "PostgreSQL runs: nothing is restored over it",
                    "stop it first, or allow this to stop it; or restore beside it");
    }
    if (const auto why = tablespaces_in_the_way(run, plan); !why.empty()) {
        throw Error(Code::backup_failed,
                    why + ", which a restore in place does not take; nothing was stopped",
                    "restore it with --to DIR, and let a server start on that; or databases out of "
                    "it: -d NAME");
    }
    const auto home = run.state.postgres_data().parent_path();
    make_directory(home, 0700, owner_of(run));
    // Of an earlier one: what was put in place is about to be replaced, and stays as `previous`.
    if (killed_after_placing(run)) {
        forget_placed(run);
    }
    const auto lock = FileLock::try_lock(home / "restoring.lock", "a restore");
    if (!lock) {
        throw Error(Code::locked,
                    fmt::format("another restore in place is at work: {}",
                                FileLock::holder(home / "restoring.lock")),
                    "wait until that is done");
    }
    const auto place = recovery_place(run);
    remove_recovery(run);
    // What is written until then is archived by the shutdown; where the archive refuses, the last
    // moment is in the server's own log.
    const bool was_running = is_running(run);
    servers::stop(run);
    try {
        // What was acknowledged to the old data says nothing of the log of the new ones. Whoever
        // pushes for the archiver outlives it by the segment that it copies.
        Engine(run).end_orphans("archive-push");
        remove_tree(home_of(run).spool() / "archive" / plan.stanza);
        auto complete = plan;
        if (plan.target.kind == Target::Kind::latest) {
            complete.own_log = own_log_of(run.state.postgres_data(), plan.set.system_identifier);
            complete.type = complete.own_log.empty() ? plan.type : "default";
        }
        auto restored = recover_beside(run, complete, place, progress);
        const auto placed = put_in_place(run, place, restored.plan.set.id, restored.plan.moment);
        restored.data = run.state.postgres_data();
        restored.previous = placed.previous;
        if (progress) {
            progress({"starting the servers", 0, 0});
        }
        start_or_put_back(run, placed);
        return restored;
    } catch (const Error&) {
        if (was_running && !is_running(run)) {
            servers::start(run);
        }
        throw;
    }
}

}  // namespace caisson::backups::physical

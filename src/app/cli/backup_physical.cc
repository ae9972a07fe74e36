// SPDX-License-Identifier: Apache-2.0
#include "app/cli/backup_physical.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <poll.h>

#include "app/cli/backup_bar.h"
#include "app/cli/backup_keep.h"
#include "app/cli/backup_restore.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "operations/backups/logical/logical.h"
#include "operations/backups/physical/physical.h"
#include "operations/backups/sets/lease.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

namespace physical = backups::physical;

physical::Progress progress_of(BackupBar& bar) {
    return [&bar](const physical::Step& step) { bar.show(step.what, step.done, step.total); };
}

physical::Target target_of(Context& context) {
    const auto& arguments = context.arguments();
    physical::Target target;
    target.repository = arguments.value("--repository");
    using Kind = physical::Target::Kind;
    const auto given =
        std::ranges::count_if(std::array{"--time", "--xid", "--name", "--latest"},
                              [&](const char* option) { return arguments.has(option); });
    if (given > 1 || (given == 1 && !arguments.positionals.empty())) {
        throw Error(Code::usage,
                    "several targets; expected one of SET, --time, --xid, --name and "
                    "--latest");
    }
    for (const auto& [option, kind] :
         {std::pair{"--time", Kind::time}, std::pair{"--xid", Kind::xid},
          std::pair{"--name", Kind::name}}) {
        if (arguments.has(option)) {
            target.kind = kind;
            target.value = arguments.value(option);
            return target;
        }
    }
    if (!arguments.has("--latest")) {
        target.kind = Kind::set;
        target.value = the_set(present_repositories(context), arguments.positional()).found.set.id;
    }
    return target;
}

/// What is in the segment at hand is archived at its end, or after a while: a server that runs is
/// asked to end it now. Whether the archive has it within `limit`.
bool archive_what_there_is(Context& context, std::chrono::seconds limit) {
    try {
        auto connection = physical::connect(context.run());
        const auto segment = connection.query("select pg_walfile_name(pg_switch_wal()) as name")
                                 .front()
                                 .string("name");
        const Stopwatch watch;
        while (watch.elapsed() < limit) {
            context.busy("archiving the log up to now");
            const auto state = physical::archiver_state(context.run());
            if (!state.is_ours) {
                return false;
            }
            if (state.last_archived >= segment) {
                return true;
            }
            interrupt::check();
            ::poll(nullptr, 0, 200);
        }
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
    }
    return false;  // The server is away: what is archived is all that there is.
}

/// Errors: as plan_restore().
physical::RestorePlan plan_for(Context& context, const physical::Target& target,
                               const backups::MeasuredRates& measured) {
    physical::Rates rates;
    if (measured.drills > 0) {
        rates = {measured.bytes_a_second, measured.segments_a_second, measured.other_seconds};
    }
    const bool is_told_of_the_end =
        target.kind == physical::Target::Kind::latest || target.kind == physical::Target::Kind::set;
    if (is_told_of_the_end && !context.dry_run()) {
        // So that what will be lost is told to the second.
        archive_what_there_is(context, std::chrono::seconds(10));
    }
    try {
        return physical::plan_restore(context.run(), target, rates);
    } catch (const Error& error) {
        const bool may_be_to_come =
            error.code() == Code::backup_missing && target.kind != physical::Target::Kind::set;
        // A dry run changes nothing: it does not end the segment at hand.
        if (may_be_to_come && context.dry_run()) {
            context.note("what is not archived yet may reach it: a restore would ask for that");
        }
        if (!may_be_to_come || context.dry_run() ||
            !archive_what_there_is(context, std::chrono::seconds(60))) {
            throw;
        }
    }
    return physical::plan_restore(context.run(), target, rates);
}

void print_plan(Context& context, const physical::RestorePlan& plan, std::size_t drills) {
    context.print(fmt::format("from {} of {}, {} to copy, {} to replay, {}", plan.set.id,
                              plan.repository, human_bytes(plan.bytes),
                              counted(plan.segments, "segment"),
                              backups::estimate_text(plan.estimate, drills)));
    context.print(plan.moment.empty() ? "the moment is known when it is reached"
                                      : fmt::format("leads to {}", plan.moment));
    if (plan.lost && *plan.lost > 0) {
        context.print(context.yellow(fmt::format(
            "loses what was committed after it: {:.1f} s, up to {}", *plan.lost, plan.newest)));
    }
    if (plan.uses_stream) {
        context.print("  → and to what was received as a stream behind that");
    }
    for (const auto& note : plan.notes) {
        context.print("  → " + note);
    }
}

/// Nobody removes what it may be restored from.
std::vector<backups::Lease> leases_of(Context& context, const physical::RestorePlan& plan) {
    auto sets = plan.fallbacks;
    sets.insert(sets.end(), plan.earlier.begin(), plan.earlier.end());
    sets.push_back(plan.set);
    const auto repositories = present_repositories(context);
    const auto& repository = repository_named(repositories, plan.repository);
    std::vector<backups::Lease> leases;
    for (const auto& set : sets) {
        if (auto lease = backups::lease(repository, set.id, "backup restore")) {
            leases.push_back(std::move(*lease));
        }
    }
    return leases;
}

boost::json::object to_json(const physical::RestorePlan& plan) {
    return {{"set", plan.set.id},
            {"repository", plan.repository},
            {"moment", plan.moment},
            {"newest", plan.newest},
            {"lost_seconds", plan.lost ? boost::json::value(*plan.lost) : boost::json::value()},
            {"bytes", plan.bytes},
            {"segments", plan.segments},
            {"estimate_seconds", static_cast<double>(plan.estimate.count()) / 1000}};
}

/// What `backup create` would make: without a full one there is nothing that others build on.
Exit show_create(Context& context, backups::Kind kind) {
    const bool becomes_full =
        kind != backups::Kind::full &&
        !physical::has_base(context.run(), context.arguments().value("--repository"));
    const auto made = becomes_full ? backups::Kind::full : kind;
    context.print(fmt::format(
        "would make {} {} backup of the server by pgBackRest{}",
        made == backups::Kind::incremental ? "an" : "a", backups::name_of(made),
        becomes_full
            ? fmt::format(": there is none that {} {} one could build on",
                          kind == backups::Kind::incremental ? "an" : "a", backups::name_of(kind))
            : ""));
    context.result() = {{"kind", backups::name_of(made)}};
    return Exit::fine;
}

Exit report_restored(Context& context, const physical::Restored& restored) {
    for (const auto& note : restored.notes) {
        context.print(context.yellow("! " + note));
    }
    for (const auto& deviation : restored.deviations) {
        context.print(fmt::format("{} {}.{}.{} {}", context.red("✗"), deviation.table.database,
                                  deviation.table.schema, deviation.table.table, deviation.what));
    }
    context.print(fmt::format(
        "{} {}: copied in {}, replayed in {}{}{}",
        restored.deviations.empty() ? context.green("✓") : context.red("✗"), restored.data.string(),
        human(restored.copying), human(restored.recovering),
        restored.compared == 0 ? ""
                               : fmt::format(", {} compared", counted(restored.compared, "table")),
        restored.last_commit.empty() ? "" : ", last commit " + restored.last_commit));
    if (!restored.previous.empty()) {
        context.print(
            fmt::format("  → the data that were there before are kept in {}; remove them "
                        "when nothing of them is needed",
                        restored.previous.string()));
    }
    auto& result = context.result();
    result["data"] = restored.data.string();
    result["previous"] = restored.previous.string();
    result["last_commit"] = restored.last_commit;
    result["compared"] = restored.compared;
    result["deviations"] = restored.deviations.size();
    return restored.deviations.empty() ? Exit::fine : Exit::findings;
}

}  // namespace

backups::MeasuredRates measured_rates(Context& context, bool physical) {
    const auto keys = backups::trusted_keys(context.run());
    std::vector<backups::KeptReceipt> receipts;
    for (const auto& repository : backups::repositories_of(context.run())) {
        if (repository.is_there()) {
            auto more = backups::receipts_of(repository, keys);
            std::ranges::move(more, std::back_inserter(receipts));
        }
    }
    std::ranges::sort(receipts, {},
                      [](const backups::KeptReceipt& each) { return each.receipt.started; });
    return backups::rates_of(receipts, physical);
}

bool has_physical(Context& context) {
    const auto& run = context.run();
    if (!run.manifest.backups.physical ||
        (!run.is_private() && run.manifest.backups.data.empty())) {
        return false;
    }
    const auto sets = known_sets(present_repositories(context));
    return std::ranges::any_of(sets,
                               [](const KnownSet& each) { return each.found.set.is_physical(); });
}

Exit create_physical(Context& context, backups::Kind kind) {
    const auto& run = context.run();
    if (context.dry_run()) {
        return show_create(context, kind);
    }
    physical::CreateOptions options;
    options.repository = context.arguments().value("--repository");
    options.is_self_contained =
        std::ranges::any_of(run.manifest.backups.tiers,
                            [](const platform::Tier& tier) { return tier.is_self_contained; });
    BackupBar bar(context);
    const auto created = physical::create(run, kind, options, progress_of(bar));
    bar.end();
    const auto& set = created.set;
    for (const auto& note : created.notes) {
        context.note("note: " + note);
    }
    context.print(fmt::format("{} {}: {} of the server, {} stored in {}", context.green("✓"),
                              set.id, human_bytes(set.bytes), human_bytes(set.stored_bytes),
                              created.repository));
    remember_backup(context, "backup create",
                    {{"set", set.id},
                     {"kind", backups::name_of(set.kind)},
                     {"manifest_sha256", sha256_hex(backups::to_json(set))},
                     {"repository", created.repository},
                     {"bytes", set.stored_bytes}});
    context.result() = {{"set", set.id},
                        {"kind", backups::name_of(set.kind)},
                        {"bytes", set.bytes},
                        {"stored_bytes", set.stored_bytes}};
    return Exit::fine;
}

bool wants_physical(Context& context) {
    const auto& arguments = context.arguments();
    if (arguments.has("--time") || arguments.has("--xid") || arguments.has("--name") ||
        arguments.has("--latest") || arguments.has("--to")) {
        return true;
    }
    const auto set = arguments.positional();
    if (set.find('/') != std::string::npos || set.find(':') != std::string::npos) {
        return false;
    }
    return the_set(present_repositories(context), set).found.set.is_physical();
}

namespace {

/// What comes from here on is another history: the journal begins an epoch that says so.
void settle_restore(Context& context, const std::string& set, const std::string& moment) {
    const auto& run = context.run();
    for (const auto& database : run.manifest.databases) {
        pg::Connection connection(trust::admin_settings(run, database));
        trust::stamp(connection, run, database);
    }
    remember_backup(context, "backup restore", {{"set", set}, {"moment", moment}});
    forget_cached(context);
    physical::forget_placed(run);
}

}  // namespace

std::vector<std::string> finish_killed_restore(Context& context) {
    const auto& run = context.run();
    const auto placed = run.is_private() ? physical::killed_after_placing(run) : std::nullopt;
    if (!placed) {
        return {};
    }
    settle_restore(context, placed->set, placed->moment);
    std::vector<std::string> notes = {
        fmt::format("the data are those of {}: a restore was killed after it had put them in "
                    "place, and is finished now",
                    placed->set + (placed->moment.empty() ? "" : ", " + placed->moment))};
    if (!placed->previous.empty()) {
        notes.push_back(fmt::format("the data of before are in {}", placed->previous.string()));
    }
    return notes;
}

void note_tablespaces(Context& context, const physical::RestorePlan& plan) {
    const auto why = context.run().is_private() && !context.arguments().has("--to")
                         ? physical::tablespaces_in_the_way(context.run(), plan)
                         : "";
    if (!why.empty()) {
        context.note(context.yellow(
            "note: " + why + ", which a restore in place does not take: --to DIR, or -d NAME"));
    }
}

Exit restore_physical(Context& context) {
    const auto& run = context.run();
    const auto& arguments = context.arguments();
    const auto measured = measured_rates(context, true);
    const auto plan = plan_for(context, target_of(context), measured);
    print_plan(context, plan, measured.drills);
    context.result() = to_json(plan);
    context.result()["measured_by_drills"] = measured.drills;
    if (context.dry_run()) {
        note_tablespaces(context, plan);
        return Exit::fine;
    }
    const auto leases = leases_of(context, plan);
    BackupBar bar(context);
    if (arguments.has("--to")) {
        const auto directory = target_directory(context);
        const auto restored =
            physical::restore_to_directory(run, plan, directory, progress_of(bar));
        bar.end();
        for (const auto& note : restored.notes) {
            context.print(context.yellow("! " + note));
        }
        context.print(fmt::format("{} {}: start a server on it, and it replays the log",
                                  context.green("✓"), restored.data.string()));
        context.result()["data"] = restored.data.string();
        return Exit::fine;
    }
    for (const auto& database : run.manifest.databases) {
        trust::require_consent(run, database, "backup restore", arguments.value("--confirm"),
                               context.yes());
    }
    physical::RestoreOptions options;
    options.may_stop = true;  // Consent was given, and the old data are kept.
    const auto restored = physical::restore_in_place(run, plan, options, progress_of(bar));
    bar.end();
    settle_restore(context, plan.set.id, plan.moment);
    return report_restored(context, restored);
}

std::optional<Extract> extract_physical(Context& context,
                                        const std::vector<platform::Database>& databases) {
    const auto& run = context.run();
    const auto measured = measured_rates(context, true);
    const auto plan = plan_for(context, target_of(context), measured);
    print_plan(context, plan, measured.drills);
    if (context.dry_run()) {
        return std::nullopt;
    }
    const auto leases = leases_of(context, plan);
    Extract extract;
    extract.place = std::make_unique<RecoveryPlace>(run.state.root.parent_path(), "backup restore");
    extract.set = plan.set.id;
    BackupBar bar(context);
    auto recovered =
        physical::restore_to_server(run, plan, extract.place->directory(), progress_of(bar));
    bar.end();
    if (!recovered.restored.deviations.empty()) {
        const auto& first = recovered.restored.deviations.front();
        throw Error(Code::backup_damaged,
                    fmt::format("the recovered server is not what was backed up: {}.{} {}",
                                first.table.schema, first.table.table, first.what));
    }
    extract.moment = plan.moment.empty() ? recovered.restored.last_commit : plan.moment;
    extract.repository.emplace("recovered", extract.place->directory() / "extract");
    extract.repository->prepare();
    backups::LogicalOptions options;
    options.progress = bar.progress();
    options.elsewhere = [&](const platform::Database& database) {
        return recovered.server->settings("postgres", trust::database_name(run, database));
    };
    const auto lock = extract.repository->lock("backup restore");
    extract.found = backups::create_logical(run, databases, *extract.repository, options);
    bar.end();
    recovered.server->stop();
    remove_tree(extract.place->directory() / "data");  // Its room is wanted for the databases.
    return extract;
}

}  // namespace caisson::cli

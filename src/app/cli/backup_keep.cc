// SPDX-License-Identifier: Apache-2.0
#include "app/cli/backup_keep.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup_jobs.h"
#include "app/cli/backup_physical.h"
#include "app/cli/journaling.h"
#include "base/text.h"
#include "operations/backups/drill/receipt.h"
#include "operations/backups/physical/create.h"
#include "operations/backups/retention/observe.h"
#include "operations/backups/sets/keys.h"
#include "operations/backups/sets/lease.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

namespace retention = backups::retention;
using backups::Repository;

/// Beside journal::kinds, whose others are given a meaning there.
constexpr std::string_view kind_of_entries = "backup";

schedule::History history_of(Context& context) {
    std::vector<std::string> notes;
    return schedule::load(schedule_file(context.run()), notes);
}

boost::json::object removals_of(const retention::Plan& plan) {
    boost::json::array sets;
    for (const auto& each : plan.sets) {
        if (!each.keep) {
            sets.push_back(boost::json::object{
                {"set", each.set.id}, {"reaches", timestamp(each.reaches)}, {"why", each.removal}});
        }
    }
    return {{"repository", plan.repository}, {"sets", std::move(sets)}};
}

/// Removes what the plan says, and tells the journal before and after.
boost::json::object remove(Context& context, const Repository& repository, const FileLock& lock,
                           const retention::Plan& plan) {
    const bool told = remember_backup(context, "backup prune", removals_of(plan));
    retention::Edge edge;
    if (has_physical(context)) {
        edge.remove_physical = [&](const backups::Set& set) {
            backups::physical::remove_cluster_files(context.run(), repository.name(), set);
        };
    }
    Progress progress(context, "removing", plan.removals());
    std::size_t done = 0;
    edge.removed = [&](const retention::Decision& each) { progress.show(++done, each.set.id); };
    const auto outcome = retention::apply(repository, lock, plan, edge);
    boost::json::array left;
    for (const auto& each : outcome.left) {
        context.print(fmt::format("  {} {} stays: {}", context.red("✗"), each.id, each.why));
        left.push_back(boost::json::object{{"set", each.id}, {"why", each.why}});
    }
    context.print(fmt::format("  {} removed", counted(outcome.removed.size(), "set")));
    const boost::json::object result{
        {"repository", repository.name()},
        {"removed", boost::json::array(outcome.removed.begin(), outcome.removed.end())},
        {"left", std::move(left)}};
    if (told) {
        remember_backup(context, "backup prune done", result);
    }
    return result;
}

/// Ids of the sets that a drill has proven, by receipts that a key known here signed.
std::set<std::string> proven(Context& context, const Repository& repository) {
    std::set<std::string> ids;
    for (const auto& [id, kept] :
         backups::proofs_of(repository, repository.sets(), backups::trusted_keys(context.run()))) {
        ids.insert(id);
    }
    return ids;
}

/// One repository. Whether everything is as it should be.
bool prune(Context& context, const Repository& repository,
           const std::optional<std::string>& failed_attempt, boost::json::array& rows) {
    std::optional<FileLock> lock;
    if (!context.dry_run()) {
        lock = repository.lock("backup prune");
    }
    const auto facts = retention::observe(repository, context.run().manifest.backups.tiers,
                                          proven(context, repository), failed_attempt);
    const auto plan = retention::plan(repository.name(), facts, moment_now());
    const auto calendar = retention::calendar(facts, plan);
    print_plan(context, plan);
    print_calendar(context, calendar);
    auto row = to_json(plan);
    row["calendar"] = to_json(calendar);
    bool holds = plan.doubts.empty();
    if (lock && plan.removals() > 0) {
        const auto outcome = remove(context, repository, *lock, plan);
        holds = holds && outcome.at("left").as_array().empty();
        row["removed"] = outcome.at("removed");
        row["left"] = outcome.at("left");
    }
    // In doubt the log stays, too.
    const bool has_log = std::ranges::any_of(
        plan.sets, [](const retention::Decision& each) { return each.set.is_physical(); });
    if (plan.doubts.empty() && has_log) {
        holds &= trim_logs(context, repository, plan, row);
    }
    rows.push_back(std::move(row));
    return holds;
}

/// The end of the newest set that can be used; none of a clock that was ahead.
std::optional<Moment> newest_made(const std::vector<Repository>& repositories) {
    std::optional<Moment> newest;
    for (const auto& repository : repositories) {
        for (const auto& found :
             repository.is_there() ? repository.sets() : std::vector<backups::Found>()) {
            const auto finished = parse_moment(found.set.finished);
            if (found.mistake.empty() && finished && *finished <= moment_now()) {
                newest = std::max(newest, finished);
            }
        }
    }
    return newest;
}

Exit run_prune(Context& context) {
    const auto failed_attempt =
        failed_backup(history_of(context), newest_made(backups::repositories_of(context.run())));
    for (const auto& declared : context.run().manifest.backups.repositories) {
        if (declared.is_s3()) {
            context.note(fmt::format("{} is a bucket: what pgBackRest keeps there is not looked at",
                                     declared.name));
        }
    }
    bool holds = true;
    boost::json::array rows;
    for (const auto& repository : backups::repositories_of(context.run())) {
        if (const auto absence = repository.absence()) {
            context.note("note: " + absence->text);
            rows.push_back(
                boost::json::object{{"repository", repository.name()}, {"there", false}});
            continue;
        }
        holds &= prune(context, repository, failed_attempt, rows);
    }
    context.result()["repositories"] = std::move(rows);
    context.result()["holds"] = holds;
    return holds ? Exit::fine : Exit::findings;
}

boost::json::object hold_json(const backups::Hold& hold) {
    return {{"set", hold.set},
            {"reason", hold.reason},
            {"by", hold.by},
            {"at", hold.at},
            {"until", hold.until}};
}

Exit list_holds(Context& context) {
    boost::json::array rows;
    for (const auto& repository : backups::repositories_of(context.run())) {
        for (const auto& hold : repository.holds()) {
            context.print(
                fmt::format("{}: {} is held {} by {}: {}", repository.name(), hold.set,
                            hold.until.empty() ? "until it is released" : "until " + hold.until,
                            hold.by, hold.reason));
            auto row = hold_json(hold);
            row["repository"] = repository.name();
            rows.push_back(std::move(row));
        }
    }
    if (rows.empty()) {
        context.print("no set is held");
    }
    context.result()["holds"] = std::move(rows);
    return Exit::fine;
}

/// What was asked for. Errors: usage.
backups::Hold asked_hold(Context& context) {
    const auto& arguments = context.arguments();
    backups::Hold hold;
    hold.set = arguments.positional();
    hold.reason = std::string(trim(arguments.value("--reason")));
    hold.by = current_account().name;
    hold.at = timestamp(moment_now());
    const bool releases = arguments.has("--release");
    if (hold.reason.empty() && !releases) {
        throw Error(Code::usage, "a hold has no reason; expected why the set must be kept",
                    "say it: --reason \"tax audit of 2026\"");
    }
    if (arguments.has("--until")) {
        const auto until = parse_moment(arguments.value("--until"));
        if (!until || *until <= moment_now() || releases) {
            throw Error(Code::usage,
                        fmt::format("--until is \"{}\"; expected a day or a moment to come, such "
                                    "as 2030-01-31",
                                    arguments.value("--until")),
                        releases ? "leave it out: --release is at once" : "give one, or none");
        }
        hold.until = timestamp(*until);
    }
    return hold;
}

/// Changes the holds of a repository. Whether there was something to change.
bool change(const Repository& repository, const backups::Hold& hold, bool releases) {
    const auto gate = backups::shut_gate(repository);
    auto holds = repository.holds();
    const auto removed = std::erase_if(holds, [&](const backups::Hold& each) {
        return each.set == hold.set && (hold.reason.empty() || each.reason == hold.reason);
    });
    if (!releases) {
        holds.push_back(hold);
    }
    if (removed > 0 || !releases) {
        repository.set_holds(holds);
    }
    return removed > 0 || !releases;
}

/// Of a hold, whose set may be gone: by its id, or a beginning that only one has.
std::string held_set(Context& context, const std::string& name) {
    std::set<std::string> ids;
    for (const auto& repository : backups::repositories_of(context.run())) {
        for (const auto& hold :
             repository.is_there() ? repository.holds() : std::vector<backups::Hold>()) {
            if (hold.set.starts_with(name)) {
                ids.insert(hold.set);
            }
        }
    }
    return ids.size() == 1 ? *ids.begin() : name;
}

Exit run_hold(Context& context) {
    if (context.arguments().positionals.empty()) {
        return list_holds(context);
    }
    auto hold = asked_hold(context);
    const bool releases = context.arguments().has("--release");
    hold.set = releases && hold.set != "latest"
                   ? held_set(context, hold.set)
                   : the_set(present_repositories(context), hold.set).found.set.id;
    std::vector<std::string> done;
    for (const auto& repository : backups::repositories_of(context.run())) {
        // A set that is gone may still be named by a hold, and released.
        const bool concerns = repository.is_there() && (releases || repository.find(hold.set));
        if (concerns && (context.dry_run() || change(repository, hold, releases))) {
            done.push_back(repository.name());
        }
    }
    if (done.empty()) {
        throw Error(Code::backup_missing,
                    releases ? fmt::format("no repository holds {}", hold.set)
                             : fmt::format("no repository has a set {}", hold.set));
    }
    context.print(fmt::format("{} {} {} in {}", hold.set, context.dry_run() ? "would be" : "is",
                              releases ? "released" : "held", join(done, ", ")));
    auto detail = hold_json(hold);
    detail["repositories"] = boost::json::array(done.begin(), done.end());
    if (!context.dry_run()) {
        remember_backup(context, releases ? "backup release" : "backup hold", detail);
    }
    context.result() = std::move(detail);
    context.result()["released"] = releases;
    return Exit::fine;
}

}  // namespace

fs::path schedule_file(const trust::Run& run) {
    const auto repositories = backups::repositories_of(run);
    return (repositories.empty() ? run.state.backups() : repositories.front().path()) /
           "schedule.json";
}

std::optional<std::string> failed_backup(const schedule::History& history,
                                         const std::optional<Moment>& made) {
    std::optional<Moment> success;
    std::optional<Moment> failure;
    std::string text;
    constexpr std::array<std::string_view, 4> makers = {"full", "differential", "incremental",
                                                        "logical"};
    for (const auto& [job, record] : history.jobs) {
        if (!std::ranges::count(makers, job) && !is_gap_job(job)) {
            continue;
        }
        success = std::max(success, record.success);
        if (record.failure > failure) {
            failure = record.failure;
            text = fmt::format(
                "the newest attempt at a backup, {} at {}, failed: {}; until one succeeds: caisson "
                "backup {}",
                job, minute_text(*failure), record.mistake,
                is_gap_job(job) ? fmt::format("create --kind full --repository {}",
                                              job.substr(gap_job.size() + 1))
                                : "schedule --run " + job);
        }
    }
    // Of one second nobody knows which was first: in doubt it failed.
    const bool is_over = failure <= success || (made && failure < made);
    return is_over ? std::nullopt : std::optional(text);
}

bool remember_backup(Context& context, const std::string& subject,
                     const boost::json::object& detail) {
    bool told = true;
    for (const auto& database : context.run().manifest.databases) {
        std::string mistake;
        try {
            auto settings = trust::role_settings(context.run(), database, trust::Role::migrator);
            settings.connect_limit = std::chrono::seconds(3);
            pg::Connection live(settings);
            if (trust::judge(live, context.run(), database).standing != trust::Standing::ours) {
                mistake = "it is not the platform's own";
            }
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            mistake = error.message();
        }
        if (mistake.empty()) {
            tell_journal(context, database, kind_of_entries, subject, detail);
        } else {
            told = false;
            context.note(fmt::format("the journal of {} does not have this {}: {}", database.name,
                                     subject, mistake));
        }
    }
    return told;
}

std::vector<Verb> backup_keep_verbs() {
    std::vector<Verb> verbs = {
        {"backup prune",
         "removes the backup sets that nothing keeps any more, and says what remains when",
         "Kept is what a tier of [backups.tiers] keeps, what is held, what is being read, the "
         "newest and the last proven set,\nand what any of them builds on; of the archived log, "
         "what these need.\n"
         "In doubt nothing is "
         "removed, exit status 7: a manifest or the holds cannot be read,\nthe newest attempt at "
         "a backup failed, a clock has jumped. Ages count up to the newest set, so that nothing\n"
         "grows old while no backup succeeds. Works while the databases are away.",
         {},
         "",
         "  caisson backup prune --dry-run   # with the calendar of what remains when",
         Needs::platform,
         run_prune},
        {"backup hold",
         "keeps a backup set whatever the tiers say, or releases it; without a set: lists holds",
         "A hold has a reason, and may have an end. It is the same for the copies of the set in "
         "all repositories.",
         {{"--reason",
           "TEXT",
           "why it must be kept; with --release: only the hold of this reason",
           {}},
          {"--until", "MOMENT", "when the hold ends by itself, such as 2030-01-31", {}},
          {"--release", "", "ends the holds of the set", {}}},
         "[SET]",
         "  caisson backup hold 20261126T210633Z-full-5f3a --reason \"tax audit of 2026\"",
         Needs::platform,
         run_hold},
    };
    std::ranges::move(backup_schedule_verbs(), std::back_inserter(verbs));
    return verbs;
}

}  // namespace caisson::cli

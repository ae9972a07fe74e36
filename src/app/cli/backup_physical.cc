// SPDX-License-Identifier: Apache-2.0
#include "app/cli/backup_physical.h"

#include <algorithm>
#include <random>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <poll.h>

#include "app/cli/backup_bar.h"
#include "app/cli/backup_keep.h"
#include "app/cli/backup_restore.h"
#include "app/cli/verification.h"
#include "app/cli/version.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/interrupt.h"
#include "base/moment.h"
#include "base/text.h"
#include "operations/backups/drill/drill.h"
#include "operations/backups/logical/programs.h"
#include "operations/backups/physical/physical.h"
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
/// asked to end it now. Whether the archive has it.
bool archive_what_there_is(Context& context) {
    try {
        auto connection = physical::connect(context.run());
        const auto segment = connection.query("select pg_walfile_name(pg_switch_wal()) as name")
                                 .front()
                                 .string("name");
        const Stopwatch watch;
        while (watch.elapsed() < std::chrono::seconds(60)) {
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
physical::RestorePlan plan_for(Context& context, const physical::Target& target) {
    try {
        return physical::plan_restore(context.run(), target);
    } catch (const Error& error) {
        const bool may_be_to_come =
            error.code() == Code::backup_missing && target.kind != physical::Target::Kind::set;
        if (!may_be_to_come || !archive_what_there_is(context)) {
            throw;
        }
    }
    return physical::plan_restore(context.run(), target);
}

void print_plan(Context& context, const physical::RestorePlan& plan) {
    context.print(fmt::format("from {} of {}, {} to copy, {} to replay, about {}", plan.set.id,
                              plan.repository, human_bytes(plan.bytes),
                              counted(plan.segments, "segment"), human(plan.estimate)));
    context.print(plan.moment.empty() ? "the moment is known when it is reached"
                                      : fmt::format("leads to {}", plan.moment));
    if (plan.lost && *plan.lost > 0) {
        context.print(context.yellow(fmt::format(
            "loses what was committed after it: {:.1f} s, up to {}", *plan.lost, plan.newest)));
    }
    for (const auto& note : plan.notes) {
        context.print("  → " + note);
    }
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

Exit report_restored(Context& context, const physical::Restored& restored) {
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

/// A moment within the stretch, not before the set is whole.
std::string random_moment(const std::string& from, const std::string& to) {
    const auto first = parse_moment(from);
    const auto last = parse_moment(to);
    if (!first || !last || *last <= *first) {
        return to;
    }
    const auto start = std::max(*first, *last - std::chrono::hours(1));
    std::random_device random;
    return timestamp(start + std::chrono::seconds(random() % ((*last - start).count() + 1)));
}

/// Trials of one drill, as they come.
class PhysicalDrill {
 public:
    PhysicalDrill(Context& context, const backups::Repository& repository,
                  const backups::Found& found)
        : context_(context), run_(context.run()), repository_(repository), found_(found) {}

    backups::Receipt receipt() {
        receipt_.set = found_.set.id;
        receipt_.manifest_sha256 = sha256_hex(found_.json);
        receipt_.repository = repository_.name();
        receipt_.is_small = context_.arguments().has("--small");
        receipt_.program = version();
        receipt_.started = timestamp_now();
        const auto place =
            run_.state.root.parent_path() / fmt::format("drill-{}", random_uuid().substr(0, 8));
        try {
            restore_and_look(place);
        } catch (...) {
            remove_tree(place);
            throw;
        }
        remove_tree(place);
        receipt_.finished = timestamp_now();
        return receipt_;
    }

 private:
    template <typename Work>
    bool attempt(const std::string& name, Work work) {
        const Stopwatch watch;
        backups::Trial trial{name, false, {}, 0};
        try {
            trial.passed = work(trial.detail);
        } catch (const Error& error) {
            if (error.code() == Code::interrupted || error.code() == Code::disk_full ||
                error.code() == Code::server_missing) {
                throw;
            }
            trial.detail = error.message();
        }
        trial.seconds = std::chrono::duration<double>(watch.elapsed()).count();
        receipt_.trials.push_back(trial);
        return trial.passed;
    }

    /// The set itself, or a moment behind it that the log reaches.
    physical::Target target() {
        physical::Target target;
        target.repository = repository_.name();
        for (const auto& coverage : physical::continuity(run_)) {
            const auto* const stretch = coverage.newest();
            if (coverage.repository == repository_.name() && coverage.is_current && stretch &&
                found_.set.finished < stretch->to) {
                target.kind = physical::Target::Kind::time;
                target.value = random_moment(found_.set.finished, stretch->to);
                return target;
            }
        }
        target.kind = physical::Target::Kind::set;
        target.value = found_.set.id;
        return target;
    }

    void restore_and_look(const fs::path& place) {
        std::optional<physical::Recovered> recovered;
        const Stopwatch watch;
        const bool is_back = attempt("restore", [&](std::string& detail) {
            const auto plan = physical::plan_restore(run_, target());
            receipt_.target = plan.moment;
            recovered.emplace(physical::restore_to_server(
                run_, plan, place, [&](const physical::Step& step) { context_.busy(step.what); }));
            receipt_.bytes = plan.bytes;
            detail =
                fmt::format("to {}, {} replayed", plan.moment.empty() ? plan.set.id : plan.moment,
                            counted(plan.segments, "segment"));
            return true;
        });
        receipt_.restore_seconds = std::chrono::duration<double>(watch.elapsed()).count();
        if (!is_back) {
            return;
        }
        receipt_.marker = recovered->restored.last_commit;
        receipt_.server_version = found_.set.server_version;
        attempt("contents", [&](std::string& detail) {
            std::vector<std::string> sentences;
            for (const auto& deviation : recovered->restored.deviations) {
                sentences.push_back(deviation.table.table + " " + deviation.what);
            }
            detail = sentences.empty() ? fmt::format("{} as the manifest says",
                                                     counted(recovered->restored.compared, "table"))
                                       : join(sentences, "; ");
            return sentences.empty();
        });
        for (const auto& database : run_.manifest.databases) {
            look_at(database, *recovered->server);
        }
        if (!receipt_.is_small) {
            recovered->server->stop();
            attempt("checksums", [&](std::string& detail) { return checksums(place, detail); });
        }
    }

    void look_at(const platform::Database& database, const physical::RecoveredServer& server) {
        const auto settings = server.settings("postgres", database.name);
        if (!receipt_.is_small) {
            attempt(database.name + ": pages", [&](std::string& detail) {
                context_.busy("reading every page of " + database.name);
                pg::Connection connection(settings);
                const auto programs =
                    backups::dump_programs(run_.variables, connection.server_version() / 10'000);
                detail = backups::damaged_pages(programs.dump.parent_path(), settings);
                const bool is_sound = detail.empty();
                detail = is_sound ? "every heap and B-tree is sound" : detail;
                return is_sound;
            });
        }
        attempt(database.name + ": verify", [&](std::string& detail) {
            context_.busy("verifying " + database.name);
            pg::Connection connection(
                server.settings(trust::role_name(database, trust::Role::service), database.name));
            const auto report = verify_database(load_verification(run_, database), connection);
            std::vector<std::string> failing;
            for (const auto& verdict : report.verdicts) {
                // Of an earlier moment the journal ends earlier: its heads know more.
                if (verdict.is_grave() && verdict.name != "journal") {
                    failing.push_back(verdict.name);
                }
            }
            detail = failing.empty()
                         ? counted(report.verdicts.size(), "check") + " asked, none fails"
                         : "fails: " + join(failing, ", ");
            return failing.empty();
        });
    }

    bool checksums(const fs::path& place, std::string& detail) const {
        context_.busy("checksums of all pages");
        const auto major = std::stoi(found_.set.server_version);
        const auto programs = backups::dump_programs(run_.variables, major);
        Command command;
        command.arguments = {programs.dump.parent_path() / "pg_checksums", "--check",
                             "--pgdata=" + (place / "data").string()};
        command.account = backups::owner_of(run_);
        const auto finished = run(command, std::chrono::hours(6));
        if (finished.errors.find("not enabled") != std::string::npos) {
            detail = "the cluster has no checksums";
            return true;
        }
        detail = finished.fine() ? "every page's checksum is right"
                                 : std::string(trim(finished.errors)).substr(0, 300);
        return finished.fine();
    }

    Context& context_;
    const trust::Run& run_;
    const backups::Repository& repository_;
    const backups::Found& found_;
    backups::Receipt receipt_;
};

std::string gap_text(const physical::Gap& gap, std::uint64_t segment_bytes) {
    const auto name = physical::segment_name(gap.first, segment_bytes);
    return gap.count == 1 ? fmt::format("the segment {} is missing", name)
                          : fmt::format("{} segments are missing, from {} on", gap.count, name);
}

std::string sentence_of(const physical::Coverage& coverage) {
    const auto* const stretch = coverage.newest();
    if (!stretch) {
        return fmt::format("{}: nothing can be restored to a moment", coverage.repository);
    }
    std::string lag;
    if (coverage.lag_bytes && *coverage.lag_bytes > 0) {
        lag = fmt::format(
            "; {} of the log are not in it yet{}", human_bytes(*coverage.lag_bytes),
            coverage.lag_seconds
                ? fmt::format(", the oldest commit of them {:.0f} s old", *coverage.lag_seconds)
                : "");
    }
    return fmt::format("{}: restorable to any moment from {} to {}{}", coverage.repository,
                       stretch->from, stretch->reaches_now ? "now" : stretch->to, lag);
}

}  // namespace

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
        context.print(fmt::format("would make a {} backup of the server by pgBackRest",
                                  backups::name_of(kind)));
        return Exit::fine;
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
    if (created.became_full) {
        context.print("  → there was nothing to build on: it is a full one");
    }
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
    const auto set = arguments.positional("latest");
    if (set.find('/') != std::string::npos || set.find(':') != std::string::npos) {
        return false;
    }
    return the_set(present_repositories(context), set).found.set.is_physical();
}

Exit restore_physical(Context& context) {
    const auto& run = context.run();
    const auto& arguments = context.arguments();
    const auto plan = plan_for(context, target_of(context));
    print_plan(context, plan);
    context.result() = to_json(plan);
    if (context.dry_run()) {
        return Exit::fine;
    }
    BackupBar bar(context);
    if (arguments.has("--to")) {
        const auto directory = fs::absolute(arguments.value("--to")).lexically_normal();
        const auto restored =
            physical::restore_to_directory(run, plan, directory, progress_of(bar));
        bar.end();
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
    if (restored.deviations.empty()) {
        // What comes from here on is another history: the journal begins an epoch that says so.
        for (const auto& database : run.manifest.databases) {
            pg::Connection connection(trust::admin_settings(run, database));
            trust::stamp(connection, run, database);
        }
        remember_backup(context, "backup restore", {{"set", plan.set.id}, {"moment", plan.moment}});
        forget_cached(context);
    }
    return report_restored(context, restored);
}

backups::Receipt drill_physical(Context& context, const backups::Repository& repository,
                                const backups::Found& found) {
    return PhysicalDrill(context, repository, found).receipt();
}

std::vector<std::string> continuity_of(Context& context, std::vector<std::string>& grave) {
    std::vector<std::string> sentences;
    for (const auto& coverage : physical::continuity(context.run())) {
        if (!coverage.problem.empty()) {
            grave.push_back(fmt::format("{}: {}", coverage.repository, coverage.problem));
            continue;
        }
        if (!coverage.is_current) {
            continue;
        }
        sentences.push_back(sentence_of(coverage));
        for (const auto& gap : coverage.gaps) {
            grave.push_back(
                fmt::format("{}: {}", coverage.repository, gap_text(gap, coverage.segment_bytes)));
        }
        for (const auto& set : coverage.broken) {
            grave.push_back(
                fmt::format("{}: {} cannot be restored: segments that it needs are missing",
                            coverage.repository, set));
        }
        if (!coverage.falsely_archived.empty()) {
            grave.push_back(
                fmt::format("{}: the server was told that {} is archived, and it is not "
                            "there",
                            coverage.repository, coverage.falsely_archived));
        }
        if (!coverage.damaged.empty()) {
            grave.push_back(
                fmt::format("{}: {} is damaged", coverage.repository, coverage.damaged));
        }
    }
    return sentences;
}

}  // namespace caisson::cli

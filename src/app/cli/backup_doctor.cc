// SPDX-License-Identifier: Apache-2.0
// The verb that judges backups as a whole: backup doctor.
#include <algorithm>
#include <chrono>
#include <optional>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "app/cli/backup.h"
#include "app/cli/backup_continuity.h"
#include "app/cli/backup_physical.h"
#include "app/cli/serve_watch.h"
#include "base/moment.h"
#include "base/text.h"
#include "operations/backups/drill/receipt.h"
#include "operations/backups/physical/archiving.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

/// A daily backup that is an hour or two late is no alarm; one that did not come is.
constexpr auto oldest_backup = 36h;
constexpr auto oldest_proof = 32 * 24h;

struct Complaint {
    bool is_grave = false;
    std::string text;
    std::string remedy;
};

/// Since a moment as RFC 3339; nothing for what is none.
std::optional<std::chrono::seconds> age_of(const std::string& moment) {
    const auto at = parse_moment(moment);
    return at ? std::optional(std::chrono::floor<std::chrono::seconds>(
                    std::chrono::system_clock::now() - *at))
              : std::nullopt;
}

bool is_on_one_disk(const fs::path& a, const fs::path& b) {
    struct stat first {};
    struct stat second {};
    return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
           first.st_dev == second.st_dev;
}

class Examination {
 public:
    explicit Examination(Context& context)
        : context_(context), all_(backups::repositories_of(context.run())) {
        for (const auto& repository : all_) {
            if (repository.is_there()) {
                present_.push_back(repository);
            }
        }
        sets_ = known_sets(present_);
        keys_ = backups::trusted_keys(context.run());
    }

    std::vector<Complaint> complaints() {
        look_at_newest();
        look_at_proofs();
        look_at_sets();
        look_at_places();
        look_at_key();
        look_at_continuity();
        look_at_forecasts();
        look_at_archiver();
        if (context_.run().manifest.backups.schedule.empty()) {
            add(false, "nothing is done by itself: [backups.schedule] names no job",
                "name at least logical, check, small_drill and prune there");
        }
        return std::move(complaints_);
    }

 private:
    void add(bool is_grave, std::string text, std::string remedy) {
        complaints_.push_back({is_grave, std::move(text), std::move(remedy)});
    }

    const KnownSet* newest() const {
        const auto found = std::find_if(sets_.rbegin(), sets_.rend(), [](const KnownSet& each) {
            return each.found.mistake.empty();
        });
        return found == sets_.rend() ? nullptr : &*found;
    }

    /// A repository that was there once.
    bool is_any_away() const {
        return std::ranges::any_of(all_, [&](const backups::Repository& each) {
            return !each.is_there() && backups::is_expected(context_.run(), each);
        });
    }

    void look_at_newest() {
        const auto* const set = newest();
        if (!set && is_any_away()) {
            return add(true, "whether there is a backup is not known: it lay in what is away",
                       "mount its disk; where that is gone for good: caisson backup create --begin "
                       "REPOSITORY");
        }
        if (!set) {
            return add(true, "there is no backup", "caisson backup create");
        }
        const auto age = age_of(set->found.set.finished);
        if (age && *age < -1min) {
            add(true,
                fmt::format("{} ended in {}, which is to come: a clock is wrong or was",
                            set->found.set.id, human(-*age)),
                "see the clock; prune removes nothing until then");
        }
        if (age && *age > oldest_backup) {
            add(true,
                fmt::format("the newest backup is {} old: {}", human(*age), set->found.set.id),
                "caisson backup create, and see why none was made by itself");
        }
    }

    void look_at_proofs() {
        std::string proven;
        for (const auto& repository : present_) {
            for (const auto& [id, kept] :
                 backups::proofs_of(repository, repository.sets(), keys_)) {
                proven = std::max(proven, kept.receipt.finished);
            }
        }
        if (sets_.empty()) {
            return;
        }
        look_at_failed_drills();
        if (proven.empty()) {
            return add(true, "no backup is proven: none that is there was ever restored",
                       "caisson backup drill");
        }
        if (const auto age = age_of(proven); age && *age > oldest_proof) {
            add(true, fmt::format("the last proof is {} old", human(*age)), "caisson backup drill");
        }
    }

    /// The last drill of a set that is still there: what it found stands until one passes.
    void look_at_failed_drills() {
        for (const auto& repository : all_) {
            std::map<std::string, backups::Receipt> newest;
            if (repository.is_there()) {
                for (const auto& kept : backups::receipts_of(repository, keys_)) {
                    if (kept.is_signed && repository.find(kept.receipt.set)) {
                        newest[kept.receipt.set] = kept.receipt;
                    }
                }
            }
            for (const auto& [set, receipt] : newest) {
                const auto failed =
                    std::ranges::find(receipt.trials, false, &backups::Trial::passed);
                if (!receipt.passed() && failed != receipt.trials.end()) {
                    add(true,
                        fmt::format("the last drill of {} in {} failed at {}: {}", set,
                                    repository.name(), failed->name, failed->detail),
                        "caisson backup drill " + set);
                }
            }
        }
    }

    void look_at_sets() {
        for (const auto& known : sets_) {
            if (!known.found.mistake.empty()) {
                add(true,
                    fmt::format("{} cannot be used: {}", known.found.set.id, known.found.mistake),
                    "caisson backup validate, then remove it or mend the disk");
            } else if (signature_text(context_, known.found).starts_with("altered")) {
                add(true,
                    fmt::format("the manifest of {} was altered since it was signed",
                                known.found.set.id),
                    "find out by whom; another copy may be as it was");
            }
            for (const auto& repository : known.others) {
                add(true,
                    fmt::format("the copy of {} in {} has another manifest, or none that can be "
                                "read: it counts for nothing",
                                known.found.set.id, repository),
                    "see which is right (caisson backup validate), remove the other; the next "
                    "caisson backup create copies it again");
            }
        }
    }

    void look_at_places() {
        const auto& run = context_.run();
        if (all_.size() < 2) {
            add(false, "there is one repository only: what takes it takes all backups",
                "name another one, on another machine's disk, in [backups.repositories]");
        }
        for (const auto& repository : all_) {
            if (!repository.is_there()) {
                if (repository.name() != all_.front().name() || !sets_.empty() ||
                    backups::is_expected(run, repository)) {
                    add(true,
                        fmt::format("the repository {} is not there: {}", repository.name(),
                                    repository.path().string()),
                        "mount its disk; where that is gone for good, a new one begins with: "
                        "caisson backup create --begin " +
                            repository.name());
                }
                continue;
            }
            if (run.is_private() && is_on_one_disk(repository.path(), run.state.postgres_data())) {
                add(false,
                    fmt::format(
                        "the repository {} is on the disk of the data: one fault takes both",
                        repository.name()),
                    "keep a repository on another disk");
            }
            look_at_space(repository);
            if (const auto* const set = newest();
                set && std::ranges::find(set->repositories, repository.name()) ==
                           set->repositories.end()) {
                add(false, fmt::format("{} has no copy of the newest backup", repository.name()),
                    set->found.set.is_physical()
                        ? "caisson backup create --kind full --repository " + repository.name()
                        : "caisson backup create copies what is missing, too");
            }
        }
    }

    void look_at_space(const backups::Repository& repository) {
        const auto space = space_at(repository.path());
        const auto* const set = newest();
        if (set && space.free < 2 * set->found.set.stored_bytes) {
            add(true,
                fmt::format("{} has room for less than two more backups: {} free",
                            repository.name(), human_bytes(space.free)),
                "make room, or keep less: caisson backup prune --dry-run");
        }
    }

    /// By what the daemon has sampled.
    void look_at_forecasts() {
        for (const auto& forecast : present_forecasts(context_.run())) {
            if (forecast.pressure != schedule::Pressure::none) {
                add(forecast.pressure == schedule::Pressure::critical, forecast.text,
                    forecast.place == "log"
                        ? "see why the log is not archived, or make room; nothing of it may be "
                          "removed by hand"
                        : "make room, or keep less: caisson backup prune --dry-run");
            }
        }
    }

    void look_at_continuity() {
        if (present_.empty() || !has_physical(context_)) {
            return;
        }
        for (const auto& fault : continuity_of(context_).grave) {
            const bool is_of_the_log = fault.find("segment") != std::string::npos ||
                                       fault.find("archived") != std::string::npos;
            add(true, fault,
                is_of_the_log
                    ? "caisson backup create --kind full begins a new stretch without a gap"
                    : "caisson backup validate says what is concerned");
        }
    }

    /// The archive refuses, or hangs: the log waits on the server's own disk, and fills it.
    void look_at_archiver() {
        if (present_.empty() || !has_physical(context_)) {
            return;
        }
        backups::physical::ArchiverState state;
        try {
            state = backups::physical::archiver_state(context_.run());
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            return add(false, "whether the log is archived is not known: " + error.message(),
                       "caisson up");
        }
        const auto waits = fmt::format(
            "{} to be archived for {}, with {} of log",
            state.waiting == 1 ? "a segment waits" : counted(state.waiting, "segment") + " wait",
            human(std::chrono::seconds(static_cast<std::int64_t>(state.waits_seconds))),
            human_bytes(state.log_bytes));
        const std::string remedy =
            "see the server's log, and whether every repository is there and has room: PostgreSQL "
            "keeps what is not archived until its disk is full";
        const auto patience = std::chrono::duration<double>(std::max<std::chrono::nanoseconds>(
            10s, 2 * context_.run().manifest.backups.archive_timeout));
        if (!state.is_ours) {
            add(true, "the server's archive_command is not Caisson's: what it does is not known",
                "caisson backup create --kind full sets it right, and begins a new stretch");
        } else if (state.is_failing && state.waiting > 0) {
            add(true,
                fmt::format("the archive is failing: {} is refused; {}", state.last_failed, waits),
                remedy);
        } else if (state.waiting > 0 && state.waits_seconds > patience.count()) {
            add(true, "the archive does not come forward: " + waits, remedy);
        }
    }

    void look_at_key() {
        const auto& run = context_.run();
        if (!run.manifest.backups.encrypt) {
            return add(false, "backups are not encrypted", "remove encrypt = false");
        }
        look_at_name_of_key();
        if (!run.manifest.backups.key.empty()) {
            return;
        }
        const auto file = run.state.backups() / "key";
        struct stat status {};
        if (::stat(file.c_str(), &status) != 0) {
            if (!sets_.empty()) {
                add(true, fmt::format("the key of the backups is gone: {}", file.string()),
                    "put its copy back: without it nothing can be restored");
            }
            return;
        }
        if ((status.st_mode & 077U) != 0) {
            add(true, fmt::format("others may read the key: {}", file.string()),
                "chmod 600 it, and make backups with a new key if others had a chance to");
        }
        add(false, "the key lies on this machine alone, as far as is known here",
            "keep a copy elsewhere, or name a secret variable as backups.key");
    }

    /// Whether the newest sealed set opens with a key that is here. That there is none is told by
    /// others.
    void look_at_name_of_key() {
        const auto newest = std::find_if(sets_.rbegin(), sets_.rend(), [](const KnownSet& each) {
            return each.found.mistake.empty() && !each.found.set.is_physical() &&
                   !each.found.set.key.empty();
        });
        if (newest == sets_.rend()) {
            return;
        }
        const auto& set = newest->found.set;
        try {
            const auto key = backups::key_of(context_.run(), set);
            if (key && key->id() != set.key) {
                add(true,
                    fmt::format("the key at hand ({}) is not the one that sealed {} ({}): the set "
                                "cannot be restored with it",
                                key->id(), set.id, set.key),
                    "put that key back; where there is a new one on purpose: caisson backup create "
                    "--new-key");
            }
        } catch (const Error& error) {
            if (error.code() != Code::backup_key) {
                throw;
            }
        }
    }

    Context& context_;
    std::vector<backups::Repository> all_;
    std::vector<backups::Repository> present_;
    std::vector<KnownSet> sets_;
    std::vector<std::string> keys_;
    std::vector<Complaint> complaints_;
};

Exit run_doctor(Context& context) {
    const auto complaints = Examination(context).complaints();
    boost::json::array rows;
    bool is_grave = false;
    for (const auto& complaint : complaints) {
        is_grave = is_grave || complaint.is_grave;
        context.print(fmt::format(
            "{} {}", complaint.is_grave ? context.red("✗") : context.yellow("!"), complaint.text));
        context.print("    → " + complaint.remedy);
        rows.push_back(boost::json::object{{"severity", complaint.is_grave ? "error" : "warning"},
                                           {"message", complaint.text},
                                           {"remedy", complaint.remedy}});
    }
    if (complaints.empty()) {
        context.print(context.green("✓") + " nothing to complain about");
    }
    context.result()["findings"] = std::move(rows);
    return is_grave ? Exit::findings : Exit::fine;
}

}  // namespace

std::vector<Verb> backup_doctor_verbs() {
    return {
        {.name = "backup doctor",
         .summary = "what is wrong with the backups as a whole, and what to do",
         .details =
             "The newest backup and the newest proof and their age, repositories that are away, "
             "full or on the disk of the data, the key, manifests that were altered. Exit status "
             "7 when something is grave.",
         .options = {},
         .positional = "",
         .examples = "  caisson backup doctor\n  caisson backup doctor --json",
         .run = run_doctor},
    };
}

}  // namespace caisson::cli

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/backup_jobs.h"

#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "app/cli/backup_keep.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "operations/backups/sets/keys.h"
#include "operations/schedule/host_lease.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

/// A backup of terabytes takes a night; one that takes two days hangs.
constexpr auto longest_job = 48h;

/// The last words of a program that failed.
std::string last_words(const Finished& finished) {
    const auto lines =
        split(trim(finished.errors.empty() ? finished.output : finished.errors), '\n');
    constexpr std::string_view word = "error: ";
    for (const auto& line : lines) {
        if (const auto at = line.find(word); at != std::string::npos) {
            return line.substr(at + word.size());  // Who tells it says the word again.
        }
    }
    return lines.empty() ? fmt::format("exit status {}", finished.status) : lines.back();
}

/// What it marked as not being as it should be.
std::string marked_words(const Finished& finished) {
    constexpr std::string_view mark = "✗ ";
    std::vector<std::string> marked;
    for (const auto& line : split(finished.output, '\n')) {
        if (const auto at = line.find(mark); at != std::string::npos) {
            marked.emplace_back(trim(std::string_view(line).substr(at + mark.size())));
        }
    }
    return marked.empty() ? last_words(finished) : join(marked, "; ");
}

/// Such a job has done its work when it ends with findings: the set is there, and what is missing
/// is told. One that looks at sets has found that something is wrong with them.
bool makes_backups(const std::vector<std::string>& verb) {
    return verb.size() > 1 && verb[1] == "create";
}

/// What the job does: that of a gap goes to its own repository.
std::vector<std::string> verb_of(const std::string& job) {
    if (!is_gap_job(job)) {
        return verbs_of_jobs().at(job);
    }
    auto verb = verbs_of_jobs().at(std::string(gap_job));
    verb.emplace_back("--repository");
    verb.push_back(job.substr(gap_job.size() + 1));
    return verb;
}

}  // namespace

std::string gap_job_of(const std::string& repository) {
    return fmt::format("{} {}", gap_job, repository);
}

bool is_gap_job(std::string_view job) {
    return job.starts_with(gap_job) && job.substr(gap_job.size()).starts_with(' ');
}

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

/// A process of its own: what it does wrong, or how much memory it takes, is not ours.
std::string run_job(const trust::Run& run, const schedule::Due& due) {
    const auto verb = verb_of(due.job);
    Command command;
    command.arguments = {fs::read_symlink("/proc/self/exe").string(), "-C",
                         run.manifest.directory.string(), "-e", run.environment.name};
    command.arguments.insert(command.arguments.end(), verb.begin(), verb.end());
    const auto finished = caisson::run(command, longest_job);
    if (finished.fine()) {
        return "";
    }
    if (finished.status == static_cast<int>(Exit::findings) && makes_backups(verb)) {
        return marked_words(finished);
    }
    throw Error(Code::backup_failed, last_words(finished));
}

schedule::Runner::Options runner_options(const trust::Run& run,
                                         std::function<void(const std::string&)> say) {
    const auto& first = run.manifest.databases.front();
    const auto file = schedule_file(run);
    backups::prepare_state(run);
    make_directory(file.parent_path(), 0700, backups::owner_of(run));
    schedule::Runner::Options options;
    options.jobs = schedule::jobs_of(run.manifest.backups);
    options.state = file;
    options.owner = backups::owner_of(run);
    options.host = host_name();
    options.lease = [run, first, say, lock = file.parent_path() / "schedule.lease"] {
        return schedule::host_lease({lock, backups::owner_of(run),
                                     trust::role_settings(run, first, trust::Role::migrator), say});
    };
    options.holder = [lock = file.parent_path() / "schedule.lease"] {
        const auto holder = FileLock::holder(lock);
        // Ours is there where the file was free, and the database was not.
        return holder.starts_with(fmt::format("process {}:", ::getpid())) ? std::string() : holder;
    };
    options.run = [run](const schedule::Due& due) { return run_job(run, due); };
    options.say = std::move(say);
    return options;
}

}  // namespace caisson::cli

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_watch.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "app/cli/backup_jobs.h"
#include "base/error.h"
#include "base/log.h"
#include "base/moment.h"
#include "operations/backups/drill/receipt.h"
#include "operations/backups/physical/cuts.h"
#include "operations/backups/physical/heartbeat.h"
#include "operations/backups/physical/physical.h"
#include "operations/backups/sets/keys.h"
#include "operations/schedule/forecast.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;
namespace physical = backups::physical;
using Clock = std::chrono::steady_clock;

bool has_physical_sets(const trust::Run& run) {
    return std::ranges::any_of(backups::repositories_of(run), &backups::Repository::has_physical);
}

/// One session a database, that writes markers. What fails is tried again with the next one.
class Pulse {
 public:
    Pulse(const trust::Run& run, platform::Database database)
        : run_(run), database_(std::move(database)) {}

    void beat() {
        if (Clock::now() < next_) {
            return;
        }
        try {
            if (!session_) {
                auto settings = trust::role_settings(run_, database_, trust::Role::migrator);
                settings.application = "caisson heartbeat";
                settings.connect_limit = 3s;
                settings.session = {{"statement_timeout", "3s"}, {"lock_timeout", "1s"}};
                session_.emplace(settings);
                is_ours_ =
                    trust::judge(*session_, run_, database_).standing == trust::Standing::ours;
            }
            if (is_ours_) {
                physical::beat(*session_, run_.manifest.backups.heartbeat);
            } else {
                give_up();
            }
        } catch (const Error&) {
            give_up();  // Away, or being restored; its age tells.
        }
    }

 private:
    const trust::Run& run_;
    platform::Database database_;
    /// For a minute: a server that refuses us has a log, too.
    void give_up() {
        session_.reset();
        next_ = Clock::now() + 60s;
    }

    std::optional<pg::Connection> session_;
    Clock::time_point next_{};
    bool is_ours_ = false;
};

struct Figures {
    std::vector<physical::Coverage> coverage;
    std::set<std::string> cut_off;  ///< Repositories, believed, also while nothing is known.
    std::vector<schedule::Forecast> forecasts;
    std::optional<Moment> newest;  ///< End of the newest set that can be used.
    std::optional<Moment> proof;
    std::optional<double> restore_seconds;  ///< Of the newest proof.
    std::optional<double> lost_seconds;
};

fs::path samples_file(const trust::Run& run) { return run.state.backups() / "space.json"; }

}  // namespace

std::vector<schedule::Forecast> present_forecasts(const trust::Run& run) {
    std::vector<schedule::Forecast> forecasts;
    for (const auto& [place, samples] : schedule::load_samples(samples_file(run))) {
        if (!samples.empty() && samples.back().at + 1h >= moment_now()) {
            forecasts.push_back(schedule::forecast(
                place, samples,
                place == "log" ? schedule::log_watching : schedule::repository_watching));
        }
    }
    return forecasts;
}

class BackupWatch::Watching {
 public:
    Watching(const trust::Run& run, Pace pace) : run_(run), pace_(pace) {
        for (const auto& database : run_.manifest.databases) {
            pulses_.emplace_back(run_, database);
        }
    }
    ~Watching() { stop(); }

    void start() {
        if (!thread_.joinable()) {
            stops_ = false;
            thread_ = std::thread([this] { loop(); });
            // Of its own: a look takes seconds, and a marker waits for nobody.
            beating_ = std::thread([this] { beat(); });
        }
    }
    void stop() {
        {
            const std::lock_guard lock(mutex_);
            stops_ = true;
        }
        wake_.notify_all();
        for (auto* const each : {&thread_, &beating_}) {
            if (each->joinable()) {
                each->join();
            }
        }
    }

    std::vector<schedule::Urgent> gaps() const {
        const std::lock_guard lock(mutex_);
        std::vector<schedule::Urgent> urgent;
        for (const auto& [repository, cut] : cuts_.believed) {
            urgent.push_back({gap_job_of(repository), cut.noticed});
        }
        return urgent;
    }
    Figures figures() const {
        const std::lock_guard lock(mutex_);
        return figures_;
    }

 private:
    /// Whether the time passed without an order to end.
    bool pause(Clock::time_point until) {
        std::unique_lock lock(mutex_);
        return !wake_.wait_until(lock, until, [this] { return stops_; });
    }

    void beat() {
        while (pause(Clock::now() + run_.manifest.backups.heartbeat)) {
            bool wanted = false;
            {
                const std::lock_guard lock(mutex_);
                wanted = has_sets_;
            }
            if (wanted) {
                std::ranges::for_each(pulses_, [](Pulse& each) { each.beat(); });
            }
        }
    }

    void loop() {
        auto look_at = Clock::now() + pace_.first;
        auto space_at = Clock::now() + pace_.first;
        while (pause(std::min(look_at, space_at))) {
            if (Clock::now() >= space_at) {
                attempt([this] { look_at_space(); });
                space_at = Clock::now() + pace_.space;
            }
            if (Clock::now() >= look_at) {
                bool is_settled = true;
                attempt([&] { is_settled = look_at_continuity(); });
                look_at = Clock::now() + (is_settled ? pace_.look : pace_.confirm);
            }
        }
    }

    template <typename Look>
    void attempt(Look look) {
        try {
            look();
            last_problem_.clear();
        } catch (const std::exception& failure) {
            if (last_problem_ != failure.what()) {
                last_problem_ = failure.what();
                log::warning("backups", {{"message", "not looked at: " + last_problem_}});
            }
        }
    }

    /// Whether nothing has to be looked at again soon.
    bool look_at_continuity() {
        const bool has_sets = has_physical_sets(run_);
        auto coverage = has_sets ? physical::continuity(run_) : std::vector<physical::Coverage>();
        std::optional<Moment> newest;
        std::optional<Moment> proof;
        std::optional<backups::Receipt> receipt;
        const auto keys = backups::trusted_keys(run_);
        for (const auto& repository : backups::repositories_of(run_)) {
            const auto sets = repository.sets();
            for (const auto& found : sets) {
                if (found.mistake.empty()) {
                    newest = std::max(newest, parse_moment(found.set.finished));
                }
            }
            for (const auto& [id, kept] : backups::proofs_of(repository, sets, keys)) {
                const auto finished = parse_moment(kept.receipt.finished);
                if (finished > proof) {
                    proof = finished;
                    receipt = kept.receipt;
                }
            }
        }
        const std::lock_guard lock(mutex_);
        has_sets_ = has_sets;
        figures_.coverage = std::move(coverage);
        figures_.newest = newest;
        figures_.proof = proof;
        figures_.restore_seconds = receipt ? std::optional(receipt->restore_seconds) : std::nullopt;
        // Without a marker it is not known what was lost.
        figures_.lost_seconds = receipt && !receipt->marker.empty()
                                    ? std::optional(receipt->lost_seconds)
                                    : std::nullopt;
        const auto settled = physical::settle(cuts_, figures_.coverage, moment_now());
        cuts_ = settled.cuts;
        figures_.cut_off.clear();
        for (const auto& [repository, cut] : cuts_.believed) {
            figures_.cut_off.insert(repository);
        }
        tell(settled);
        return !settled.is_to_confirm;
    }

    static void tell(const physical::Settled& settled) {
        for (const auto& [cut, beginning] : settled.ended) {
            log::warning("backup_gap_ended",
                         {{"repository", cut.repository},
                          {"message",
                           fmt::format("restorable again; nothing can be restored from {} to {}",
                                       cut.from.empty() ? "the beginning" : cut.from, beginning)}});
        }
        for (const auto& cut : settled.begun) {
            log::error("backup_gap",
                       {{"repository", cut.repository},
                        {"message",
                         fmt::format("{}: nothing after {} can be restored; a full backup begins",
                                     cut.text, cut.from.empty() ? "the last set" : cut.from)}});
        }
    }

    void look_at_space() {
        const bool has_sets = has_physical_sets(run_);
        {
            const std::lock_guard lock(mutex_);
            has_sets_ = has_sets;
        }
        auto samples = schedule::load_samples(samples_file(run_));
        std::vector<schedule::Forecast> forecasts;
        const auto sample = [&](const std::string& place, const fs::path& path,
                                const schedule::Watching& watching) {
            std::error_code ignored;
            if (!fs::exists(path, ignored)) {
                return;
            }
            const auto space = space_at(path);
            schedule::add(samples[place], {moment_now(), space.free, space.total}, watching);
            forecasts.push_back(schedule::forecast(place, samples[place], watching));
        };
        if (run_.is_private()) {
            sample("log", run_.state.postgres_data() / "pg_wal", schedule::log_watching);
        } else if (!run_.manifest.backups.data.empty()) {
            sample("log", fs::path(run_.manifest.backups.data) / "pg_wal", schedule::log_watching);
        }
        for (const auto& repository : backups::repositories_of(run_)) {
            if (repository.is_there()) {
                sample("repository " + repository.name(), repository.path(),
                       schedule::repository_watching);
            }
        }
        backups::prepare_state(run_);
        write_file(samples_file(run_), schedule::to_json(samples), 0600, backups::owner_of(run_));
        for (const auto& each : forecasts) {
            auto& told = told_[each.place];
            if (each.pressure > told) {
                (each.pressure == schedule::Pressure::critical ? log::error : log::warning)(
                    "backup_space", {{"message", each.text}});
            }
            told = each.pressure;
        }
        const std::lock_guard lock(mutex_);
        figures_.forecasts = std::move(forecasts);
    }

    const trust::Run run_;
    const Pace pace_;
    std::vector<Pulse> pulses_;
    std::map<std::string, schedule::Pressure> told_;
    std::string last_problem_;
    mutable std::mutex mutex_;  ///< Of what follows.
    bool has_sets_ = false;
    Figures figures_;
    physical::Cuts cuts_;
    bool stops_ = false;
    std::condition_variable wake_;
    std::thread thread_;
    std::thread beating_;

    friend class BackupWatch;
};

BackupWatch::BackupWatch(const trust::Run& run, Pace pace)
    : watching_(std::make_unique<Watching>(run, pace)) {}
BackupWatch::~BackupWatch() = default;
void BackupWatch::start() { watching_->start(); }
void BackupWatch::stop() { watching_->stop(); }
std::vector<schedule::Urgent> BackupWatch::gaps() const { return watching_->gaps(); }

void BackupWatch::read(monitor::Sample& sample) const {
    const auto figures = watching_->figures();
    const auto add = [&](std::string_view metric, const std::optional<Moment>& since) {
        if (since) {
            sample.add(metric, static_cast<double>((moment_now() - *since).count()));
        }
    };
    add("backups.newest_age", figures.newest);
    add("backups.proof_age", figures.proof);
    if (figures.restore_seconds) {
        sample.add("backups.restore_seconds", *figures.restore_seconds);
    }
    if (figures.lost_seconds) {
        sample.add("backups.lost_seconds", *figures.lost_seconds);
    }
}

void BackupWatch::add_metrics(metrics::Registry& registry) const {
    const auto figures = watching_->figures();
    const auto cut_off = [&](const std::string& repository, bool is) {
        registry
            .gauge("caisson_backup_cut_off",
                   "Whether what is committed now cannot be restored for want of a segment",
                   {{"repository", repository}})
            .set(is ? 1 : 0);
    };
    for (const auto& each : figures.coverage) {
        if (!each.is_current) {
            continue;
        }
        const metrics::Labels labels{{"repository", each.repository}};
        cut_off(each.repository, each.is_cut_off());
        registry.gauge("caisson_backup_log_gaps", "Gaps in the archived log", labels)
            .set(static_cast<double>(each.gaps.size()));
        if (const auto* const stretch = each.newest()) {
            const auto from = parse_moment(stretch->from);
            const auto to = parse_moment(stretch->to);
            if (from && to) {
                registry
                    .gauge("caisson_backup_restorable_from_seconds",
                           "The oldest moment that can be restored, since 1970", labels)
                    .set(static_cast<double>(from->time_since_epoch().count()));
                registry
                    .gauge("caisson_backup_restorable_to_seconds",
                           "The newest moment that can be restored, since 1970", labels)
                    .set(static_cast<double>(to->time_since_epoch().count()));
            }
        }
        if (each.lag_bytes) {
            registry
                .gauge("caisson_backup_archive_lag_bytes", "Of the log that is not archived yet",
                       labels)
                .set(static_cast<double>(*each.lag_bytes));
        }
        if (each.lag_seconds) {
            registry
                .gauge("caisson_backup_archive_lag_seconds",
                       "Age of the oldest commit that is not archived yet", labels)
                .set(*each.lag_seconds);
        }
    }
    for (const auto& repository : figures.cut_off) {
        cut_off(repository, true);
    }
    if (figures.newest) {
        registry.gauge("caisson_backup_newest_age_seconds", "Since the newest set was whole")
            .set(static_cast<double>((moment_now() - *figures.newest).count()));
    }
    if (figures.proof) {
        registry.gauge("caisson_backup_proof_age_seconds", "Since a drill last proved a backup")
            .set(static_cast<double>((moment_now() - *figures.proof).count()));
    }
    for (const auto& each : figures.forecasts) {
        const metrics::Labels labels{{"place", each.place}};
        registry
            .gauge("caisson_backup_free_bytes", "Free where the log or a repository lies", labels)
            .set(static_cast<double>(each.free));
        registry.gauge("caisson_backup_space_pressure", "0 none, 1 warning, 2 critical", labels)
            .set(static_cast<double>(each.pressure));
        if (each.full_in) {
            registry
                .gauge("caisson_backup_forecast_full_seconds",
                       "Until the disk is full, as it filled lately", labels)
                .set(static_cast<double>(each.full_in->count()));
        }
    }
}

}  // namespace caisson::cli

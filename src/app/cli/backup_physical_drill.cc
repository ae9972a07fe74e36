// SPDX-License-Identifier: Apache-2.0
// A physical set restored to a random moment, and looked at: for `backup drill`.
#include <algorithm>
#include <optional>
#include <random>

#include <fmt/format.h>

#include "app/cli/backup_physical.h"
#include "app/cli/recovery_place.h"
#include "app/cli/verification.h"
#include "app/cli/version.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/moment.h"
#include "base/process.h"
#include "base/text.h"
#include "operations/backups/drill/drill.h"
#include "operations/backups/logical/programs.h"
#include "operations/backups/physical/heartbeat.h"
#include "operations/backups/physical/moments.h"
#include "operations/backups/physical/physical.h"
#include "operations/backups/sets/keys.h"

namespace caisson::cli {
namespace {

namespace physical = backups::physical;

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
        const RecoveryPlace place(run_.state.root.parent_path(), "a drill");
        restore_and_look(place.directory());
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
                error.code() == Code::server_missing || error.code() == Code::backup_key) {
                throw;
            }
            trial.detail =
                error.code() == Code::backup_damaged ? with_damage(error) : error.message();
        }
        trial.seconds = std::chrono::duration<double>(watch.elapsed()).count();
        receipt_.trials.push_back(trial);
        return trial.passed;
    }

    /// What `backup validate` would say of it: the files, and the newest moment that is left.
    /// pgBackRest does not name a file that does not open.
    std::string with_damage(const Error& error) const {
        if (!error.fact("segment").empty()) {
            return error.message() + "; " + error.hint();
        }
        auto text = error.message();
        try {
            add_damage(text);
        } catch (const Error& another) {  // The failure is to be written down all the same.
            if (another.code() == Code::interrupted) {
                throw;
            }
        }
        return text;
    }

    void add_damage(std::string& text) const {
        physical::Unusable unusable{{repository_.name(), {found_.set.id}}};
        context_.busy("reading the files of " + found_.set.id);
        const auto damages = physical::cluster_damage_of(run_, repository_.name(), found_.set);
        constexpr std::size_t most = 5;
        for (std::size_t i = 0; i < std::min(damages.size(), most); ++i) {
            text += fmt::format("; {} {}", damages[i].file, damages[i].what);
        }
        text += damages.size() > most ? fmt::format("; and {} more", damages.size() - most) : "";
        unusable[repository_.name()].merge(physical::concerned_by(damages, repository_.sets()));
        text += "; " + physical::unaffected(run_, unusable, "");
    }

    /// The set itself, or a moment behind it that the log reaches.
    physical::Target target() {
        physical::Target target;
        target.repository = repository_.name();
        target.base = found_.set.id;  // Another one that leads there would be proven instead.
        for (const auto& coverage : physical::continuity(run_)) {
            const auto* const stretch = coverage.newest();
            if (coverage.repository == repository_.name() && coverage.is_current && stretch &&
                found_.set.finished < stretch->to) {
                target.kind = physical::Target::Kind::time;
                const auto ring =
                    moment_now() - std::chrono::floor<std::chrono::seconds>(
                                       physical::ring_span(run_.manifest.backups.heartbeat));
                target.value = physical::drill_moment(found_.set.finished, stretch->to,
                                                      timestamp(ring), std::random_device()());
                is_to_a_moment_ = true;
                // Now: by the time that the restore has taken, the ring may have passed it.
                expected_ = expected_marker(target.value);
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
            note_tablespaces(context_, plan);
            recovered.emplace(physical::restore_to_server(
                run_, plan, place, [&](const physical::Step& step) { context_.busy(step.what); }));
            receipt_.bytes = plan.bytes;
            receipt_.segments = plan.segments;
            receipt_.copy_seconds =
                std::chrono::duration<double>(recovered->restored.copying).count();
            receipt_.replay_seconds =
                std::chrono::duration<double>(recovered->restored.recovering).count();
            detail =
                fmt::format("to {}, {} replayed", plan.moment.empty() ? plan.set.id : plan.moment,
                            counted(plan.segments, "segment"));
            return true;
        });
        receipt_.restore_seconds = std::chrono::duration<double>(watch.elapsed()).count();
        if (!is_back) {
            return;
        }
        look_for_marker(*recovered);
        receipt_.server_version = found_.set.server_version;
        look_at_contents(recovered->restored);
        for (const auto& database : run_.manifest.databases) {
            look_at(database, *recovered->server);
        }
        if (!receipt_.is_small) {
            recovered->server->stop();
            attempt("checksums", [&](std::string& detail) { return checksums(place, detail); });
        }
    }

    void look_at_contents(const physical::Restored& restored) {
        if (restored.compared == 0) {
            // The first trial is the restore; nothing is called sound for having compared nothing.
            receipt_.trials.front().detail +=
                ", no contents compared: the log has no restore point of the set";
            return;
        }
        attempt("contents", [&](std::string& detail) {
            std::vector<std::string> sentences;
            for (const auto& deviation : restored.deviations) {
                sentences.push_back(deviation.table.table + " " + deviation.what);
            }
            detail = sentences.empty() ? fmt::format("{} as the manifest says",
                                                     counted(restored.compared, "table"))
                                       : join(sentences, "; ");
            return sentences.empty();
        });
    }

    /// The marker that the daemon wrote last before the moment: the most that was lost is what lies
    /// between them. Where there is none, as without a daemon, the last commit is taken.
    void look_for_marker(const physical::Recovered& recovered) {
        receipt_.marker = recovered.restored.last_commit;
        if (!is_to_a_moment_) {
            return;
        }
        attempt("marker", [&](std::string& detail) {
            const auto& name = run_.manifest.databases.front().name;
            pg::Connection connection(recovered.server->settings("postgres", name));
            const auto found = physical::newest_marker(connection, receipt_.target);
            if (found) {
                receipt_.marker = found->at;
            }
            const auto verdict = physical::judge_marker(expected_, found, receipt_.target,
                                                        run_.manifest.backups.heartbeat);
            detail = verdict.detail;
            return verdict.passed;
        });
        receipt_.lost_seconds =
            std::max(0.0, physical::seconds_between(receipt_.marker, receipt_.target).value_or(0));
    }

    /// Of a server that is away nothing is known.
    physical::ExpectedMarker expected_marker(const std::string& moment) const {
        try {
            auto settings = trust::admin_settings(run_, run_.manifest.databases.front());
            settings.connect_limit = std::chrono::seconds(3);
            pg::Connection live(settings);
            return physical::expected_marker(live, moment);
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            return {{}, "the server is away"};
        }
    }

    void look_at(const platform::Database& database, const physical::RecoveredServer& server) {
        const auto name = trust::database_name(run_, database);
        const auto settings = server.settings("postgres", name);
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
                server.settings(trust::role_name(database, trust::Role::service), name));
            const auto report = verify_database(load_verification(run_, database), connection);
            std::vector<std::string> failing;
            for (const auto& verdict : report.verdicts) {
                // Of an earlier moment the journal ends earlier: its heads know more. And triggers
                // are put on tables by the manifest of today.
                if (verdict.is_grave() && verdict.name != "journal" &&
                    verdict.name != "cache triggers") {
                    failing.push_back(verdict.name);
                }
            }
            std::vector<std::string> alike;
            if (!failing.empty()) {
                alike = take_alike(failing, failing_now(run_, database));
            }
            detail = failing.empty() ? fmt::format("{} asked, none fails",
                                                   counted(report.verdicts.size(), "check"))
                                     : "fails: " + join(failing, ", ");
            if (!alike.empty()) {
                detail += "; false in the database of today as well: " + join(alike, ", ");
            }
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
    bool is_to_a_moment_ = false;  ///< And not to a set's own point.
    physical::ExpectedMarker expected_;
};

}  // namespace

backups::Receipt drill_physical(Context& context, const backups::Repository& repository,
                                const backups::Found& found) {
    return PhysicalDrill(context, repository, found).receipt();
}

}  // namespace caisson::cli

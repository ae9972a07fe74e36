// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "lifecycle/proof/build.h"
#include "protection/isolation/inspect.h"
#include "protection/isolation/isolation.h"

namespace caisson::isolation {
namespace {

std::string_view name_of(Mark mark) {
    switch (mark) {
        case Mark::no_right:
            return "no right";
        case Mark::held:
            return "held";
        case Mark::untried:
            return "untried";
        case Mark::leaked:
            return "leaked";
    }
    return "";
}

/// One run, from an empty shadow to a report.
class Prover {
 public:
    Prover(const Request& request, const Options& options)
        : request_(request), options_(options), isolation_(request.run.manifest.isolation) {}

    Report go() {
        const Stopwatch watch;
        report_.database = request_.database.name;
        report_.started_at = timestamp_now();
        report_.setting = isolation_.setting;
        step("shadow");
        shadow_.emplace(options_.open());
        try {
            prepare();
            if (!tenancy_.tables.empty()) {
                for (const auto& acting : roles()) {
                    try_as(acting);
                }
            }
        } catch (const Error& error) {
            if (const auto better = shadow_->explain(error)) {
                throw Error(*better);
            }
            throw;
        }
        finish();
        report_.duration = watch.elapsed();
        return std::move(report_);
    }

 private:
    void step(const std::string& text) {
        if (options_.on_step) {
            options_.on_step(text, ++done_, steps());
        }
    }
    /// Three to get ready, an actor each for the tenants and for nobody in two ways, one to end.
    std::size_t steps() const {
        return 3 + std::max<std::size_t>(1, isolation_.roles.size()) * (request_.tenants + 3);
    }

    void prepare() {
        report_.shadow = shadow_->text();
        report_.server_version = shadow_->version();
        report_.notes = shadow_->notes();
        admin_.emplace(shadow_->admin());
        require_superuser();
        step("migrations");
        proof::build(*shadow_, request_.run, request_.database, request_.files, request_.features,
                     request_.allow_programs);
        step("rows");
        apply_seeds();
        shapes_ = rows::read_shapes(*admin_);
        subject_ = read_subject(*admin_);
        tenancy_ = tenancy_of(subject_, shapes_, isolation_);
        if (tenancy_.tables.empty()) {
            report_.notes.emplace_back(
                "no table has row-level security: there is nothing that keeps tenants apart");
            return;
        }
        const auto examples = read_examples(*admin_, shapes_, tenancy_);
        wipe(*admin_, tenancy_);
        islands_ =
            make_islands(*admin_, {shapes_, tenancy_, isolation_, examples, request_.tenants});
        for (const auto& tenant : islands_.tenants) {
            report_.tenants.emplace_back(tenant.name, tenant.id);
            report_.rows += tenant.rows.size();
        }
    }

    void require_superuser() {
        const bool is_superuser =
            admin_->query("select rolsuper as super from pg_roles where rolname = current_user")
                .front()
                .boolean("super");
        if (!is_superuser || !shadow_->has_roles()) {
            throw Error(Code::database_rejected,
                        fmt::format("isolation cannot be tried on the shadow {}: its user is no "
                                    "superuser, who alone may act as every role",
                                    shadow_->text()),
                        "name no shadow in the manifest: a server of its own is made; or give a "
                        "superuser");
        }
    }

    /// Seeds are examples of rows; without them, rows are made from the catalogue alone.
    void apply_seeds() {
        try {
            pg::Connection connection(shadow_->role(trust::Role::service));
            seeds::apply(connection, request_.seeds);
        } catch (const Error& error) {
            if (error.code() != Code::seed_failed && error.code() != Code::seed_invalid) {
                throw;
            }
            report_.notes.push_back(
                "the seeds could not be applied, so there are no examples of "
                "rows: " +
                error.message());
        }
    }

    /// One of those that act for tenants.
    struct Acting {
        std::string suffix;
        std::string name;  ///< As PostgreSQL calls it.
    };

    /// Those that this database has. Who connects as somebody else in the environment is tried as
    /// that one.
    std::vector<Acting> roles() {
        std::vector<Acting> list;
        for (const auto& suffix : isolation_.roles) {
            const auto own = request_.database.name + "_" + suffix;
            const auto user = request_.users.find(suffix);
            auto name = user == request_.users.end() ? own : user->second;
            if (!read_bypass(*admin_, own).exists) {
                report_.notes.push_back(
                    fmt::format("this database has no role {}: nothing is tried as it", own));
                continue;
            }
            if (const auto why = request_.unknown_users.find(suffix);
                why != request_.unknown_users.end()) {
                keep({"unknown user", own, Severity::warning,
                      fmt::format("it is not known as whom {} connects in this environment: {}",
                                  suffix, why->second),
                      "set what the environment names"},
                     "");
            }
            if (name != own && !read_bypass(*admin_, name).exists) {
                keep({"unknown user", name, Severity::error,
                      fmt::format("{} connects as {} in this environment, of whom the shadow knows "
                                  "nothing: whether policies bind it is not known, {} was tried "
                                  "in its place",
                                  suffix, name, own),
                      fmt::format("let it connect as {}; or see on that server that it is neither "
                                  "a superuser nor has BYPASSRLS, owns no table and is a member of "
                                  "no such role, and accept it",
                                  own)},
                     "");
                name = own;
            }
            list.push_back({suffix, name});
            report_.roles.push_back(name);
        }
        if (list.empty()) {
            keep({"not tried", "roles", Severity::error,
                  "none of the roles that act for tenants is one of this database",
                  "say who acts for tenants: [isolation] roles"},
                 "");
        }
        return list;
    }

    /// Findings are told apart by role and database where there are several, and so are the names
    /// in their remedies.
    void keep(Finding finding, const std::string& suffix) {
        const auto bare = finding.name();
        // These are the same whoever acts.
        const bool is_of_role = finding.id != "column" && finding.id != "estimates" &&
                                finding.id != "activity" && finding.id != "unknown user";
        if (isolation_.roles.size() > 1 && is_of_role) {
            finding.role = suffix;
        }
        if (request_.run.manifest.databases.size() > 1) {
            finding.database = request_.database.key;
        }
        finding.remedy =
            replace_all(finding.remedy, "\"" + bare + "\"", "\"" + finding.name() + "\"");
        kept_.add(std::move(finding));
    }

    std::vector<Actor> actors() const {
        std::vector<Actor> list = {{Actor::Kind::absent, 0, "nobody"},
                                   {Actor::Kind::empty, 0, "nobody (empty setting)"}};
        for (std::size_t index = 0; index < islands_.tenants.size(); ++index) {
            list.push_back({Actor::Kind::tenant, index, islands_.tenants[index].name});
        }
        return list;
    }

    void try_as(const Acting& acting) {
        const auto& role = acting.name;
        const auto rights = read_rights(*admin_, role);
        const Setting setting{
            subject_,         shapes_, tenancy_, islands_,
            isolation_,       rights,  role,     read_bypass(*admin_, role).memberships,
            islands_.owners()};
        Findings findings;
        std::vector<Draft> drafts;
        Marks marks;
        for (const auto& actor : actors()) {
            step(fmt::format("{} as {}", actor.text, role));
            // Once a session has known the setting, it is empty in it and never absent again.
            std::optional<pg::Connection> fresh;
            if (actor.kind == Actor::Kind::absent) {
                fresh.emplace(shadow_->admin());
            }
            Stage stage(fresh ? *fresh : *admin_, role, isolation_.setting);
            Scene(setting, stage, actor, findings, drafts, marks).play();
            report_.attempts += stage.attempts();
        }
        const Inspection inspection{*admin_, setting, marks, findings, drafts};
        inspect_role(inspection);
        inspect_tables(inspection);
        inspect_views(inspection);
        inspect_counters(inspection);
        inspect_coverage(inspection);
        step("sessions");
        for (const auto& draft : drafts) {
            show(draft, findings);
        }
        for (auto& finding : findings.list()) {
            keep(std::move(finding), acting.suffix);
        }
        note(marks);
    }

    void show(const Draft& draft, Findings& findings) {
        if (auto* const finding = findings.find(draft.finding)) {
            pg::Connection connection(shadow_->admin());
            auto session = make_session(connection, draft, islands_, isolation_.setting);
            finding->session = std::move(session.text);
            finding->is_reproduced = session.is_reproduced;
        }
    }

    void note(const Marks& marks) {
        for (const auto& [label, commands] : marks) {
            Trial trial{label, false, {}};
            for (const auto& [oid, relation] : subject_.relations) {
                trial.is_isolated =
                    trial.is_isolated || (relation.label == label && relation.has_row_security);
            }
            for (const auto& [command, cell] : commands) {
                if (command != "own rows") {
                    trial.commands[command] = name_of(cell.mark);
                }
            }
            const auto known = std::ranges::find_if(
                report_.trials, [&](const Trial& each) { return each.label == label; });
            if (known == report_.trials.end()) {
                report_.trials.push_back(std::move(trial));
                continue;
            }
            // Of several roles, the worst counts: `leaked` and `untried` before `held`.
            for (auto& [command, text] : trial.commands) {
                auto& other = known->commands.try_emplace(command, text).first->second;
                const bool is_worse = text == "leaked" ||
                                      (text == "untried" && other != "leaked") ||
                                      other == "no right";
                other = is_worse ? text : other;
            }
        }
    }

    void finish() {
        report_.findings = std::move(kept_.list());
        std::ranges::stable_sort(report_.findings, [](const Finding& a, const Finding& b) {
            return a.severity > b.severity;
        });
    }

    const Request& request_;
    const Options& options_;
    const platform::Isolation& isolation_;
    Report report_;
    std::size_t done_ = 0;
    std::optional<shadow::Shadow> shadow_;
    std::optional<pg::Connection> admin_;
    rows::Shapes shapes_;
    Subject subject_;
    Tenancy tenancy_;
    Islands islands_;
    Findings kept_;
};

}  // namespace

std::size_t Report::count(Severity severity) const {
    return static_cast<std::size_t>(std::ranges::count_if(findings, [&](const Finding& finding) {
        return finding.severity == severity && !finding.accepted;
    }));
}

std::size_t Report::accepted() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        findings, [](const Finding& finding) { return finding.accepted.has_value(); }));
}

bool Report::holds() const { return count(Severity::error) == 0; }

Report prove(const Request& request, const Options& options) {
    return Prover(request, options).go();
}

std::vector<platform::Isolation::Accepted> accept(std::vector<Report>& reports,
                                                  const platform::Isolation& isolation) {
    std::vector<platform::Isolation::Accepted> unused;
    for (const auto& accepted : isolation.accepted) {
        bool is_used = false;
        for (auto& report : reports) {
            for (auto& finding : report.findings) {
                if (finding.name() == accepted.name) {
                    finding.accepted = accepted.reason;
                    is_used = true;
                }
            }
        }
        if (!is_used) {
            unused.push_back(accepted);
        }
    }
    return unused;
}

}  // namespace caisson::isolation

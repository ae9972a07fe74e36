// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/migrations/disorder.h"
#include "lifecycle/migrations/transactions.h"
#include "lifecycle/sources/version.h"

namespace caisson::migrations {
namespace {

using sources::canonical_version;

/// The one migration that a person means by `3`, `003` or `infra/003`.
const Status& find(const std::vector<Status>& states, const std::string& wanted) {
    const auto slash = wanted.rfind('/');
    const auto source = slash == std::string::npos ? "" : wanted.substr(0, slash);
    const auto version = slash == std::string::npos ? wanted : wanted.substr(slash + 1);
    const bool is_number =
        !version.empty() && version.find_first_not_of("0123456789") == std::string::npos;
    std::vector<const Status*> found;
    std::vector<std::string> candidates;
    for (const auto& one : states) {
        candidates.push_back(one.version());
        const bool same =
            is_number ? canonical_version(one.version()) == canonical_version(version)
                      : one.version() == version || one.title() == version || one.name() == version;
        if (same && (source.empty() || source == one.source())) {
            found.push_back(&one);
        }
    }
    if (found.empty()) {
        const auto near = nearest(version, candidates);
        throw Error(Code::usage, fmt::format("there is no migration {}", wanted),
                    near.empty()
                        ? "see `caisson migrate status`"
                        : fmt::format("did you mean {}? See `caisson migrate status`", near));
    }
    if (found.size() > 1) {
        std::vector<std::string> labels;
        for (const auto* const one : found) {
            labels.push_back(one->source() + "/" + one->version());
        }
        throw Error(Code::usage,
                    fmt::format("several migrations are called {}: {}", wanted, join(labels, ", ")),
                    fmt::format("name the source as well, such as {}", labels.front()));
    }
    return *found.front();
}

/// The rows to revert, newest first.
std::vector<const Status*> chosen(const std::vector<Status>& states, const DownRequest& request) {
    std::vector<const Status*> applied;
    for (const auto& one : states) {
        if (one.record) {
            applied.push_back(&one);
        }
    }
    std::sort(applied.begin(), applied.end(), [](const auto* a, const auto* b) {
        return a->record->sequence > b->record->sequence;
    });
    if (request.only || (request.to && canonical_version(*request.to) != "0")) {
        const auto& wanted = find(states, request.only ? *request.only : *request.to);
        if (!wanted.record) {
            throw Error(Code::usage, fmt::format("{} is not applied", label(wanted)),
                        "see `caisson migrate status`");
        }
        if (request.only) {
            return {&wanted};
        }
        std::erase_if(applied, [&](const auto* one) {
            return one->record->sequence <= wanted.record->sequence;
        });
    } else if (!request.to && applied.size() > request.count) {
        applied.resize(request.count);
    }
    return applied;
}

void require_downs(const std::vector<const Status*>& rows) {
    std::vector<std::string> problems;
    for (const auto* const one : rows) {
        if (!one->migration) {
            problems.push_back(label(*one) + " has no file any more");
        } else if (one->migration->kind == sources::Kind::program) {
            problems.push_back(fmt::format("{} is a program of {}, which reverts it", label(*one),
                                           one->migration->format));
        } else if (!one->migration->up.directives.irreversible.empty()) {
            problems.push_back(fmt::format("{} is irreversible: {}", label(*one),
                                           one->migration->up.directives.irreversible));
        } else if (!one->migration->down) {
            problems.push_back(label(*one) + " has no down file");
        } else if (!one->migration->down->is_streamed &&
                   sql::split(one->migration->down->text).empty()) {
            problems.push_back(label(*one) + " has a down file without a statement");
        }
    }
    if (!problems.empty()) {
        throw Error(Code::migration_order,
                    fmt::format("cannot be reverted: {}", join(problems, "; ")),
                    "write NNN_name.down.sql beside the file; nothing was reverted");
    }
}

}  // namespace

std::size_t Step::resumes_after() const {
    if (!record) {
        return 0;
    }
    const auto mine = direction == Direction::up ? Progress::partial : Progress::reverting;
    return record->progress == mine ? record->statements_done : 0;
}

Body body_of(const Step& step) {
    const bool alone =
        step.directives().no_transaction || step.by_statement || step.resumes_after() > 0;
    auto body = body_of(step.text(), alone);
    if (step.script().is_streamed) {
        // What is in it shows only when it is read, which is once.
        body.is_script = body.touches_role = true;
    }
    return body;
}

Plan plan_up(const std::vector<Migration>& files, const History& history, const Features& features,
             const UpRequest& request, const TextOf& text_of) {
    const auto& rules = request.rules;
    Plan plan;
    plan.states = status(files, history, features);
    judge(plan, files, request, text_of);
    const Status* const last = request.to.empty() ? nullptr : &find(plan.states, request.to);
    if (last && last->state == State::gated) {
        throw Error(Code::usage,
                    fmt::format("{} belongs to the feature {}, which is off", label(*last),
                                last->feature()),
                    fmt::format("switch it on: {} = true under [features]", last->feature()));
    }
    for (const auto& one : plan.states) {
        if (is_due(one.state)) {
            if (one.migration->kind == sources::Kind::program) {
                plan.program = one.migration;
                break;
            }
            plan.steps.push_back({Direction::up, Mode::whole, one.migration, one.record});
        }
        if (&one == last) {
            break;
        }
    }
    arrange(plan, rules.transaction, request.allow_programs);
    return plan;
}

Plan plan_down(const std::vector<Migration>& files, const History& history,
               const Features& features, const DownRequest& request) {
    Plan plan;
    plan.states = status(files, history, features);
    const auto rows = chosen(plan.states, request);
    require_downs(rows);
    for (const auto* const one : rows) {
        plan.steps.push_back({Direction::down, Mode::whole, one->migration, one->record});
    }
    arrange(plan, platform::TransactionScope::file, request.allow_programs);
    return plan;
}

void refuse_program(const Plan& plan) {
    if (!plan.program) {
        return;
    }
    const auto& migration = *plan.program;
    Error error(Code::migration_order,
                fmt::format("{} is next, and it is a program of {}, which Caisson does not run",
                            migration.up.file, migration.format),
                fmt::format("run it with {}, which notes it in its own history; then run again: "
                            "Caisson goes on after it",
                            migration.format));
    error.at({migration.up.file, 0, 0}).with("migration", migration.title());
    throw error;
}

}  // namespace caisson::migrations

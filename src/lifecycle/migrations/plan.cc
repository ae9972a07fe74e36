// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/migrations/difference.h"
#include "lifecycle/sources/version.h"

namespace caisson::migrations {
namespace {

using sources::canonical_version;
using sources::version_before;

std::string label(const Status& one) { return one.source() + "/" + one.title(); }

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
        const bool same = is_number ? canonical_version(one.version()) == canonical_version(version)
                                    : one.title() == version || one.name() == version;
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

std::string labels_of(const std::vector<Status>& states, State state) {
    std::vector<std::string> labels;
    for (const auto& one : states) {
        if (one.state == state) {
            labels.push_back(label(one));
        }
    }
    // Names are for people: a thousand of them are a number.
    constexpr std::size_t most = 20;
    const auto more = labels.size() > most ? labels.size() - most : 0;
    labels.resize(labels.size() - more);
    return join(labels, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string difference_of(const Status& one, const TextOf& text_of) {
    const auto applied = text_of ? text_of(*one.record) : std::nullopt;
    return applied ? unified_difference(*applied, one.migration->up.text,
                                        fmt::format("{} as applied at {}", one.migration->up.file,
                                                    one.record->applied_at),
                                        fmt::format("{} now", one.migration->up.file))
                   : fmt::format("{}: what was applied was too long to keep\n", label(one));
}

void refuse_edited(const std::vector<Status>& states, const TextOf& text_of) {
    const auto edited = labels_of(states, State::edited);
    if (edited.empty()) {
        return;
    }
    std::string message = fmt::format("changed after having been applied: {}", edited);
    std::string first;
    constexpr int most = 5;
    for (int shown = 0; const auto& one : states) {
        if (one.state == State::edited && shown++ < most) {
            message += "\n" + difference_of(one, text_of);
            first = first.empty() ? one.migration->up.file : first;
        }
    }
    while (message.back() == '\n') {
        message.pop_back();
    }
    Error error(Code::migration_edited, message);
    error.at({first, 0, 0});
    throw error;
}

/// Missing, late and half reverted: what is found together is said together.
void refuse_disorder(const std::vector<Status>& states) {
    std::vector<std::string> found;
    std::string hint;
    if (const auto late = labels_of(states, State::late); !late.empty()) {
        found.push_back("not applied although newer ones are: " + late);
        hint = "give each a version after the newest applied one";
    }
    if (const auto missing = labels_of(states, State::missing); !missing.empty()) {
        found.push_back("applied, but their files are gone: " + missing);
        hint = "bring the files back; they belong to what the database holds";
    }
    if (const auto reverting = labels_of(states, State::reverting); !reverting.empty()) {
        found.push_back("reverted only in part: " + reverting);
        hint = "finish it: caisson migrate down --only VERSION";
    }
    if (!found.empty()) {
        throw Error(Code::migration_order, join(found, "; "), found.size() == 1 ? hint : "");
    }
}

/// How the steps are sent, and all mistakes that keep them from it.
void prepare(std::vector<Step>& steps) {
    std::vector<Mistake> mistakes;
    for (auto& step : steps) {
        step.mode = body_of(step, mistakes).mode;
    }
    sources::require_none(mistakes);
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
        } else if (!one->migration->down) {
            problems.push_back(label(*one) + " has no down file");
        } else if (sql::split(one->migration->down->text).empty()) {
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

Body body_of(const Step& step, std::vector<Mistake>& mistakes) {
    const bool alone = step.directives().no_transaction || step.resumes_after() > 0;
    return body_of(step.text(), alone, step.file(), mistakes);
}

Plan plan_up(const std::vector<Migration>& files, const History& history, const Features& features,
             const UpRequest& request, const TextOf& text_of) {
    Plan plan;
    plan.states = status(files, history, features);
    refuse_edited(plan.states, text_of);
    refuse_disorder(plan.states);
    const Status* const last = request.to.empty() ? nullptr : &find(plan.states, request.to);
    if (last && last->state == State::gated) {
        throw Error(Code::usage,
                    fmt::format("{} belongs to the feature {}, which is off", label(*last),
                                last->feature()),
                    fmt::format("switch it on: {} = true under [features]", last->feature()));
    }
    for (const auto& one : plan.states) {
        if (one.state == State::pending || one.state == State::partial) {
            plan.steps.push_back({Direction::up, Mode::whole, one.migration, one.record});
        }
        if (&one == last) {
            break;
        }
    }
    prepare(plan.steps);
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
    prepare(plan.steps);
    return plan;
}

}  // namespace caisson::migrations

// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <set>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "protection/isolation/guess.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

/// Calls of one function for each other tenant. What runs with the caller's own rights shows
/// nothing that the caller could not read: a few are enough.
constexpr std::size_t most_calls_as_owner = 32;
constexpr std::size_t most_calls_as_caller = 3;
/// On one function by one actor: one that refreshes statistics tells no more the thirtieth time.
constexpr std::chrono::seconds most_time_on_calls{4};

std::string call_of(const Function& function, const std::string& arguments) {
    return fmt::format("{} {}({})",
                       function.is_procedure ? "call"
                       : function.is_record  ? "select"
                                             : "select * from",
                       function.call, arguments);
}

}  // namespace

void Scene::add_calls(std::vector<Question>& questions) {
    for (const auto& function : setting_.subject.functions) {
        if (!setting_.rights.functions.contains(function.oid) || !function.is_callable ||
            function.language == "internal") {
            continue;
        }
        const auto most = function.is_definer ? most_calls_as_owner : most_calls_as_caller;
        std::vector<std::string> lists;
        // An argument that has a default may be given all the same.
        for (const auto arity : std::set<std::size_t>{function.needed, function.arguments.size()}) {
            for (std::size_t index = 0; index < setting_.islands.tenants.size(); ++index) {
                if (actor_.is_tenant() && index == actor_.tenant) {
                    continue;
                }
                auto guesses = guesses_for(function, arity, tenant(index), most);
                for (auto& list : guesses.lists) {
                    if (!has(lists, list)) {
                        lists.push_back(std::move(list));
                    }
                }
                if (function.is_definer && !guesses.missing.empty()) {
                    mark(function.label, "call", Mark::untried,
                         "nothing but NULL was found for " + guesses.missing);
                } else if (function.is_definer && guesses.is_cut) {
                    mark(function.label, "call", Mark::untried,
                         "there are more values than were tried");
                }
            }
        }
        for (const auto& list : lists) {
            questions.push_back(
                {Question::Kind::function, call_of(function, list), nullptr, &function});
        }
    }
}

Outcome Scene::call(const Question& question, const std::function<void(const Outcome&)>& inspect) {
    auto& spent = spent_[question.function];
    if (spent > most_time_on_calls) {
        Outcome outcome;
        outcome.sqlstate = pg::sqlstate::query_canceled;
        outcome.message =
            fmt::format("its calls take long: stopped after {}", human(most_time_on_calls));
        mark(question.function->label, "call", Mark::untried, outcome.message);
        return outcome;
    }
    const Stopwatch watch;
    auto outcome = stage_.attempt(question.sql, {}, inspect);
    spent += watch.elapsed();
    return outcome;
}

/// One call that is answered shows what the function does; refusals of guesses show nothing.
void Scene::note_call(const Function& function, const Cell& cell) {
    auto& known = calls_.try_emplace(&function, cell).first->second;
    if (cell.mark == Mark::held) {
        known = cell;
    }
}

void Scene::note_calls() {
    for (const auto& [function, cell] : calls_) {
        // What runs with the rights of its caller shows nothing else.
        mark(function->label, "call", function->is_definer ? cell.mark : Mark::held, cell.why);
    }
}

/// A function that changes something is called once more, to see whose rows it changed.
void Scene::try_effects(const Question& question) {
    if (!question.function->is_volatile || !question.function->is_definer) {
        return;
    }
    Effects effects;
    call(question, [&](const Outcome&) { effects = this->effects(); });
    if (!effects.victim) {
        return;
    }
    mark(question.function->label, "call", Mark::leaked);
    Finding finding{"call", question.function->label};
    finding.remedy =
        "let it compare the row's tenant with the setting, or make it SECURITY INVOKER";
    Draft draft;
    draft.statement = question.sql;
    report_effects(std::move(finding), effects, std::move(draft));
}

}  // namespace caisson::isolation

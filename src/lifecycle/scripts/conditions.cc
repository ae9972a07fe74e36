// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/conditions.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace caisson::scripts {

std::optional<bool> boolean_of(std::string_view text) {
    const auto word = lower(text);
    const auto begins = [&](std::string_view whole, std::size_t least) {
        return word.size() >= least && word.size() <= whole.size() &&
               whole.substr(0, word.size()) == word;
    };
    if (begins("true", 1) || begins("yes", 1) || begins("on", 2) || word == "1") {
        return true;
    }
    if (begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0") {
        return false;
    }
    return std::nullopt;
}

void Conditions::begin(bool condition, const sql::Query& query) {
    const auto state = !is_active() ? State::ignored : condition ? State::taken : State::untaken;
    levels_.push_back({state, {}});
    if (!is_taken(state)) {
        levels_.back().saved = query;
    }
}

void Conditions::move(State state, const sql::Query& query, std::optional<sql::Query>& restored) {
    auto& level = levels_.back();
    if (!is_taken(level.state)) {
        restored = level.saved;
    }
    if (!is_taken(state)) {
        level.saved = restored ? *restored : query;
    }
    level.state = state;
}

Conditions::Fault Conditions::turn(bool condition, const sql::Query& query,
                                   std::optional<sql::Query>& restored) {
    if (levels_.empty()) {
        return Fault::no_if;
    }
    switch (levels_.back().state) {
        case State::untaken:
            move(condition ? State::taken : State::untaken, query, restored);
            return Fault::none;
        case State::taken:
        case State::ignored:
            move(State::ignored, query, restored);
            return Fault::none;
        default:
            return Fault::after_else;
    }
}

Conditions::Fault Conditions::otherwise(const sql::Query& query,
                                        std::optional<sql::Query>& restored) {
    if (levels_.empty()) {
        return Fault::no_if;
    }
    switch (levels_.back().state) {
        case State::untaken:
            move(State::else_taken, query, restored);
            return Fault::none;
        case State::taken:
        case State::ignored:
            move(State::else_untaken, query, restored);
            return Fault::none;
        default:
            return Fault::after_else;
    }
}

Conditions::Fault Conditions::end(std::optional<sql::Query>& restored) {
    if (levels_.empty()) {
        return Fault::no_if;
    }
    if (!is_taken(levels_.back().state)) {
        restored = std::move(levels_.back().saved);
    }
    levels_.pop_back();
    return Fault::none;
}

}  // namespace caisson::scripts

// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "base/error.h"
#include "serving/cache/cache_state.h"
#include "serving/cache/marks.h"

namespace caisson::cache {

namespace asio = boost::asio;

namespace {

/// More tags, and the process begins anew.
constexpr std::size_t most_tags = 100'000;

std::vector<std::string> texts_of(const boost::json::object& message, std::string_view name) {
    std::vector<std::string> texts;
    const auto* const all = message.if_contains(name);
    for (const auto& one : all && all->is_array() ? all->get_array() : boost::json::array()) {
        if (const auto* const text = one.if_string()) {
            texts.emplace_back(*text);
        }
    }
    return texts;
}

}  // namespace

asio::awaitable<void> Cache::State::listen(std::shared_ptr<State> self) {
    while (!self->is_closed) {
        const auto message = co_await self->subscriber.next();
        if (message.is_closed) {
            co_return;
        }
        if (message.is_gap) {
            self->forget_all();
            self->last_word = {};
        } else {
            self->hear(message.payload);
        }
    }
}

void Cache::State::forget_all() {
    ++gaps;
    ++heard;
    local.clear();
    changed.clear();
    told.clear();
    oldest_open = 0;
    // Flights that began before end with values that nobody keeps.
    changed[""] = heard;
}

void Cache::State::forget(std::vector<std::string> tags) {
    if (changed.size() + tags.size() > most_tags) {
        forget_all();
    }
    heard += tags.empty() ? 0 : 1;
    for (auto& tag : tags) {
        if (!tag.starts_with("pattern|")) {
            changed[std::move(tag)] = heard;
            continue;
        }
        for (std::size_t i = 0; i < figures.size(); ++i) {
            if (tag == pattern_tag(figures[i].pattern)) {
                flushed[i] = heard;
            }
        }
    }
}

/// {"reset": bool, "open": "oldest open transaction", "told": ["…"], "tags": ["…"]}
/// or {"written": true, "tags": ["…"]}, or {"warm": true}
void Cache::State::hear(const std::string& message) {
    boost::system::error_code failure;
    const auto parsed = boost::json::parse(message, failure);
    const auto* const object = failure ? nullptr : parsed.if_object();
    if (!object) {
        forget_all();
        return;
    }
    const auto number_of = [](const boost::json::value& text) {
        std::uint64_t number = 0;
        if (const auto* const string = text.if_string()) {
            std::from_chars(string->data(), string->data() + string->size(), number);
        }
        return number;
    };
    if (object->contains("warm")) {
        if (is_warming == 0 && !is_closed) {
            asio::co_spawn(executor, warm(shared_from_this(), {}), asio::detached);
        }
        return;
    }
    if (object->contains("written")) {
        // A writer's own word, beside that of who carries changes; it says nothing of the others.
        forget(texts_of(*object, "tags"));
        return;
    }
    if (const auto* const reset = object->if_contains("reset");
        reset && reset->is_bool() && reset->get_bool()) {
        forget_all();
    }
    forget(texts_of(*object, "tags"));
    if (const auto* const all = object->if_contains("told"); all && all->is_array()) {
        for (const auto& one : all->get_array()) {
            told.insert(number_of(one));
        }
    }
    if (const auto* const open = object->if_contains("open")) {
        oldest_open = number_of(*open);
        std::erase_if(told, [&](std::uint64_t one) { return one < oldest_open; });
    }
    last_word = Steady::now();
    must_hear = false;
}

bool Cache::State::notice_connection() {
    const auto before = std::exchange(connections, client.stats().connected);
    if (before == 0 || before == connections) {
        return false;
    }
    forget_all();
    last_word = {};
    must_hear = true;
    return true;
}

bool Cache::State::hears() const {
    return subscriber.is_connected() && Steady::now() - last_word < options.trust;
}

bool Cache::State::is_old_here(const Key& key, const Value& value) const {
    if (flushed[key.pattern()] > value.heard) {
        return true;
    }
    if (key.tags().empty() || changed.empty()) {
        return false;
    }
    const auto is_newer = [&](const std::string& tag) {
        const auto found = changed.find(tag);
        return found != changed.end() && found->second > value.heard;
    };
    if (is_newer("")) {
        return true;
    }
    for (const auto& tag : key.tags()) {
        if (is_newer(tag)) {
            return true;
        }
    }
    return false;
}

bool Cache::State::knows(const WriteToken& token) const {
    return token.transaction == 0 ||
           (hears() && (token.transaction < oldest_open || told.contains(token.transaction)));
}

}  // namespace caisson::cache

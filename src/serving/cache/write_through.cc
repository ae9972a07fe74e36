// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/write_through.h"

#include <algorithm>
#include <charconv>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "serving/cache/cache_state.h"
#include "serving/cache/marks.h"

namespace caisson::cache {

namespace asio = boost::asio;

namespace {

const redis::Script& written_script() {
    static const redis::Script script(written_text);
    return script;
}

/// A line for each statement, as caisson.cache_note() writes them: ["table", {"column": ["…"]}].
Changes read_changes(const pg::Rows& rows) {
    Changes changes;
    const auto transaction = rows.front().get<std::string>(0);
    std::from_chars(transaction.data(), transaction.data() + transaction.size(),
                    changes.token.transaction);
    const auto said = rows.front().get<std::string>(1);
    for (const auto& line : split(said, '\n')) {
        boost::system::error_code failure;
        const auto change = boost::json::parse(line, failure);
        const auto* const parts = failure ? nullptr : change.if_array();
        if (!parts || parts->size() != 2 || !parts->at(0).is_string()) {
            continue;  // "many", or the end.
        }
        const auto& of = parts->at(1);
        add_tags(changes.tags, std::string(parts->at(0).get_string()),
                 of.is_object() ? std::optional(boost::json::serialize(of)) : std::nullopt);
    }
    std::ranges::sort(changes.tags);
    const auto repeated = std::ranges::unique(changes.tags);
    changes.tags.erase(repeated.begin(), repeated.end());
    return changes;
}

}  // namespace

pg::Call<Changes> changes_of_transaction() {
    static const pg::Statement statement(
        "select coalesce(pg_current_xact_id_if_assigned()::text, ''), "
        "coalesce(current_setting('caisson.cache_changes', true), '')");
    return {statement, pg::Arguments(), &read_changes};
}

/// It is forgotten twice: before, for who asks meanwhile, and after, because Redis may have served
/// a value of before until it was told.
asio::awaitable<void> Cache::tell(Changes changes) {
    const auto state = state_;
    if (changes.tags.empty()) {
        co_return;
    }
    state->forget(changes.tags);
    if (state->breaker.allows(State::Steady::now())) {
        std::vector<std::string> keys;
        keys.emplace_back(marks_key);
        std::vector<std::string> arguments;
        arguments.emplace_back(channel);
        arguments.push_back(written_message(changes.tags));
        arguments.insert(arguments.end(), changes.tags.begin(), changes.tags.end());
        try {
            co_await state->client.evaluate(written_script(), std::move(keys),
                                            std::move(arguments));
            state->breaker.succeeded();
        } catch (const Error&) {
            // What is committed is committed, and told by others.
            state->breaker.failed(State::Steady::now());
        } catch (const std::exception&) {
            // The caller was cancelled, which says nothing of Redis.
        }
    }
    state->forget(std::move(changes.tags));
}

}  // namespace caisson::cache

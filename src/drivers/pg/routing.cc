// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/routing.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace caisson::pg {
namespace {

template <typename Number>
bool read(std::string_view text, Number& number, int base) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string WriteToken::text() const {
    return fmt::format("{}:{:X}/{:X}", timeline, position >> 32, position & 0xFFFFFFFF);
}

std::optional<WriteToken> WriteToken::parse(std::string_view text) {
    // It comes from outside: nothing longer than the longest one is looked at.
    if (text.size() > longest_text) {
        return std::nullopt;
    }
    const auto colon = text.find(':');
    const auto slash = text.find('/');
    if (colon == std::string_view::npos || slash == std::string_view::npos || slash < colon) {
        return std::nullopt;
    }
    WriteToken token;
    std::uint32_t high = 0;
    std::uint32_t low = 0;
    if (!read(text.substr(0, colon), token.timeline, 10) ||
        !read(text.substr(colon + 1, slash - colon - 1), high, 16) ||
        !read(text.substr(slash + 1), low, 16) || token.timeline == 0) {
        return std::nullopt;
    }
    token.position = (std::uint64_t{high} << 32) | low;
    // One moment has one text, so that whoever compares texts compares moments.
    return token.text() == text ? std::optional(token) : std::nullopt;
}

namespace routing {
namespace {

bool is_new_enough(const Host& replica, const Host* primary, const Wanted& wanted,
                   Clock::time_point now) {
    if (wanted.after) {
        // The position says something only on the token's own timeline or a later one: a replica
        // that still follows an old timeline may be further on it, and lack the write.
        if (replica.timeline < wanted.after->timeline ||
            replica.position < wanted.after->position) {
            return false;
        }
    }
    const auto& bound = *wanted.staleness;
    if (bound.time != std::chrono::milliseconds::max() &&
        (replica.current == Clock::time_point{} || now - replica.current > bound.time)) {
        return false;
    }
    if (bound.bytes != std::numeric_limits<std::uint64_t>::max()) {
        // Positions of another timeline than the primary's say nothing of its log.
        return primary && replica.is_linked && replica.timeline >= primary->timeline &&
               (primary->position <= replica.position ||
                primary->position - replica.position <= bound.bytes);
    }
    return true;
}

}  // namespace

std::optional<std::size_t> choose_primary(const std::vector<Host>& hosts, std::uint32_t newest) {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (hosts[i].role == Host::Role::primary && hosts[i].timeline >= newest &&
            (!best || hosts[i].timeline > hosts[*best].timeline)) {
            best = i;
        }
    }
    return best;
}

std::optional<std::size_t> choose_reader(const std::vector<Host>& hosts, const Wanted& wanted,
                                         std::uint32_t newest, Clock::time_point now,
                                         std::size_t turn, const std::vector<bool>& without) {
    const auto primary = choose_primary(hosts, newest);
    std::optional<std::size_t> best;
    if (wanted.staleness) {
        for (std::size_t k = 0; k < hosts.size(); ++k) {
            const auto i = (turn + k) % hosts.size();
            const auto& host = hosts[i];
            if (host.role == Host::Role::replica && !host.is_broken && !without[i] &&
                is_new_enough(host, primary ? &hosts[*primary] : nullptr, wanted, now) &&
                (!best || host.load < hosts[*best].load)) {
                best = i;
            }
        }
    }
    const bool has_token =
        primary && (!wanted.after || hosts[*primary].timeline >= wanted.after->timeline);
    if (!best && has_token && !without[*primary]) {
        best = primary;
    }
    return best;
}

void LogHistory::note(std::uint32_t timeline, std::uint64_t position, Clock::time_point at) {
    if (timeline != timeline_) {
        samples_.clear();
        timeline_ = timeline;
    }
    if (!samples_.empty() && position <= samples_.back().position) {
        samples_.back().at = std::max(samples_.back().at, at);  // Nothing was written since.
        return;
    }
    samples_.push_back({position, at});
    if (samples_.size() > most_) {
        samples_.pop_front();
    }
}

std::optional<Clock::time_point> LogHistory::current_at(std::uint64_t position) const {
    const auto after =
        std::ranges::upper_bound(samples_, position, {}, [](const auto& s) { return s.position; });
    return after == samples_.begin() ? std::nullopt : std::optional(std::prev(after)->at);
}

}  // namespace routing
}  // namespace caisson::pg

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Where a request may go, among hosts whose state is known as of their last probe. Pure.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::pg {

/// A moment of the log after which a write is stored. Whoever carries it to a read gets rows that
/// are at least as new; a write that a fail-over lost, as it may where replicas are asynchronous,
/// is lost all the same. Ordered by nothing: moments of different timelines cannot be
/// compared by their positions alone.
struct WriteToken {
    std::uint32_t timeline = 0;
    std::uint64_t position = 0;  ///< Bytes from the beginning of the log (an LSN).

    /// "4294967295:FFFFFFFF/FFFFFFFF"
    static constexpr std::size_t longest_text = 28;

    /// "2:0/16B3748": fit for a header (docs name it Caisson-Write-Token) or a cookie.
    std::string text() const;
    /// Nothing for anything but what text() writes, to the letter.
    static std::optional<WriteToken> parse(std::string_view text);
    bool operator==(const WriteToken&) const = default;
};

/// How far behind the primary a read may be. Both bounds hold.
struct Staleness {
    /// Since the last moment at which the replica is known to have had everything. It is known to
    /// within a probe interval, so bounds below that send all reads to the primary.
    std::chrono::milliseconds time = std::chrono::milliseconds::max();
    /// Of the log, as it was when the primary was last looked at.
    std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
};

namespace routing {

using Clock = std::chrono::steady_clock;

struct Host {
    enum class Role : std::uint8_t { unreachable, primary, replica };
    Role role = Role::unreachable;
    std::uint32_t timeline = 0;   ///< That it writes or has certainly replayed; 0: not known.
    std::uint64_t position = 0;   ///< Written by a primary, replayed by a replica.
    bool is_linked = false;       ///< A replica that receives.
    bool is_broken = false;       ///< Requests failed there since the last probe.
    Clock::time_point current{};  ///< When a replica certainly had everything.
    std::size_t load = 0;         ///< Requests that it has at the moment.
};

/// What a read asks for.
struct Wanted {
    std::optional<Staleness> staleness;  ///< Nothing: the primary.
    std::optional<WriteToken> after;
};

/// The primary: of several that say they are one, that of the newest timeline, for the others were
/// left behind by a fail-over; and none of a timeline before `newest`, the newest ever seen, even
/// while nobody else is there. Nothing when there is none.
std::optional<std::size_t> choose_primary(const std::vector<Host>& hosts, std::uint32_t newest);

/// The least loaded replica that is as new as is asked for; where there is none, the primary,
/// unless it is behind a token of a newer timeline. `turn` decides between equals. Nothing when
/// nobody fits.
std::optional<std::size_t> choose_reader(const std::vector<Host>& hosts, const Wanted& wanted,
                                         std::uint32_t newest, Clock::time_point now,
                                         std::size_t turn, const std::vector<bool>& without);

/// Remembers when the primary's log was how long, to tell since when a replica lacks something.
class LogHistory {
 public:
    explicit LogHistory(std::size_t most = 4096) : most_(most) {}
    /// The primary's log was at `position` at `at`. A new timeline forgets the old one.
    void note(std::uint32_t timeline, std::uint64_t position, Clock::time_point at);
    /// The last known moment at which everything was before `position`.
    std::optional<Clock::time_point> current_at(std::uint64_t position) const;
    std::uint64_t newest() const { return samples_.empty() ? 0 : samples_.back().position; }
    std::uint32_t timeline() const { return timeline_; }

 private:
    struct Sample {
        std::uint64_t position;
        Clock::time_point at;
    };
    std::deque<Sample> samples_;  ///< Each of a greater position than the one before.
    std::uint32_t timeline_ = 0;
    std::size_t most_;
};

}  // namespace routing
}  // namespace caisson::pg

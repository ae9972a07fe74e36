// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/retention/lineup.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::backups::retention {
namespace {

using std::chrono::seconds;

/// How far clocks of several hosts may be apart.
constexpr seconds tolerance = std::chrono::minutes(5);

std::optional<Member> member_of(const Set& set) {
    const auto finished = parse_moment(set.finished);
    const auto started = parse_moment(set.started);
    if (!finished || !started) {
        return std::nullopt;
    }
    Member member;
    member.set = &set;
    member.finished = *finished;
    // A dump shows the moment at which it began, a cluster is consistent at its end.
    member.reaches = set.is_physical() ? *finished : *started;
    member.stands_alone = set.prior.empty() && (set.is_self_contained || !set.is_physical());
    return member;
}

void link(Lineup& lineup) {
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < lineup.size(); ++i) {
        places[lineup[i].set->id] = i;
    }
    for (auto& member : lineup.members) {
        const auto found = places.find(member.set->prior);
        if (found != places.end()) {
            member.prior = found->second;
        }
    }
    for (auto& member : lineup.members) {
        // As many steps as there are members: a chain that bites its tail has no end.
        const Member* at = &member;
        for (std::size_t step = 0; step <= lineup.size() && at->prior; ++step) {
            at = &lineup.members[*at->prior];
        }
        member.is_whole = at->set->prior.empty();
    }
}

/// A gap before one of the newest sets that is ten times what was usual before it: an outage, or a
/// clock that runs years ahead. Retention itself makes gaps only among older sets, where they are
/// larger the older they are.
std::optional<std::string> leap_in(const Lineup& lineup) {
    constexpr std::size_t newest_gaps = 3;
    constexpr std::size_t usual_gaps = 10;
    const auto size = lineup.size();
    for (std::size_t i = size - std::min(size, newest_gaps); i < size; ++i) {
        std::vector<seconds> before;
        for (std::size_t k = i; k-- > 1 && before.size() < usual_gaps;) {
            before.push_back(lineup[k].finished - lineup[k - 1].finished);
        }
        if (before.empty()) {
            continue;
        }
        const auto middle = before.begin() + static_cast<std::ptrdiff_t>(before.size() / 2);
        std::nth_element(before.begin(), middle, before.end());
        const auto gap = lineup[i].finished - lineup[i - 1].finished;
        if (gap > std::max<seconds>(std::chrono::days(2), 10 * *middle)) {
            return fmt::format(
                "{} ended {} days after the set before it, far more than was usual: the clock may "
                "have jumped; three more sets settle it",
                lineup[i].set->id, std::chrono::floor<std::chrono::days>(gap).count());
        }
    }
    return std::nullopt;
}

void doubt_the_clock(Lineup& lineup, Moment now) {
    if (lineup.members.empty()) {
        return;
    }
    const auto& last = lineup.members.back();
    if (last.finished > now + tolerance) {
        lineup.doubts.push_back(
            fmt::format("{} ended at {}, and it is only {} now: a clock has jumped", last.set->id,
                        minute_text(last.finished), minute_text(now)));
    }
    if (auto leap = leap_in(lineup)) {
        lineup.doubts.push_back(std::move(*leap));
    }
}

}  // namespace

std::optional<std::size_t> Lineup::find(const std::string& id) const {
    const auto found =
        std::ranges::find_if(members, [&](const Member& member) { return member.set->id == id; });
    return found == members.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - members.begin()));
}

std::vector<std::size_t> Lineup::below(std::size_t member) const {
    std::vector<std::size_t> chain;
    for (auto prior = members[member].prior; prior && chain.size() < size();
         prior = members[*prior].prior) {
        chain.push_back(*prior);
    }
    return chain;
}

std::optional<Moment> Lineup::newest() const {
    const auto found = std::find_if(members.rbegin(), members.rend(),
                                    [](const Member& member) { return member.is_whole; });
    return found == members.rend() ? std::nullopt : std::optional(found->finished);
}

Lineup line_up(const std::vector<Found>& sets, Moment now) {
    Lineup lineup;
    for (const auto& found : sets) {
        if (!found.mistake.empty()) {
            lineup.doubts.push_back(
                fmt::format("the manifest of {} cannot be read: {}", found.set.id, found.mistake));
        } else if (auto member = member_of(found.set)) {
            lineup.members.push_back(*member);
        } else {
            lineup.doubts.push_back(
                fmt::format("the manifest of {} does not say when it was made", found.set.id));
        }
    }
    std::ranges::stable_sort(lineup.members, [](const Member& left, const Member& right) {
        return std::tie(left.finished, left.set->id) < std::tie(right.finished, right.set->id);
    });
    link(lineup);
    doubt_the_clock(lineup, now);
    return lineup;
}

}  // namespace caisson::backups::retention

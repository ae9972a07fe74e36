// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/shard.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace caisson::cache {
namespace {

/// What an entry takes beside its key and bytes: itself, the value, its place in the table.
constexpr std::size_t overhead = 240;

}  // namespace

Shard::~Shard() { clear(); }

Shard::Entry* Shard::make(std::uint64_t hash, std::string_view key, Held value) {
    auto* const place = ::operator new(sizeof(Entry) + key.size());
    auto* const entry = new (place) Entry();
    entry->hash = hash;
    entry->expires = value->expires;
    entry->bytes = overhead + key.size() + value->bytes.size();
    entry->value = std::move(value);
    entry->key_size = static_cast<std::uint32_t>(key.size());
    std::memcpy(static_cast<void*>(entry + 1), key.data(), key.size());
    return entry;
}

void Shard::destroy(Entry* entry) {
    entry->~Entry();
    ::operator delete(entry);
}

Shard::List& Shard::list_of(Region region) {
    return region == Region::window      ? window_
           : region == Region::probation ? probation_
                                         : protected_;
}

void Shard::set_budget(std::size_t bytes) {
    budget_ = bytes;
    window_budget_ = bytes / 100;
    protected_budget_ = (bytes - window_budget_) / 5 * 4;
    step_ = -0.0625 * static_cast<double>(bytes);
}

void Shard::push(Entry& entry, Region region) {
    entry.region = region;
    auto& list = list_of(region);
    entry.newer = nullptr;
    entry.older = list.newest;
    (list.newest ? list.newest->newer : list.oldest) = &entry;
    list.newest = &entry;
    list.bytes += entry.bytes;
}

void Shard::unlink(Entry& entry) {
    auto& list = list_of(entry.region);
    (entry.newer ? entry.newer->older : list.newest) = entry.older;
    (entry.older ? entry.older->newer : list.oldest) = entry.newer;
    list.bytes -= entry.bytes;
}

Shard::Entry* Shard::find(std::uint64_t hash, std::string_view key) const {
    if (buckets_.empty()) {
        return nullptr;
    }
    auto* entry = buckets_[hash & (buckets_.size() - 1)];
    while (entry && (entry->hash != hash || entry->key() != key)) {
        entry = entry->next_in_bucket;
    }
    return entry;
}

void Shard::insert(Entry& entry) {
    auto& bucket = buckets_[entry.hash & (buckets_.size() - 1)];
    entry.next_in_bucket = bucket;
    bucket = &entry;
}

void Shard::grow() {
    auto old = std::exchange(buckets_,
                             std::vector<Entry*>(std::max<std::size_t>(buckets_.size() * 2, 16)));
    for (auto* entry : old) {
        while (entry) {
            auto* const next = entry->next_in_bucket;
            insert(*entry);
            entry = next;
        }
    }
    frequency_.make_room(buckets_.size());
}

void Shard::erase(Entry* entry) {
    auto** place = &buckets_[entry->hash & (buckets_.size() - 1)];
    while (*place != entry) {
        place = &(*place)->next_in_bucket;
    }
    *place = entry->next_in_bucket;
    unlink(*entry);
    --entries_;
    destroy(entry);
}

void Shard::move(Entry& entry, Region region) {
    entry.was_hit = false;
    unlink(entry);
    push(entry, region);
}

/// The oldest of a list that was not hit since it came there. One that was hit comes back as the
/// newest, and out of probation it becomes protected.
Shard::Entry* Shard::next_of(Region region) {
    auto& list = list_of(region);
    while (list.oldest && list.oldest->was_hit) {
        move(*list.oldest, region == Region::probation ? Region::protection : region);
    }
    return list.oldest;
}

/// What goes first of all that is behind the window: none, when nothing is there.
Shard::Entry* Shard::next_victim() {
    auto* const victim = next_of(Region::probation);
    while (protected_.bytes > protected_budget_ && protected_.oldest != protected_.newest) {
        move(*next_of(Region::protection), Region::probation);
    }
    return victim ? victim : probation_.oldest ? probation_.oldest : next_of(Region::protection);
}

Held Shard::get(std::uint64_t hash, std::string_view key, Time now) {
    frequency_.fetch(hash);
    auto* const entry = find(hash, key);
    frequency_.see(hash);
    if (!entry || entry->expires <= now) {
        if (entry) {
            erase(entry);
        }
        ++misses_;
        learn(false);
        return nullptr;
    }
    if (!entry->was_hit) {
        entry->was_hit = true;
    }
    ++hits_;
    learn(true);
    return entry->value;
}

void Shard::put(std::uint64_t hash, std::string_view key, Held value, Time now) {
    if (auto* const old = find(hash, key)) {
        erase(old);
    }
    const auto bytes = overhead + key.size() + value->bytes.size();
    if (value->expires <= now || bytes > budget_ ||
        key.size() > std::numeric_limits<std::uint32_t>::max()) {
        return;
    }
    drop_some_expired(now);
    if (entries_ >= buckets_.size()) {
        grow();
    }
    auto* const entry = make(hash, key, std::move(value));
    insert(*entry);
    push(*entry, Region::window);
    ++entries_;
    make_fit();
}

/// What leaves the window goes to probation while there is room, and else only if it is seen more
/// often than what would have to go for it.
void Shard::make_fit() {
    while (window_.bytes > window_budget_ && window_.oldest) {
        auto& candidate = *next_of(Region::window);
        if (bytes() <= budget_) {
            move(candidate, Region::probation);
        } else if (may_enter(candidate)) {
            while (bytes() > budget_) {
                erase(next_victim());
                ++evicted_;
            }
        } else {
            erase(&candidate);
            ++evicted_;
        }
    }
    // The window was allowed more than it had: the main part makes room.
    while (bytes() > budget_) {
        auto* const victim = next_victim();
        erase(victim ? victim : window_.oldest);
        ++evicted_;
    }
}

bool Shard::may_enter(const Entry& candidate) {
    const auto own = frequency_.of(candidate.hash);
    std::size_t freed = 0;
    unsigned others = 0;
    const auto* victim = next_victim();
    while (bytes() - freed > budget_) {
        if (!victim) {
            return false;
        }
        others += frequency_.of(victim->hash);
        if (others >= own) {
            return false;
        }
        freed += victim->bytes;
        victim = victim->newer || victim->region == Region::protection ? victim->newer
                                                                       : protected_.oldest;
    }
    return true;
}

/// Two places of the table at each call: what nobody asks for any more does not stay.
void Shard::drop_some_expired(Time now) {
    for (int i = 0; i < 2 && !buckets_.empty(); ++i) {
        auto* entry = buckets_[hand_++ & (buckets_.size() - 1)];
        while (entry) {
            auto* const next = entry->next_in_bucket;
            if (entry->expires <= now) {
                erase(entry);
            }
            entry = next;
        }
    }
}

void Shard::learn(bool was_hit) {
    period_hits_ += was_hit ? 1 : 0;
    // Enough that chance alone hardly moves the ratio.
    if (++period_requests_ >= std::max<std::size_t>(10 * entries_, 50'000)) {
        climb();
    }
}

/// The window grows or shrinks as long as that gives more hits, in smaller and smaller steps; a
/// sudden change of the hit ratio says that the world changed, and the steps are large again.
void Shard::climb() {
    const auto ratio = static_cast<double>(period_hits_) / static_cast<double>(period_requests_);
    period_hits_ = 0;
    period_requests_ = 0;
    if (last_ratio_ < 0) {
        last_ratio_ = ratio;
        return;
    }
    const auto change = ratio - std::exchange(last_ratio_, ratio);
    const auto whole = static_cast<double>(budget_);
    const auto direction = (change >= 0) == (step_ >= 0) ? 1.0 : -1.0;
    step_ =
        std::abs(change) >= 0.05 ? direction * 0.0625 * whole : direction * 0.9 * std::abs(step_);
    const auto window =
        std::clamp(static_cast<double>(window_budget_) + step_, whole / 100, whole * 0.8);
    window_budget_ = static_cast<std::size_t>(window);
    protected_budget_ = (budget_ - window_budget_) / 5 * 4;
}

bool Shard::remove(std::uint64_t hash, std::string_view key) {
    auto* const entry = find(hash, key);
    if (entry) {
        erase(entry);
    }
    return entry != nullptr;
}

bool Shard::add_hottest(std::vector<std::pair<unsigned, std::string>>& hottest, std::size_t most,
                        std::size_t begin, std::size_t end) const {
    const auto order = [](const auto& a, const auto& b) { return a.first > b.first; };
    for (auto place = begin; place < std::min(end, buckets_.size()); ++place) {
        for (const auto* entry = buckets_[place]; entry; entry = entry->next_in_bucket) {
            // Of those that were seen as often as can be counted, what stayed.
            const bool stayed = entry->was_hit || entry->region == Region::protection;
            const auto seen = frequency_.of(entry->hash) + (stayed ? 1U : 0U);
            if (hottest.size() == most && (most == 0 || seen <= hottest.front().first)) {
                continue;
            }
            hottest.emplace_back(seen, entry->key());
            std::ranges::push_heap(hottest, order);
            if (hottest.size() > most) {
                std::ranges::pop_heap(hottest, order);
                hottest.pop_back();
            }
        }
    }
    return end < buckets_.size();
}

void Shard::clear() {
    for (auto* entry : std::exchange(buckets_, {})) {
        while (entry) {
            destroy(std::exchange(entry, entry->next_in_bucket));
        }
    }
    window_ = probation_ = protected_ = List();
    entries_ = 0;
}

}  // namespace caisson::cache

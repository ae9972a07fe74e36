// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/local.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <mutex>
#include <random>
#include <vector>

#include <time.h>

#include "serving/cache/shard.h"

namespace caisson::cache {
namespace {

/// Keys come from outside: with a number that nobody knows, nobody can choose keys that meet.
std::uint64_t hash_of(std::string_view key, std::uint64_t seed) {
    const auto mix = [](std::uint64_t a, std::uint64_t b) {
        __extension__ using Wide = unsigned __int128;
        const auto product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
    };
    constexpr std::uint64_t odd = 0xA0761D6478BD642FU;
    auto hash = seed ^ (key.size() * 0xE7037ED1A0B428DBU);
    const char* from = key.data();
    auto left = key.size();
    while (left >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, from, 8);
        hash = mix(hash ^ word, odd ^ seed);
        from += 8;
        left -= 8;
    }
    std::uint64_t last = 0;
    std::memcpy(&last, from, left);
    return mix(hash ^ last, 0x8EBC6AF09C88C6E3U) ^ hash;
}

constexpr std::size_t bytes_a_part = std::size_t{4} << 20U;
constexpr std::size_t most_parts = 64;
constexpr std::size_t buckets_a_step = 1024;

}  // namespace

struct Local::Parts {
    struct alignas(64) Part {
        std::mutex mutex;
        Shard shard;
    };
    explicit Parts(std::size_t number) : parts(number) {}
    std::vector<Part> parts;
    std::size_t bytes = 0;
    std::uint64_t seed = (std::uint64_t{std::random_device{}()} << 32U) | std::random_device{}();

    Part& part_of(std::uint64_t hash) { return parts[(hash >> 48U) & (parts.size() - 1)]; }
};

Local::Local(std::size_t bytes, std::size_t parts) {
    if (parts == 0) {
        parts = std::clamp<std::size_t>(bytes / bytes_a_part, 1, most_parts);
    }
    parts_ = std::make_unique<Parts>(std::bit_ceil(parts));
    parts_->bytes = bytes;
    for (auto& part : parts_->parts) {
        part.shard.set_budget(bytes / parts_->parts.size());
    }
}

Local::Local(Local&&) noexcept = default;
Local& Local::operator=(Local&&) noexcept = default;
Local::~Local() = default;

Value::Clock::time_point Local::now() {
    // The kernel's last tick, which takes a fraction of the time; a tick is 10 ms at most.
    timespec tick{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &tick);
    return Value::Clock::time_point(
        std::chrono::duration_cast<Value::Clock::duration>(std::chrono::seconds(tick.tv_sec) +
                                                           std::chrono::nanoseconds(tick.tv_nsec)) +
        std::chrono::milliseconds(10));
}

Held Local::get(std::string_view key, Value::Clock::time_point now) {
    const auto hash = hash_of(key, parts_->seed);
    auto& part = parts_->part_of(hash);
    const std::lock_guard lock(part.mutex);
    return part.shard.get(hash, key, now);
}

void Local::put(std::string_view key, Held value, Value::Clock::time_point now) {
    const auto hash = hash_of(key, parts_->seed);
    auto& part = parts_->part_of(hash);
    const std::lock_guard lock(part.mutex);
    part.shard.put(hash, key, std::move(value), now);
}

bool Local::remove(std::string_view key) {
    const auto hash = hash_of(key, parts_->seed);
    auto& part = parts_->part_of(hash);
    const std::lock_guard lock(part.mutex);
    return part.shard.remove(hash, key);
}

void Local::clear() {
    for (auto& part : parts_->parts) {
        const std::lock_guard lock(part.mutex);
        part.shard.clear();
    }
}

std::vector<HotName> Local::hottest(std::size_t most) const {
    Hottest search(*this, most);
    while (search.step()) {
    }
    return search.take();
}

bool Hottest::step() {
    auto& parts = local_.parts_->parts;
    if (part_ == parts.size()) {
        return false;
    }
    auto& part = parts[part_];
    const std::lock_guard lock(part.mutex);
    const auto end = bucket_ + buckets_a_step;
    const bool has_more = part.shard.add_hottest(found_, most_, bucket_, end);
    bucket_ = has_more ? end : 0;
    part_ += has_more ? 0 : 1;
    return true;
}

std::vector<HotName> Hottest::take() {
    // A table that grew meanwhile was in part seen twice.
    std::ranges::sort(found_, {}, &HotName::second);
    const auto twice = std::ranges::unique(found_, {}, &HotName::second);
    found_.erase(twice.begin(), twice.end());
    std::ranges::stable_sort(found_, std::ranges::greater(), &HotName::first);
    return std::move(found_);
}

LocalStats Local::stats() const {
    LocalStats stats;
    for (auto& part : parts_->parts) {
        const std::lock_guard lock(part.mutex);
        stats.entries += part.shard.entries();
        stats.bytes += part.shard.bytes();
        stats.hits += part.shard.hits();
        stats.misses += part.shard.misses();
        stats.evicted += part.shard.evicted();
    }
    return stats;
}

std::size_t Local::budget() const { return parts_->bytes; }

}  // namespace caisson::cache

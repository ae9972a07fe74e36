// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/tally.h"

#include <algorithm>

namespace caisson::cache {
namespace {

constexpr std::size_t most_notable = 10;

/// Keeps the ten highest, highest first; of equals the first by name, so that two runs agree.
void keep(std::vector<NotableKey>& list, std::uint64_t value, const std::string& key,
          const std::string& pattern) {
    const auto comes_before = [](const NotableKey& a, const NotableKey& b) {
        return a.value != b.value ? a.value > b.value : a.key < b.key;
    };
    if (list.size() == most_notable && value < list.back().value) {
        return;
    }
    NotableKey notable{key, pattern, value};
    list.insert(std::upper_bound(list.begin(), list.end(), notable, comes_before),
                std::move(notable));
    list.resize(std::min(list.size(), most_notable));
}

}  // namespace

Tally::Tally(const std::vector<platform::CacheKey>& keys, std::uint64_t sample) : sample_(sample) {
    for (const auto& key : keys) {
        patterns_.emplace_back().declared = key;
    }
}

Standing Tally::add(const KeyFacts& facts) {
    static const std::string no_pattern;
    ++keys_;
    auto* const pattern = facts.pattern ? &patterns_[*facts.pattern] : nullptr;
    const auto& name = pattern ? pattern->declared.pattern : no_pattern;
    const auto bytes = facts.bytes.value_or(0) * sample_;
    if (facts.bytes) {
        keep(largest_, *facts.bytes, facts.key, name);
    }
    if (facts.frequency) {
        keep(hottest_, *facts.frequency, facts.key, name);
    }
    if (!pattern) {
        unknown_.add(facts.key, facts.time_to_live.has_value(), bytes);
        return Standing::unknown;
    }
    ++pattern->keys;
    pattern->bytes += bytes;
    pattern->largest = std::max(pattern->largest, facts.bytes.value_or(0));
    const auto standing = judge(facts.time_to_live, pattern->declared.ttl);
    pattern->missing += standing == Standing::missing ? 1 : 0;
    pattern->too_long += standing == Standing::too_long ? 1 : 0;
    pattern->mortal += standing == Standing::mortal ? 1 : 0;
    return standing;
}

void Tally::cleaned(std::size_t pattern, Remedy remedy, bool overtaken) {
    auto& count = patterns_[pattern];
    auto& cleaned = remedy == Remedy::set       ? count.set
                    : remedy == Remedy::shorten ? count.shortened
                                                : count.removed;
    ++(overtaken ? cleaned.overtaken : cleaned.done);
}

Report Tally::report() const {
    Report report;
    report.patterns = patterns_;
    report.unknown = unknown_.shapes();
    report.largest = largest_;
    report.hottest = hottest_;
    report.keys = keys_;
    report.sample = sample_;
    return report;
}

}  // namespace caisson::cache

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/draw.h"

#include <string>

#include <fmt/format.h>

#include "base/crypto.h"
#include "lifecycle/scale/decimal.h"

namespace caisson::scale {

Key key_of(std::int64_t seed, std::string_view name) {
    const auto digest = sha256_hex(fmt::format("caisson scale\n{}\n{}", seed, name));
    return {static_cast<std::uint32_t>(std::stoul(digest.substr(0, 8), nullptr, 16)),
            static_cast<std::uint32_t>(std::stoul(digest.substr(8, 8), nullptr, 16))};
}

Philox philox(Philox counter, Key key) {
    constexpr std::uint64_t multiplier_0 = 0xD2511F53;
    constexpr std::uint64_t multiplier_1 = 0xCD9E8D57;
    constexpr std::uint32_t step_0 = 0x9E3779B9;
    constexpr std::uint32_t step_1 = 0xBB67AE85;
    auto& word = counter.words;
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product_0 = multiplier_0 * word[0];
        const std::uint64_t product_1 = multiplier_1 * word[2];
        const auto high = [](std::uint64_t product) {
            return static_cast<std::uint32_t>(product >> 32U);
        };
        counter = {{high(product_1) ^ word[1] ^ key.first, static_cast<std::uint32_t>(product_1),
                    high(product_0) ^ word[3] ^ key.second, static_cast<std::uint32_t>(product_0)}};
        key.first += step_0;
        key.second += step_1;
    }
    return counter;
}

Draw draw(Key key, std::uint64_t row, std::uint32_t turn) {
    const auto made = philox(
        {{static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(row >> 32U), turn, 0}}, key);
    const auto join = [](std::uint64_t high, std::uint64_t low) { return high << 32U | low; };
    return {join(made.words[0], made.words[1]), join(made.words[2], made.words[3])};
}

double unit(std::uint64_t bits) { return static_cast<double>(bits >> 11U) * 0x1.0p-53; }

double inner_unit(std::uint64_t bits) {
    return (static_cast<double>(bits >> 12U) + 0.5) * 0x1.0p-52;
}

std::uint64_t below(std::uint64_t bits, std::uint64_t limit) {
    return static_cast<std::uint64_t>((static_cast<UInt128>(bits) * limit) >> 64U);
}

}  // namespace caisson::scale

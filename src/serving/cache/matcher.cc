// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/matcher.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"
#include "platform/key_pattern.h"

namespace caisson::cache {
namespace {

using platform::KeyPart;

/// What one place of a pattern takes.
struct Position {
    KeyPart::Kind kind = KeyPart::Kind::literal;
    unsigned char byte = 0;
};

struct Compiled {
    std::vector<Position> positions;
    std::size_t literals = 0;
};

Compiled compile(const std::string& text) {
    const auto pattern = platform::parse_key_pattern(text);
    if (!pattern.mistake.empty()) {
        throw Error(Code::internal,
                    fmt::format("the pattern \"{}\" was not checked: {}", text, pattern.mistake));
    }
    Compiled compiled;
    for (const auto& part : pattern.parts) {
        if (part.kind != KeyPart::Kind::literal) {
            compiled.positions.push_back({part.kind, 0});
            continue;
        }
        for (const char c : part.text) {
            compiled.positions.push_back({part.kind, static_cast<unsigned char>(c)});
            ++compiled.literals;
        }
    }
    return compiled;
}

bool takes(const Position& position, std::size_t byte) {
    switch (position.kind) {
        case KeyPart::Kind::literal:
            return byte == position.byte;
        case KeyPart::Kind::word:
            return byte != ':';
        case KeyPart::Kind::rest:
            break;
    }
    return true;
}

}  // namespace

Matcher::Matcher(const std::vector<std::string>& patterns) {
    std::vector<Compiled> compiled;
    std::size_t size = 0;
    for (const auto& pattern : patterns) {
        compiled.push_back(compile(pattern));
        size += compiled.back().positions.size();
    }
    // The most specific one first: of all that match, the lowest bit wins.
    std::vector<std::size_t> order(patterns.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return compiled[a].literals > compiled[b].literals;
    });
    words_ = (size + word_bits - 1) / word_bits;
    for (auto* bits : {&first_, &last_, &loops_, &state_}) {
        bits->resize(words_);
    }
    for (auto& bits : accepts_) {
        bits.resize(words_);
    }
    const auto set = [](Bits& bits, std::size_t at) {
        bits[at / word_bits] |= Word{1} << (at % word_bits);
    };
    for (const auto index : order) {
        set(first_, owners_.size());
        for (const auto& position : compiled[index].positions) {
            const auto at = owners_.size();
            owners_.push_back(index);
            for (std::size_t byte = 0; byte < accepts_.size(); ++byte) {
                if (takes(position, byte)) {
                    set(accepts_[byte], at);
                }
            }
            if (position.kind != KeyPart::Kind::literal) {
                set(loops_, at);
            }
        }
        set(last_, owners_.size() - 1);
    }
}

std::optional<std::size_t> Matcher::match(std::string_view key) {
    if (key.empty()) {
        return std::nullopt;
    }
    const auto byte_at = [&](std::size_t i) -> const Bits& {
        return accepts_[static_cast<unsigned char>(key[i])];
    };
    for (std::size_t w = 0; w < words_; ++w) {
        state_[w] = first_[w] & byte_at(0)[w];
    }
    for (std::size_t i = 1; i < key.size(); ++i) {
        const auto& accepts = byte_at(i);
        Word carry = 0;
        for (std::size_t w = 0; w < words_; ++w) {
            const Word here = state_[w];
            const Word moved = (here << 1) | carry;
            carry = here >> (word_bits - 1);
            // What moves on from the end of a pattern must not begin the next one.
            state_[w] = ((moved & ~first_[w]) | (here & loops_[w])) & accepts[w];
        }
    }
    for (std::size_t w = 0; w < words_; ++w) {
        if (const Word found = state_[w] & last_[w]) {
            return owners_[w * word_bits + static_cast<std::size_t>(std::countr_zero(found))];
        }
    }
    return std::nullopt;
}

}  // namespace caisson::cache

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/rows/pattern.h"

#include <algorithm>
#include <bitset>
#include <vector>

namespace caisson::rows {
namespace {

using Characters = std::bitset<128>;

/// How often something that may be repeated without end is repeated.
constexpr std::size_t usual_repeats = 8;

Characters range(char first, char last) {
    Characters set;
    for (int c = first; c <= last; ++c) {
        set.set(static_cast<std::size_t>(c));
    }
    return set;
}

const Characters digits = range('0', '9');
const Characters letters = range('a', 'z') | range('A', 'Z');
const Characters printable = range('!', '~');

Characters named(std::string_view name) {
    return name == "digit"    ? digits
           : name == "alpha"  ? letters
           : name == "alnum"  ? letters | digits
           : name == "upper"  ? range('A', 'Z')
           : name == "lower"  ? range('a', 'z')
           : name == "xdigit" ? digits | range('a', 'f') | range('A', 'F')
           : name == "punct"  ? printable & ~(letters | digits)
           : name == "space"  ? Characters().set(' ').set('\t').set('\n')
           : name == "blank"  ? Characters().set(' ').set('\t')
                              : printable;
}

/// What a text is made of: once something fixed, once a choice that is repeated.
struct Piece {
    Characters characters;
    std::size_t least = 1;
    std::size_t most = 1;
};

struct Refused {};

/// Reads one branch of alternatives, the first; the others are only passed by.
class Reader {
 public:
    explicit Reader(std::string_view pattern) : pattern_(pattern) {}

    std::vector<Piece> read() {
        auto pieces = alternatives();
        if (at_ < pattern_.size()) {
            throw Refused();
        }
        return pieces;
    }

 private:
    bool is_at(char c) const { return at_ < pattern_.size() && pattern_[at_] == c; }
    char take() {
        if (at_ >= pattern_.size()) {
            throw Refused();
        }
        return pattern_[at_++];
    }

    std::vector<Piece> alternatives() {
        auto first = branch();
        while (is_at('|')) {
            ++at_;
            auto next = branch();
            if (first.empty()) {
                first = std::move(next);
            }
        }
        return first;
    }

    std::vector<Piece> branch() {
        std::vector<Piece> pieces;
        while (at_ < pattern_.size() && !is_at('|') && !is_at(')')) {
            auto atom = this->atom();
            const auto [least, most] = repeats();
            append(pieces, std::move(atom), least, most);
        }
        return pieces;
    }

    static void append(std::vector<Piece>& pieces, std::vector<Piece> atom, std::size_t least,
                       std::size_t most) {
        if (atom.size() == 1 && atom.front().least == 1 && atom.front().most == 1) {
            pieces.push_back({atom.front().characters, least, most});
            return;
        }
        // A group: as often as it must be there.
        for (std::size_t time = 0; time < least; ++time) {
            pieces.insert(pieces.end(), atom.begin(), atom.end());
        }
    }

    std::vector<Piece> atom() {
        const char c = take();
        switch (c) {
            case '^':
            case '$':
                return {};
            case '.':
                return {{letters | digits}};
            case '(':
                return group();
            case '[':
                return {{bracket()}};
            case '\\':
                return escape();
            default:
                return {{single(c)}};
        }
    }

    std::vector<Piece> group() {
        if (is_at('?')) {
            ++at_;
            if (take() != ':') {
                throw Refused();
            }
        }
        auto pieces = alternatives();
        if (take() != ')') {
            throw Refused();
        }
        return pieces;
    }

    /// Beyond ASCII, the bytes of a character stand for themselves, one after the other.
    static Characters single(char c) {
        if (static_cast<unsigned char>(c) >= 128) {
            throw Refused();
        }
        return Characters().set(static_cast<std::size_t>(c));
    }

    static Characters class_of(char c) {
        switch (c) {
            case 'd':
                return digits;
            case 'w':
                return letters | digits | Characters().set('_');
            case 's':
                return Characters().set(' ');
            case 'D':
                return printable & ~digits;
            case 'W':
                return printable & ~(letters | digits | Characters().set('_'));
            case 'S':
                return printable;
            default:
                return {};
        }
    }

    std::vector<Piece> escape() {
        const char c = take();
        if (std::string_view("AZmMyY").find(c) != std::string_view::npos) {
            return {};  // They only say where.
        }
        if (const auto set = class_of(c); set.any()) {
            return {{set}};
        }
        if (letters.test(static_cast<std::size_t>(c) & 127) ||
            digits.test(static_cast<std::size_t>(c) & 127)) {
            throw Refused();
        }
        return {{single(c)}};
    }

    Characters bracket() {
        const bool is_negated = is_at('^');
        at_ += is_negated ? 1 : 0;
        Characters set;
        bool is_first = true;
        while (is_first || !is_at(']')) {
            is_first = false;
            if (pattern_.substr(at_, 2) == "[:") {
                const auto end = pattern_.find(":]", at_);
                if (end == std::string_view::npos) {
                    throw Refused();
                }
                set |= named(pattern_.substr(at_ + 2, end - at_ - 2));
                at_ = end + 2;
                continue;
            }
            const char first = take();
            if (first == '\\') {
                const char escaped = take();
                const auto known = class_of(escaped);
                set |= known.any() ? known : single(escaped);
            } else if (is_at('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
                ++at_;
                const char last = take();
                single(first), single(last);
                set |= range(first, last);
            } else if (static_cast<unsigned char>(first) < 128) {
                set |= single(first);
            }
        }
        ++at_;
        const auto allowed = is_negated ? printable & ~set : set;
        if (allowed.none()) {
            throw Refused();
        }
        return allowed;
    }

    std::size_t count() {
        std::size_t value = 0;
        const auto start = at_;
        while (at_ < pattern_.size() && pattern_[at_] >= '0' && pattern_[at_] <= '9') {
            value =
                std::min<std::size_t>(value * 10 + static_cast<std::size_t>(take() - '0'), 4096);
        }
        if (at_ == start) {
            throw Refused();
        }
        return value;
    }

    std::pair<std::size_t, std::size_t> repeats() {
        std::pair<std::size_t, std::size_t> times{1, 1};
        if (is_at('*') || is_at('+') || is_at('?')) {
            const char c = take();
            times = {c == '+' ? 1 : 0, c == '?' ? 1 : usual_repeats};
        } else if (is_at('{')) {
            ++at_;
            times.first = count();
            times.second = times.first;
            if (is_at(',')) {
                ++at_;
                times.second = is_at('}') ? std::max(times.first, usual_repeats) : count();
            }
            if (take() != '}') {
                throw Refused();
            }
        } else {
            return times;
        }
        at_ += is_at('?') ? 1 : 0;  // Not greedy: the same texts.
        return times;
    }

    std::string_view pattern_;
    std::size_t at_ = 0;
};

/// What people like to read first: small letters, then digits, capitals, the rest.
std::string alphabet(const Characters& characters) {
    std::string text;
    for (const auto& set : {range('a', 'z'), digits, range('A', 'Z'), printable, range(' ', ' ')}) {
        for (std::size_t c = 0; c < 128; ++c) {
            if (set.test(c) && characters.test(c) && text.find(static_cast<char>(c)) == text.npos) {
                text += static_cast<char>(c);
            }
        }
    }
    return text;
}

/// Spends digits of the number in a base of the alphabet's size; at least `least` characters.
std::string write(const std::string& alphabet, std::size_t least, std::size_t most,
                  std::uint64_t& number) {
    std::string text;
    while (text.size() < most && (text.size() < least || number > 0)) {
        text += alphabet[number % alphabet.size()];
        number /= alphabet.size();
    }
    return text;
}

}  // namespace

std::optional<std::string> text_for_pattern(std::string_view pattern, std::uint64_t number) {
    try {
        std::string text;
        for (const auto& piece : Reader(pattern).read()) {
            text += write(alphabet(piece.characters), piece.least, piece.most, number);
        }
        return text;
    } catch (const Refused&) {
        return std::nullopt;
    }
}

std::string text_for_like(std::string_view pattern, std::uint64_t number) {
    static const std::string letters_only = alphabet(range('a', 'z'));
    std::string text;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '%') {
            text += write(letters_only, 1, usual_repeats, number);
        } else if (pattern[at] == '_') {
            text += write(letters_only, 1, 1, number);
        } else {
            at += pattern[at] == '\\' && at + 1 < pattern.size() ? 1 : 0;
            text += pattern[at];
        }
    }
    return text;
}

}  // namespace caisson::rows

// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/nested_text.h"

#include <charconv>
#include <utility>

#include "base/text.h"

namespace caisson::pg {
namespace {

using detail::Pieces;

/// The only built-in type whose array is not written with commas. (The type of an extension may
/// have another delimiter, too, and is then no array for us.)
constexpr TypeId array_of_boxes = 1020;

/// Reads from the front.
class Reader {
 public:
    explicit Reader(std::string_view text) : left_(text) {}
    bool at_end() const { return left_.empty(); }
    char next() const { return left_.empty() ? '\0' : left_.front(); }
    bool take(char wanted) {
        if (left_.empty() || left_.front() != wanted) {
            return false;
        }
        left_.remove_prefix(1);
        return true;
    }
    std::string_view take(std::size_t size) {
        const auto taken = left_.substr(0, size);
        left_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view left() const { return left_; }

 private:
    std::string_view left_;
};

/// What stands up to an unescaped character of `ends`, unescaped itself: \x is x everywhere and
/// "" is one inside of quotes. What needs none of that stays where it is.
struct Token {
    std::string_view text;
    bool is_quoted = false;
    bool fine = true;
};

Token take_token(Reader& in, std::string_view ends, Pieces& pieces) {
    Token token;
    std::string made;
    const auto whole = in.left();
    bool is_inside = false;
    bool has_escapes = false;
    std::size_t at = 0;
    for (; at < whole.size() && (is_inside || ends.find(whole[at]) == std::string_view::npos);
         ++at) {
        const char c = whole[at];
        if (c == '"') {
            // A second one, inside, stands for itself.
            if (is_inside && at + 1 < whole.size() && whole[at + 1] == '"') {
                made += whole[++at];
                has_escapes = true;
            } else {
                is_inside = !is_inside;
                token.is_quoted = true;
            }
        } else if (c == '\\') {
            if (++at == whole.size()) {
                token.fine = false;
                return token;
            }
            made += whole[at];
            has_escapes = true;
        } else {
            made += c;
        }
    }
    // Behind each value stands something that ends it.
    token.fine = !is_inside && at < whole.size();
    const auto raw = in.take(at);
    if (!token.is_quoted && !has_escapes) {
        token.text = raw;
    } else if (!has_escapes && raw.size() == made.size() + 2 && raw.front() == '"' &&
               raw.back() == '"') {
        token.text = raw.substr(1, made.size());
    } else {
        token.text = pieces.made.emplace_front(std::move(made));
    }
    return token;
}

/// A nested array, with its braces. Empty: it has no end.
std::string_view take_braces(Reader& in) {
    const auto whole = in.left();
    std::size_t depth = 0;
    bool is_inside = false;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        const char c = whole[at];
        if (c == '\\') {
            ++at;
        } else if (c == '"') {
            is_inside = !is_inside;
        } else if (!is_inside && c == '{') {
            ++depth;
        } else if (!is_inside && c == '}' && --depth == 0) {
            return in.take(at + 1);
        }
    }
    return {};
}

/// [2:3][-1:0]=, where bounds do not begin with 1.
bool skip_bounds(Reader& in) {
    if (in.next() != '[') {
        return true;
    }
    const auto number = [&] {
        int ignored = 0;
        const auto left = in.left();
        const auto [end, failure] =
            std::from_chars(left.data(), left.data() + left.size(), ignored);
        in.take(static_cast<std::size_t>(end - left.data()));
        return failure == std::errc();
    };
    while (in.take('[')) {
        if (!number() || !in.take(':') || !number() || !in.take(']')) {
            return false;
        }
    }
    return in.take('=');
}

bool take_element(Reader& in, TypeId array, char delimiter, Pieces& pieces) {
    const char ends[] = {delimiter, '}', '{'};
    const auto token = take_token(in, {ends, sizeof ends}, pieces);
    // Empty elements are written in quotes, and nothing but an element stands between two
    // delimiters.
    if (!token.fine || in.next() == '{' || (token.text.empty() && !token.is_quoted)) {
        return false;
    }
    const bool is_null = !token.is_quoted && lower(token.text) == "null";
    pieces.fields.push_back(
        {element_of(array), false, is_null, is_null ? std::string_view() : token.text});
    return true;
}

bool take_nested(Reader& in, TypeId array, Pieces& pieces) {
    const auto nested = take_braces(in);
    pieces.fields.push_back({array, false, false, nested});
    return !nested.empty();
}

}  // namespace

bool cut_array_text(std::string_view text, TypeId array, bool of_arrays, Pieces& pieces) {
    Reader in(text);
    if (!skip_bounds(in) || !in.take('{')) {
        return false;
    }
    if (in.take('}')) {
        return in.at_end();
    }
    const char delimiter = array == array_of_boxes ? ';' : ',';
    do {
        if ((in.next() == '{') != of_arrays) {
            return false;
        }
        if (!(of_arrays ? take_nested(in, array, pieces)
                        : take_element(in, array, delimiter, pieces))) {
            return false;
        }
    } while (in.take(delimiter));
    return in.take('}') && in.at_end();
}

bool cut_composite_text(std::string_view text, Pieces& pieces) {
    Reader in(text);
    if (!in.take('(')) {
        return false;
    }
    do {
        const auto token = take_token(in, ",)", pieces);
        if (!token.fine) {
            return false;
        }
        const bool is_null = token.text.empty() && !token.is_quoted;
        pieces.fields.push_back({type::unknown, false, is_null, token.text});
    } while (in.take(','));
    return in.take(')') && in.at_end();
}

bool cut_range_text(std::string_view text, TypeId bound, RangeText& range, Pieces& pieces) {
    range = {};
    if (text == "empty") {
        range.is_empty = true;
        pieces.fields.assign(2, {bound, false, true, {}});
        return true;
    }
    Reader in(text);
    range.includes_lower = in.take('[');
    if (!range.includes_lower && !in.take('(')) {
        return false;
    }
    for (const std::string_view ends : {",", ")]"}) {
        const auto token = take_token(in, ends, pieces);
        if (!token.fine) {
            return false;
        }
        const bool is_infinite = token.text.empty() && !token.is_quoted;
        pieces.fields.push_back({bound, false, is_infinite, token.text});
        if (ends == "," && !in.take(',')) {
            return false;
        }
    }
    range.includes_upper = in.take(']');
    return (range.includes_upper || in.take(')')) && in.at_end();
}

}  // namespace caisson::pg

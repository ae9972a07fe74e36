// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/template.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::scale {
namespace {

constexpr std::uint64_t most_characters = 10'000;

std::optional<std::uint64_t> whole(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// Characters of an alphabet, sixteen to a draw.
void append_drawn(std::string& out, std::string_view alphabet, std::uint64_t count, Key key,
                  std::uint64_t row, std::uint32_t& turn) {
    Draw bits;
    for (std::uint64_t i = 0; i < count; ++i) {
        if (i % 16 == 0) {
            bits = draw(key, row, turn++);
        }
        auto& word = i % 16 < 8 ? bits.first : bits.second;
        out += alphabet[(word & 0xFFU) * alphabet.size() >> 8U];
        word >>= 8U;
    }
}

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view hexadecimal = "0123456789abcdef";

/// What letters of Latin-1 with two bytes of UTF-8 become, from U+00C0 on.
constexpr std::array<std::string_view, 64> plain = {
    "a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i",  "i", "i",  "i",
    "d", "n", "o", "o", "o",  "o", "oe", "",  "o", "u", "u", "u", "ue", "y", "th", "ss",
    "a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i",  "i", "i",  "i",
    "d", "n", "o", "o", "o",  "o", "oe", "",  "o", "u", "u", "u", "ue", "y", "th", "y"};

}  // namespace

std::string slug(std::string_view text) {
    std::string made;
    bool gap = false;
    const auto add = [&](std::string_view part) {
        if (gap && !made.empty()) {
            made += '-';
        }
        gap = false;
        made += part;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            add(text.substr(i, 1));
        } else if (c >= 'A' && c <= 'Z') {
            const char small = static_cast<char>(c - 'A' + 'a');
            add({&small, 1});
        } else if (static_cast<unsigned char>(c) == 0xC3U && next >= 0x80U && next < 0xC0U) {
            add(plain[next - 0x80U]);
            ++i;
        } else if (c != '\'') {
            gap = true;
        }
    }
    return made.empty() ? "x" : made;
}

std::optional<Template> Template::parse(std::string_view text, std::string& why) {
    Template made;
    std::string plain_text;
    const auto flush = [&] {
        if (!plain_text.empty()) {
            made.parts_.push_back({Kind::text, std::move(plain_text), 0, 0, 0, Filter::none});
            plain_text.clear();
        }
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool doubled = i + 1 < text.size() && text[i + 1] == c;
        if ((c == '{' || c == '}') && doubled) {
            plain_text += c;
            ++i;
        } else if (c == '{') {
            const auto end = text.find('}', i);
            if (end == std::string_view::npos) {
                why = "a { without its }";
                return std::nullopt;
            }
            flush();
            if (!made.add_place(text.substr(i + 1, end - i - 1), why)) {
                return std::nullopt;
            }
            i = end;
        } else if (c == '}') {
            why = "a } without its {; a brace itself is written twice";
            return std::nullopt;
        } else {
            plain_text += c;
        }
    }
    flush();
    return made;
}

bool Template::add_place(std::string_view inside, std::string& why) {
    const auto colon = inside.find(':');
    const auto name = inside.substr(0, colon);
    const auto setting = colon == std::string_view::npos ? "" : inside.substr(colon + 1);
    Part part;
    const auto count = whole(setting);
    if (name == "n" && (setting.empty() || count)) {
        part.kind = Kind::row;
        part.from = count.value_or(0);
    } else if ((name == "digits" || name == "letters" || name == "hex") && count) {
        part.kind = name == "digits" ? Kind::digits : name == "letters" ? Kind::letters : Kind::hex;
        part.from = *count;
    } else if (name == "number" && !setting.empty()) {
        const auto dash = setting.find('-');
        const auto from = whole(setting.substr(0, dash));
        const auto to =
            dash == std::string_view::npos ? std::nullopt : whole(setting.substr(dash + 1));
        if (!from || !to || *from > *to || *to - *from == ~std::uint64_t{0}) {
            why = fmt::format("{{{}}} is no range; expected such as {{number:1-255}}", inside);
            return false;
        }
        part.kind = Kind::number;
        part.from = *from;
        part.to = *to;
    } else {
        const std::array<std::pair<std::string_view, Filter>, 5> filters = {
            {{"", Filter::none},
             {"slug", Filter::slug},
             {"lower", Filter::lower},
             {"upper", Filter::upper},
             {"fill", Filter::fill}}};
        const auto* const filter = std::find_if(filters.begin(), filters.end(),
                                                [&](const auto& f) { return f.first == setting; });
        if (name.empty() || filter == filters.end()) {
            why = fmt::format(
                "{{{}}} is no place to fill; expected a column, perhaps with slug, "
                "lower, upper or fill, or n, digits:N, letters:N, hex:N, number:A-B",
                inside);
            return false;
        }
        auto known = std::find(names_.begin(), names_.end(), name);
        if (known == names_.end()) {
            known = names_.insert(names_.end(), std::string(name));
        }
        part.kind = Kind::column;
        part.name = static_cast<std::size_t>(known - names_.begin());
        part.filter = filter->second;
    }
    if (part.kind != Kind::number && part.from > most_characters) {
        why = fmt::format("{{{}}} asks for more than {} characters", inside, most_characters);
        return false;
    }
    parts_.push_back(std::move(part));
    return true;
}

void Template::append(std::string& out, Key key, std::uint64_t row,
                      const std::function<const Value&(std::size_t)>& value_of) const {
    std::uint32_t turn = 0;
    for (const auto& part : parts_) {
        switch (part.kind) {
            case Kind::text:
                out += part.text;
                break;
            case Kind::row:
                fmt::format_to(std::back_inserter(out), "{:0{}}", row + 1, part.from);
                break;
            case Kind::digits:
                append_drawn(out, digits, part.from, key, row, turn);
                break;
            case Kind::letters:
                append_drawn(out, letters, part.from, key, row, turn);
                break;
            case Kind::hex:
                append_drawn(out, hexadecimal, part.from, key, row, turn);
                break;
            case Kind::number:
                fmt::format_to(
                    std::back_inserter(out), "{}",
                    part.from + below(draw(key, row, turn++).first, part.to - part.from + 1));
                break;
            case Kind::column: {
                const auto& value = value_of(part.name);
                if (part.filter == Filter::none) {
                    append_text(out, value);
                    break;
                }
                std::string text;
                append_text(text, value);
                if (part.filter == Filter::slug) {
                    out += slug(text);
                } else if (part.filter == Filter::lower) {
                    out += lower(text);
                } else if (part.filter == Filter::upper) {
                    std::transform(text.begin(), text.end(), std::back_inserter(out), [](char c) {
                        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
                    });
                } else {
                    for (const char c : text) {
                        if (c == '#' || c == '@') {
                            append_drawn(out, c == '#' ? digits : letters, 1, key, row, turn);
                        } else {
                            out += c;
                        }
                    }
                }
                break;
            }
        }
    }
}

}  // namespace caisson::scale

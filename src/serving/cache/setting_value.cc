// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/setting_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::cache {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t bytes;
};
constexpr std::array units = {
    Unit{"gb", 1ULL << 30},   Unit{"mb", 1ULL << 20}, Unit{"kb", 1ULL << 10}, Unit{"b", 1},
    Unit{"g", 1'000'000'000}, Unit{"m", 1'000'000},   Unit{"k", 1'000},       Unit{"", 1}};

std::optional<std::uint64_t> size_of(std::string_view word) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (failure != std::errc()) {
        return std::nullopt;
    }
    const auto unit = lower(word.substr(static_cast<std::size_t>(end - word.data())));
    const auto* const found =
        std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == unit; });
    return found == units.end() ? std::nullopt : std::optional(number * found->bytes);
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (const auto& part : split(replace_all(std::string(trim(text)), "\t", " "), ' ')) {
        if (!part.empty()) {
            words.push_back(part);
        }
    }
    return words;
}

/// The form in which equal values are equal texts.
std::vector<std::string> canonical(std::string_view text) {
    auto words = words_of(text);
    for (auto& word : words) {
        if (const auto size = size_of(word)) {
            word = std::to_string(*size);
        } else {
            word = lower(word);
            word = word == "slave" ? "replica" : word;
        }
    }
    return words;
}

/// Letters of keyspace events, `A` spelt out. Their case matters.
std::set<char> events_of(std::string_view text) {
    constexpr std::string_view all = "g$lshzxetd";
    std::set<char> letters;
    for (const char c : text) {
        c == 'A' ? letters.insert(all.begin(), all.end()) : letters.insert(&c, &c + 1);
    }
    return letters;
}

/// Each class with its three limits stands somewhere in what is found.
bool has_limits(const std::vector<std::string>& found, const std::vector<std::string>& written) {
    constexpr std::ptrdiff_t words = 4;
    if (written.empty() || written.size() % std::size_t{words} != 0) {
        return found == written;
    }
    for (auto each = written.begin(); each != written.end(); each += words) {
        if (std::search(found.begin(), found.end(), each, each + words) == found.end()) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool has_value(std::string_view name, std::string_view found, std::string_view written) {
    if (name == "notify-keyspace-events") {
        return events_of(trim(found)) == events_of(trim(written));
    }
    if (name == "client-output-buffer-limit") {
        return has_limits(canonical(found), canonical(written));
    }
    return canonical(found) == canonical(written);
}

std::string shown(std::string_view found, std::string_view written) {
    const auto has_unit = [](const std::string& word) {
        return size_of(word) && word.find_first_not_of("0123456789") != std::string::npos;
    };
    const auto wanted = words_of(written);
    if (std::none_of(wanted.begin(), wanted.end(), has_unit)) {
        return found.empty() ? "\"\"" : std::string(found);
    }
    auto words = words_of(found);
    for (auto& word : words) {
        const auto size = size_of(word);
        for (const auto& unit : units) {
            if (size && *size > 0 && *size % unit.bytes == 0 && unit.bytes % 1024 == 0) {
                word = fmt::format("{}{}", *size / unit.bytes, unit.name);
                break;
            }
        }
    }
    return join(words, " ");
}

}  // namespace caisson::cache

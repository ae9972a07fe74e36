// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/naming.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "lifecycle/sources/version.h"

namespace caisson::sources {
namespace {

struct Language {
    std::string_view extension;
    std::string_view name;
};
constexpr std::array languages = {
    Language{".go", "Go"},
    Language{".py", "Python"},
    Language{".js", "JavaScript"},
    Language{".mjs", "JavaScript"},
    Language{".cjs", "JavaScript"},
    Language{".ts", "TypeScript"},
    Language{".mts", "TypeScript"},
    Language{".cts", "TypeScript"},
    Language{".rb", "Ruby"},
    Language{".java", "Java"},
    Language{".kt", "Kotlin"},
    Language{".kts", "Kotlin"},
    Language{".groovy", "Groovy"},
    Language{".scala", "Scala"},
    Language{".rs", "Rust"},
    Language{".php", "PHP"},
    Language{".pl", "Perl"},
    Language{".cs", "C#"},
    Language{".sh", "shell"},
    Language{".bash", "shell"},
    Language{".ps1", "PowerShell"},
    Language{".bat", "batch"},
    Language{".cmd", "batch"},
    Language{".ex", "Elixir"},
    Language{".exs", "Elixir"},
    Language{".fizz", "fizz"},
    Language{".coffee", "CoffeeScript"},
};

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 128;
}

/// 20260303080000: years from 1970 on, as timestamps have them.
bool is_moment(const std::string& version) {
    return version.size() >= 14 && version.size() <= 17 &&
           (version.rfind("19", 0) == 0 || version.rfind("20", 0) == 0);
}

}  // namespace

std::string extension_of(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? "" : lower(name.substr(dot));
}

bool take_end(std::string_view& text, std::string_view end) {
    if (text.size() < end.size() || lower(text.substr(text.size() - end.size())) != end) {
        return false;
    }
    text.remove_suffix(end.size());
    return true;
}

std::string_view leading_digits(std::string_view text) {
    return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view language_of(std::string_view name) {
    const auto extension = extension_of(name);
    const auto found = std::find_if(languages.begin(), languages.end(),
                                    [&](const auto& each) { return each.extension == extension; });
    // Declarations of TypeScript and tests of Go are no steps.
    if (found == languages.end() || lower(name).ends_with(".d.ts") || name.ends_with("_test.go")) {
        return {};
    }
    return found->name;
}

std::string slug(const std::string& name, char separator) {
    std::string result;
    for (const char c : lower(name)) {
        if (is_name_character(c)) {
            result += c;
        } else if (!result.empty() && result.back() != separator) {
            result += separator;
        }
    }
    while (!result.empty() && result.back() == separator) {
        result.pop_back();
    }
    if (result.empty()) {
        throw Error(Code::usage, fmt::format("\"{}\" gives no name for a file", name),
                    "name it after what it does: caisson migrate new add_customers");
    }
    return result;
}

std::string successor(std::string version) {
    for (auto i = version.size(); i-- > 0;) {
        if (version[i] != '9') {
            ++version[i];
            return version;
        }
        version[i] = '0';
    }
    return "1" + version;
}

std::string moment_now(std::size_t digits) {
    std::string moment;
    for (const char c : timestamp_now()) {
        if (c >= '0' && c <= '9' && moment.size() < digits) {
            moment += c;
        }
    }
    moment.resize(digits, '0');
    return moment;
}

std::vector<std::string> numbers_of(const std::vector<std::string>& names) {
    std::vector<std::string> numbers;
    for (const auto& name : names) {
        numbers.emplace_back(leading_digits(name));
    }
    return numbers;
}

std::string next_number(const std::vector<std::string>& numbers, const std::string& first) {
    std::string newest;
    for (const auto& number : numbers) {
        if (is_number(number) && (newest.empty() || version_before(newest, number))) {
            newest = number;
        }
    }
    if (newest.empty()) {
        return first.empty() ? moment_now() : first;
    }
    const auto now = moment_now(is_moment(newest) ? newest.size() : 14);
    return is_moment(newest) && version_before(newest, now) ? now : successor(newest);
}

std::string description_lines(const std::string& description) {
    std::string lines;
    for (const auto& line : split(normalise_lines(description), '\n')) {
        if (!trim(line).empty()) {
            lines += fmt::format("-- caisson: description {}\n", trim(line));
        }
    }
    return lines;
}

}  // namespace caisson::sources

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/formats/substitution.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::sources {
namespace {

bool is_name_character(char c, bool is_first) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (!is_first && c >= '0' && c <= '9');
}

std::size_t name_length(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size() && is_name_character(text[length], length == 0)) {
        ++length;
    }
    return length;
}

/// One `$…`: how long it is (0: none), its name, and what stands for it where it has no value.
struct Reference {
    std::size_t length = 0;
    std::string_view name;
    bool has_fallback = false;
    bool falls_back_when_empty = false;
    std::string_view fallback;
};

Reference reference_at(std::string_view text) {
    Reference reference;
    if (text.size() < 2 || text[1] != '{') {
        const auto length = name_length(text.substr(1));
        return {length == 0 ? 0 : length + 1, text.substr(1, length), false, false, {}};
    }
    const auto length = name_length(text.substr(2));
    const auto end = text.find_first_of("}\n");
    if (length == 0 || end == std::string_view::npos || text[end] != '}') {
        return reference;
    }
    reference = {end + 1, text.substr(2, length), false, false, {}};
    const auto rest = text.substr(2 + length, end - 2 - length);
    reference.falls_back_when_empty = rest.starts_with(":-");
    reference.has_fallback = reference.falls_back_when_empty || rest.starts_with('-');
    if (reference.has_fallback) {
        reference.fallback = rest.substr(reference.falls_back_when_empty ? 2 : 1);
    } else if (!rest.empty()) {
        reference.length = 0;
    }
    return reference;
}

void substitute_range(std::string_view text, std::size_t offset, const Values& values,
                      const Complain& complain, std::string& result) {
    for (std::size_t i = 0; i < text.size();) {
        const bool is_escaped =
            i + 1 < text.size() && text[i + 1] == '$' && (text[i] == '$' || text[i] == '\\');
        const auto reference =
            text[i] == '$' && !is_escaped ? reference_at(text.substr(i)) : Reference{};
        if (reference.length == 0) {
            const std::size_t taken = is_escaped ? 2 : 1;
            result += text.substr(i, taken);
            i += taken;
            continue;
        }
        const auto value = values.find(std::string(reference.name));
        if (value != values.end() && !(reference.falls_back_when_empty && value->second.empty())) {
            result += value->second;
        } else if (reference.has_fallback) {
            result += reference.fallback;
        } else {
            complain(
                offset + i,
                fmt::format("${{{}}} has no value; give it one under placeholders of the source",
                            reference.name));
        }
        i += reference.length;
    }
}

}  // namespace

std::string substitute(std::string_view text, const std::vector<Range>& ranges,
                       const Values& values, const Complain& complain) {
    std::string result;
    std::size_t at = 0;
    for (const auto& range : ranges) {
        result += text.substr(at, range.begin - at);
        substitute_range(text.substr(range.begin, range.end - range.begin), range.begin, values,
                         complain, result);
        at = range.end;
    }
    return result += text.substr(at);
}

std::string replace_placeholders(std::string_view text, std::string_view prefix,
                                 std::string_view suffix, const Values& values,
                                 const Complain& complain) {
    std::string result;
    std::size_t at = 0;
    for (auto found = text.find(prefix); found != std::string_view::npos;
         found = text.find(prefix, at)) {
        const auto begin = found + prefix.size();
        const auto end = text.find(suffix, begin);
        if (end == std::string_view::npos) {
            break;
        }
        result += text.substr(at, found - at);
        const auto name = text.substr(begin, end - begin);
        // Flyway compares names without regard to case.
        const auto value = std::find_if(values.begin(), values.end(), [&](const auto& each) {
            return lower(each.first) == lower(name);
        });
        if (value == values.end()) {
            complain(found,
                     fmt::format("{}{}{} has no value; give it one under placeholders of the "
                                 "source",
                                 prefix, name, suffix));
        } else {
            result += value->second;
        }
        at = end + suffix.size();
    }
    return result += text.substr(at);
}

}  // namespace caisson::sources

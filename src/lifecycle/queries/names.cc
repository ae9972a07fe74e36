// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/names.h"

#include <cctype>

#include <fmt/format.h>

#include "platform/reserved_words.h"

namespace caisson::queries {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || is_upper(c) || (c >= '0' && c <= '9'); }
char to_lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::string snake_case(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins_word =
            is_upper(text[i]) && i > 0 && is_word(text[i - 1]) &&
            (!is_upper(text[i - 1]) ||
             (i + 1 < text.size() && is_word(text[i + 1]) && !is_upper(text[i + 1])));
        if (begins_word || !is_word(text[i])) {
            out += !out.empty() && out.back() != '_' ? "_" : "";
        }
        if (is_word(text[i])) {
            out += to_lower(text[i]);
        }
    }
    while (out.size() > 1 && out.back() == '_') {
        out.pop_back();
    }
    return out;
}

std::string camel_case(std::string_view text) {
    std::string out;
    bool begins_word = true;
    for (const char c : text) {
        if (is_word(c)) {
            out += begins_word ? to_upper(c) : c;
        }
        begins_word = !is_word(c);
    }
    return out.empty() || (out.front() >= '0' && out.front() <= '9') ? "X" + out : out;
}

std::string identifier(std::string_view text) {
    auto name = snake_case(text);
    if (name.empty() || name == "_") {
        // All of it was beyond ASCII: its bytes tell it from others.
        name = "x";
        for (const char c : text) {
            name += fmt::format("{:02x}", static_cast<unsigned char>(c));
        }
    }
    if (name.front() >= '0' && name.front() <= '9') {
        name = "x" + name;
    }
    return platform::is_reserved_word(name) ? name + '_' : name;
}

std::string DistinctNames::name(const std::string& wanted) {
    auto name = wanted;
    for (int number = 2; !taken_.insert(name).second; ++number) {
        name = fmt::format("{}_{}", wanted, number);
    }
    return name;
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
                } else {
                    out += c;
                }
        }
    }
    return out;
}

}  // namespace caisson::queries

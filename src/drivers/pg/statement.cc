// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/statement.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/text.h"

namespace caisson::pg {
namespace {

/// The extended protocol takes one statement a message, so the first word tells what it is.
constexpr std::array<std::string_view, 21> stateful_words = {
    "abort",   "begin", "close",    "commit",    "copy", "deallocate", "declare",
    "discard", "end",   "fetch",    "listen",    "load", "move",       "prepare",
    "release", "reset", "rollback", "savepoint", "set",  "start",      "unlisten"};

/// Behind white space and comments, which nest in PostgreSQL.
std::string_view skip_blank(std::string_view text) {
    while (!text.empty()) {
        if (text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r')) {
            text.remove_prefix(1);
        } else if (text.substr(0, 2) == "--") {
            text.remove_prefix(std::min(text.find_first_of("\r\n"), text.size()));
        } else if (text.substr(0, 2) == "/*") {
            std::size_t depth = 0;
            do {
                const auto mark = text.substr(0, 2);
                depth += mark == "/*" ? 1 : 0;
                depth -= mark == "*/" ? 1 : 0;
                text.remove_prefix(mark == "/*" || mark == "*/" ? 2 : 1);
            } while (depth > 0 && !text.empty());
        } else {
            break;
        }
    }
    return text;
}

std::string_view stateful_word(std::string_view text) {
    text = skip_blank(text);
    const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
    const auto end = std::find_if_not(text.begin(), text.end(), is_letter);
    const auto word = lower(text.substr(0, static_cast<std::size_t>(end - text.begin())));
    const auto* const found = std::ranges::find(stateful_words, word);
    return found == stateful_words.end() ? std::string_view() : *found;
}

}  // namespace

Statement::Statement(std::string_view text)
    : shared_(std::make_shared<const Shared>(
          Shared{std::string(text), std::hash<std::string_view>()(text), stateful_word(text)})) {}

}  // namespace caisson::pg

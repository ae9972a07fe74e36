// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/copy_command.h"

#include "base/text.h"
#include "drivers/sql/scanner.h"

namespace caisson::scripts {
namespace {

using sql::is_keyword;
using sql::TokenKind;

std::string unquoted(std::string_view quoted) {
    std::string text;
    for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
        text += quoted[i];
        if (quoted[i] == '\'') {
            ++i;
        }
    }
    return text;
}

/// A word up to a blank, or a quoted text; `at` moves behind it.
std::optional<std::string> name_at(std::string_view text, std::size_t& at, bool& quoted) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r')) {
        ++at;
    }
    if (at >= text.size()) {
        return std::nullopt;
    }
    quoted = text[at] == '\'';
    if (quoted) {
        sql::Scanner scanner(text, at);
        const auto token = scanner.next();
        at = token->offset + token->length;
        return token->terminated
                   ? std::optional(unquoted(text.substr(token->offset, token->length)))
                   : std::nullopt;
    }
    const auto end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    auto word = text.substr(at, end - at);
    at = end;
    // psql takes a semicolon at the end of the line for part of neither the name nor the options.
    while (!word.empty() && word.back() == ';' && trim(text.substr(at)).empty()) {
        word.remove_suffix(1);
    }
    return std::string(word);
}

bool has_semicolon(std::string_view text) {
    sql::Scanner scanner(text);
    while (const auto token = scanner.next()) {
        if (token->kind == TokenKind::semicolon) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string CopyCommand::statement() const {
    return "COPY " + what + (from ? " FROM STDIN " : " TO STDOUT ") + options;
}

std::optional<CopyCommand> read_copy(std::string_view text) {
    CopyCommand command;
    sql::Scanner scanner(text);
    int parentheses = 0;
    std::optional<std::size_t> at;
    while (const auto token = scanner.next()) {
        const auto word = text.substr(token->offset, token->length);
        parentheses += word == "(" ? 1 : word == ")" ? -1 : 0;
        const bool from = is_keyword(word, "from");
        if (parentheses == 0 && token->kind == TokenKind::word &&
            (from || is_keyword(word, "to"))) {
            command.what = trim(text.substr(0, token->offset));
            command.from = from;
            at = token->offset + token->length;
            break;
        }
    }
    if (!at || command.what.empty()) {
        return std::nullopt;
    }
    bool quoted = false;
    auto name = name_at(text, *at, quoted);
    using End = CopyCommand::End;
    if (name && !quoted && is_keyword(*name, "program")) {
        command.end = End::program;
        name = name_at(text, *at, quoted);
        if (!quoted) {
            return std::nullopt;
        }
    } else if (name && !quoted && (is_keyword(*name, "stdin") || is_keyword(*name, "stdout"))) {
        command.end = command.from ? End::script : End::output;
    } else if (name && !quoted && (is_keyword(*name, "pstdin") || is_keyword(*name, "pstdout"))) {
        command.end = command.from ? End::pstdin : End::pstdout;
    }
    if (!name || name->empty()) {
        return std::nullopt;
    }
    command.name = *name;
    auto options = trim(text.substr(*at));
    while (!options.empty() && options.back() == ';') {
        options.remove_suffix(1);
    }
    command.options = trim(options);
    // A second statement behind it would go to the server unseen.
    return has_semicolon(command.options) ? std::nullopt : std::optional(command);
}

bool copies_with_program(std::string_view statement) {
    sql::Scanner scanner(statement);
    bool copies = false;
    int follows = 0;
    while (const auto token = scanner.next()) {
        const auto word = statement.substr(token->offset, token->length);
        const bool is_word = token->kind == TokenKind::word;
        // U&'…' comes as a word, a symbol and a string.
        if (follows == 2 &&
            (token->kind == TokenKind::string || (is_word && is_keyword(word, "u")))) {
            return true;
        }
        copies = copies || (is_word && is_keyword(word, "copy"));
        if (is_word && copies && (is_keyword(word, "from") || is_keyword(word, "to"))) {
            follows = 1;
        } else {
            follows = follows == 1 && is_word && is_keyword(word, "program") ? 2 : 0;
        }
    }
    return false;
}

}  // namespace caisson::scripts

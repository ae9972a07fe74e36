// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/ignore.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "drivers/sql/scanner.h"

namespace caisson::lint {
namespace {

struct Marker {
    std::string_view word;
    bool whole_file;
};

// The longer ones first: each begins with the next.
constexpr std::array markers = {
    Marker{"caisson: lint-ignore-file", true},
    Marker{"caisson: lint-ignore", false},
    Marker{"squawk-ignore-file", true},
    Marker{"squawk-ignore", false},
    Marker{"atlas:nolint", false},
};

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/// What stands between the signs of a comment, with blanks after "caisson:" made one.
std::string content_of(std::string_view comment) {
    if (comment.substr(0, 2) == "--") {
        comment.remove_prefix(2);
    } else {
        comment.remove_prefix(2);
        if (comment.size() >= 2 && comment.substr(comment.size() - 2) == "*/") {
            comment.remove_suffix(2);
        }
    }
    const auto content = trim(comment);
    constexpr std::string_view ours = "caisson:";
    return content.substr(0, ours.size()) == ours
               ? std::string(ours) + " " + std::string(trim(content.substr(ours.size())))
               : std::string(content);
}

/// Names separated by commas; Atlas separates by blanks. The first word that follows without
/// a comma begins the reason.
void read_names(std::string_view text, bool by_blanks, Ignore& ignore) {
    std::size_t at = 0;
    for (bool expected = true; expected;) {
        at = std::min(text.find_first_not_of(" \t", at), text.size());
        auto end = at;
        while (end < text.size() && is_name(text[end])) {
            ++end;
        }
        if (end == at) {
            return;
        }
        const auto name = text.substr(at, end - at);
        ignore.names.push_back({std::string(name), rules_named(name)});
        at = std::min(text.find_first_not_of(" \t", end), text.size());
        expected = at < text.size() && (text[at] == ',' || by_blanks);
        at += at < text.size() && text[at] == ',' ? 1 : 0;
    }
}

std::optional<Ignore> ignore_of(const sql::Token& token, std::string_view text) {
    const auto content = content_of(text.substr(token.offset, token.length));
    for (const auto& marker : markers) {
        if (content.rfind(marker.word, 0) != 0) {
            continue;
        }
        const auto rest = std::string_view(content).substr(marker.word.size());
        if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t' && rest.front() != ':') {
            continue;
        }
        Ignore ignore;
        ignore.offset = token.offset;
        ignore.length = token.length;
        ignore.whole_file = marker.whole_file;
        const bool is_atlas = marker.word == "atlas:nolint";
        read_names(trim(rest.substr(rest.empty() || rest.front() != ':' ? 0 : 1)), is_atlas,
                   ignore);
        ignore.all = ignore.names.empty();
        return ignore;
    }
    return std::nullopt;
}

/// Atlas: a comment in the head of the file, with an empty line before the first statement.
bool is_file_header(std::string_view text, const Ignore& ignore,
                    const std::vector<sql::Statement>& statements) {
    if (statements.empty() || ignore.offset > statements.front().offset) {
        return statements.empty();
    }
    const auto line = text.find('\n', ignore.offset);
    return line != std::string_view::npos &&
           trim(text.substr(line + 1, text.find('\n', line + 1) - line - 1)).empty();
}

/// The statement that a comment is for: the one before it in the same line, else the next one, or
/// the one that it stands in.
std::size_t statement_of(std::string_view text, const Ignore& ignore,
                         const std::vector<sql::Statement>& statements) {
    const auto next = static_cast<std::size_t>(
        std::find_if(statements.begin(), statements.end(),
                     [&](const auto& one) { return one.end() > ignore.offset; }) -
        statements.begin());
    if (next > 0) {
        const auto end = statements[next - 1].end();
        const auto between = text.substr(end, ignore.offset - end);
        if (between.find('\n') == std::string_view::npos) {
            return next - 1;
        }
    }
    return next;
}

}  // namespace

std::vector<Ignore> read_ignores(std::string_view text,
                                 const std::vector<sql::Statement>& statements) {
    std::vector<Ignore> ignores;
    // Most files have none: searches, and the scanner stays in its box.
    if (text.find("-ignore") == std::string_view::npos &&
        text.find("atlas:nolint") == std::string_view::npos) {
        return ignores;
    }
    sql::Scanner scanner(text, 0, true);
    while (const auto token = scanner.next()) {
        if (token->kind != sql::TokenKind::comment) {
            continue;
        }
        if (auto ignore = ignore_of(*token, text)) {
            const bool is_atlas = text.substr(token->offset, token->length).find("atlas:nolint") !=
                                  std::string_view::npos;
            ignore->whole_file =
                ignore->whole_file || (is_atlas && is_file_header(text, *ignore, statements));
            ignore->statement = statement_of(text, *ignore, statements);
            ignores.push_back(std::move(*ignore));
        }
    }
    return ignores;
}

}  // namespace caisson::lint

// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/secrets.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "drivers/sql/scanner.h"

namespace caisson::sql {
namespace {

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
        return text.find(part) != std::string_view::npos;
    });
}

/// As the snapshot of a schema judges the options of foreign servers; and what a subscription says.
bool is_name_of_secret(const std::string& word) {
    return word == "connection" ||
           has_any(word, {"pass", "pwd", "secret", "token", "key", "credential"});
}

/// `host=a password=b`, `postgresql://user:password@host`.
bool tells_secret(const std::string& value) {
    for (const std::string_view name : {"password", "passwd", "pwd", "secret", "token"}) {
        for (auto at = value.find(name); at != std::string::npos; at = value.find(name, at + 1)) {
            const auto next = value.find_first_not_of(" \t\r\n", at + name.size());
            if (next != std::string::npos && value[next] == '=') {
                return true;
            }
        }
    }
    const auto scheme = value.find("://");
    if (scheme == std::string::npos) {
        return false;
    }
    const auto authority = value.substr(scheme + 3, value.find('/', scheme + 3) - scheme - 3);
    const auto colon = authority.find(':');
    return colon != std::string::npos && authority.find('@', colon) != std::string::npos;
}

/// A string, or a name in quotes, with what it holds shown in parts: the body of a DO, what EXECUTE
/// is given, the statement that a server quotes in the context of an error.
std::string with_body_masked(std::string_view piece) {
    const char quote = piece.front();
    auto opening = std::string_view(piece).substr(0, 1);
    if (quote == '$') {
        const auto tag_end = piece.find('$', 1);
        if (tag_end == std::string_view::npos) {
            return std::string(piece);
        }
        opening = piece.substr(0, tag_end + 1);
    } else if (quote != '\'' && quote != '"') {
        return std::string(piece);
    }
    if (piece.size() < 2 * opening.size() || !piece.ends_with(opening)) {
        return std::string(piece);
    }
    auto body = std::string(piece.substr(opening.size(), piece.size() - 2 * opening.size()));
    const std::string doubled(2, quote);
    if (quote != '$') {
        body = replace_all(body, doubled, std::string(1, quote));
    }
    if (body.find_first_of("'$") == std::string::npos) {
        return std::string(piece);
    }
    auto masked = without_secrets(body);
    if (masked == body) {
        return std::string(piece);
    }
    if (quote != '$') {
        masked = replace_all(masked, std::string(1, quote), doubled);
    }
    return std::string(opening) + masked + std::string(opening);
}

}  // namespace

std::string without_secrets(std::string_view text) {
    std::string shown;
    std::size_t copied = 0;
    std::array<std::string, 3> first;  // Words of the statement.
    std::size_t words = 0;
    std::string before;  // The word just before; empty for anything else.
    Scanner scanner(text);
    while (const auto token = scanner.next()) {
        const auto raw = text.substr(token->offset, token->length);
        const auto piece = lower(raw);
        const auto show = [&](std::string_view instead) {
            shown += text.substr(copied, token->offset - copied);
            shown += instead;
            copied = token->offset + token->length;
        };
        bool is_masked = false;
        if (token->kind == TokenKind::string) {
            const bool is_mapping = (first[0] == "create" || first[0] == "alter") &&
                                    first[1] == "user" && first[2] == "mapping";
            if (is_mapping || is_name_of_secret(before) || tells_secret(piece)) {
                show("'***'");
                is_masked = true;
            } else {
                show(with_body_masked(raw));
            }
        } else if (token->kind == TokenKind::quoted) {
            show(with_body_masked(raw));
        } else if (token->kind == TokenKind::word && words < first.size()) {
            first[words++] = piece;
        } else if (token->kind == TokenKind::semicolon) {
            words = 0;
            first = {};
        }
        const bool is_name = token->kind == TokenKind::word || token->kind == TokenKind::quoted;
        if (!is_masked) {  // Such a string may go on in the next line.
            before = is_name ? piece : "";
        }
    }
    shown += text.substr(copied);
    return shown;
}

}  // namespace caisson::sql

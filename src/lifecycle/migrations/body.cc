// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/body.h"

#include <algorithm>

#include "base/text.h"
#include "drivers/sql/scanner.h"
#include "drivers/sql/secrets.h"

namespace caisson::migrations {
namespace {

using sql::StatementKind;

bool controls_transaction(const sql::Statement& statement) {
    return statement.kind == StatementKind::begin || statement.kind == StatementKind::commit ||
           statement.kind == StatementKind::rollback;
}

/// BEGIN first, COMMIT last, and no transaction control between them.
bool is_wrapped(const std::vector<sql::Statement>& statements, std::string_view text) {
    return statements.size() >= 2 && statements.front().kind == StatementKind::begin &&
           statements.back().kind == StatementKind::commit &&
           sql::is_plain_transaction_control(statements.front().text(text)) &&
           sql::is_plain_transaction_control(statements.back().text(text)) &&
           std::none_of(statements.begin() + 1, statements.end() - 1, controls_transaction);
}

/// ALTER TYPE … ADD VALUE.
bool adds_enum_value(std::string_view statement) {
    sql::Scanner scanner(statement);
    std::string_view before;
    std::size_t words = 0;
    while (const auto token = scanner.next()) {
        if (token->kind != sql::TokenKind::word) {
            continue;
        }
        const auto word = statement.substr(token->offset, token->length);
        if ((words == 0 && !sql::is_keyword(word, "alter")) ||
            (words == 1 && !sql::is_keyword(word, "type"))) {
            return false;
        }
        if (words > 1 && sql::is_keyword(before, "add") && sql::is_keyword(word, "value")) {
            return true;
        }
        before = word;
        ++words;
    }
    return false;
}

void unwrap(Body& body) {
    for (const auto* const statement : {&body.statements.front(), &body.statements.back()}) {
        std::fill_n(body.text.begin() + static_cast<std::ptrdiff_t>(statement->offset),
                    statement->length, ' ');
    }
    body.statements.pop_back();
    body.statements.erase(body.statements.begin());
}

}  // namespace

bool may_give_up_locks(std::string_view text) {
    const auto small = lower(text);
    return small.find("advisory") != std::string::npos ||
           small.find("discard") != std::string::npos;
}

Body body_of(std::string_view text, bool no_transaction) {
    Body body;
    body.text = text;
    body.statements = sql::split(text);
    bool refused = false;
    for (const auto& statement : body.statements) {
        body.is_script |= statement.kind == StatementKind::psql_command ||
                          statement.kind == StatementKind::copy_in;
        refused |= statement.kind == StatementKind::no_transaction;
        body.changes_defaults |= statement.kind == StatementKind::defaults;
        body.adds_enum_value |= adds_enum_value(statement.text(text));
    }
    auto sent = body.statements;
    std::erase_if(
        sent, [](const auto& statement) { return statement.kind == StatementKind::psql_command; });
    const bool wrapped = !no_transaction && !refused && is_wrapped(sent, text);
    if (wrapped && !body.is_script) {
        unwrap(body);
    }
    const bool controls = !wrapped && std::any_of(sent.begin(), sent.end(), controls_transaction);
    body.mode = no_transaction || refused || controls ? Mode::by_statement : Mode::whole;
    body.touches_locks = may_give_up_locks(text);
    const auto small = lower(text);
    body.touches_role = body.is_script || small.find("role") != std::string::npos ||
                        small.find("authorization") != std::string::npos;
    return body;
}

void notice(Body& body, std::string_view statement, sql::StatementKind kind) {
    body.touches_locks |= may_give_up_locks(statement);
    body.changes_defaults |= kind == StatementKind::defaults;
}

std::string shortened(std::string_view statement, std::size_t limit) {
    std::string line;
    bool blank = false;
    // Blanks aside, no more than the beginning is needed.
    for (const char c : sql::without_secrets(statement.substr(0, 64 * limit))) {
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            blank = !line.empty();
            continue;
        }
        line += blank ? " " : "";
        blank = false;
        line += c;
    }
    const auto cut = byte_of_character(line, limit);
    return cut < line.size() ? line.substr(0, cut) + "…" : line;
}

}  // namespace caisson::migrations

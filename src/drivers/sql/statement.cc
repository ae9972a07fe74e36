// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/statement.h"

#include <algorithm>

#include "drivers/sql/scanner.h"

namespace caisson::sql {
namespace {

Words words_of(std::string_view statement) {
    Words words;
    Scanner scanner(statement);
    int parentheses = 0;
    while (words.size() < Words::limit) {
        const auto token = scanner.next();
        if (!token) {
            break;
        }
        const auto text = statement.substr(token->offset, token->length);
        if (text == "(") {
            ++parentheses;
        } else if (text == ")") {
            parentheses = std::max(parentheses - 1, 0);
        }
        if (token->kind == TokenKind::word || token->kind == TokenKind::quoted) {
            words.push_back({text, parentheses > 0, token->kind == TokenKind::quoted});
        }
    }
    return words;
}

/// A subscription that makes no slot touches no other server: WITH (connect = false), (create_slot
/// = off).
bool makes_slot(const Words& words) {
    return !(words.has("connect", true) || words.has("create_slot", true)) ||
           !(words.has("false", true) || words.has("off", true));
}

/// ALTER TABLE … DETACH PARTITION … CONCURRENTLY. Columns may have these names.
bool detaches_concurrently(const Words& words) {
    const auto count = words.outside();
    for (std::size_t i = 2; i + 3 < count; ++i) {
        if (words.is(i, "detach") && words.is(i + 1, "partition")) {
            return words.is(count - 1, "concurrently");
        }
    }
    return false;
}

/// Refused in a transaction block, as far as words can tell: a partitioned table under REINDEX or a
/// procedure that commits is known to the server alone.
bool refuses_transaction(const Words& words) {
    const auto second = [&](std::string_view keyword) { return words.is(1, keyword); };
    if (words.is(0, "vacuum") || (words.is(0, "discard") && second("all"))) {
        return true;
    }
    // Without a table it goes through all of them, each in a transaction.
    if (words.is(0, "cluster")) {
        return words.outside() == 1 || (words.outside() == 2 && second("verbose"));
    }
    if (words.is(0, "create")) {
        return second("database") || second("tablespace") ||
               (second("subscription") && makes_slot(words)) ||
               (second("index") && words.is(2, "concurrently")) ||
               (second("unique") && words.is(2, "index") && words.is(3, "concurrently"));
    }
    if (words.is(0, "drop")) {
        return second("database") || second("tablespace") || second("subscription") ||
               (second("index") && words.is(2, "concurrently"));
    }
    if (words.is(0, "alter")) {
        return second("system") ||
               (second("database") && words.has("set") && words.has("tablespace")) ||
               (second("subscription") && (words.has("refresh") || words.has("publication"))) ||
               (second("table") && detaches_concurrently(words));
    }
    if (words.is(0, "reindex") || words.is(0, "repack")) {
        return words.has("concurrently", true) || second("database") || second("schema") ||
               second("system") || words.outside() == 1;
    }
    return (words.is(0, "commit") || words.is(0, "rollback")) && second("prepared");
}

bool changes_defaults(const Words& words) {
    return words.is(0, "alter") &&
           (words.is(1, "role") || words.is(1, "user") || words.is(1, "database")) &&
           (words.has("set") || words.has("reset"));
}

bool changes_session(const Words& words) {
    if (words.is(0, "set")) {
        return !words.is(1, "local") && !words.is(1, "transaction") && !words.is(1, "constraints");
    }
    return words.is(0, "reset") ||
           (words.is(0, "select") && (words.is(1, "set_config") || words.is(2, "set_config")));
}

/// The text of a name that may have a schema: from this token on; `token` is the one after it.
std::string name_at(std::string_view text, Scanner& scanner, std::optional<Token>& token) {
    std::string name;
    while (token && (token->kind == TokenKind::word || token->kind == TokenKind::quoted)) {
        name += text.substr(token->offset, token->length);
        token = scanner.next();
        if (!token || text[token->offset] != '.') {
            break;
        }
        name += '.';
        token = scanner.next();
    }
    return name;
}

}  // namespace

bool Words::is(std::size_t index, std::string_view keyword) const {
    for (std::size_t i = 0; i < size_; ++i) {
        if (!words_[i].in_parentheses && index-- == 0) {
            return !words_[i].quoted && is_keyword(words_[i].text, keyword);
        }
    }
    return false;
}

bool Words::has(std::string_view keyword, bool inside) const {
    for (std::size_t i = 0; i < size_; ++i) {
        if ((inside || !words_[i].in_parentheses) && !words_[i].quoted &&
            is_keyword(words_[i].text, keyword)) {
            return true;
        }
    }
    return false;
}

std::size_t Words::outside() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < size_; ++i) {
        count += words_[i].in_parentheses ? 0 : 1;
    }
    return count;
}

bool Words::creates_routine() const {
    const std::size_t kind = is(1, "or") && is(2, "replace") ? 3 : 1;
    return is(0, "create") && (is(kind, "function") || is(kind, "procedure"));
}

StatementKind classify(const Words& words) {
    if (words.is(0, "begin") || (words.is(0, "start") && words.is(1, "transaction"))) {
        return StatementKind::begin;
    }
    if (refuses_transaction(words)) {
        return StatementKind::no_transaction;
    }
    if (words.is(0, "commit") || words.is(0, "end") ||
        (words.is(0, "prepare") && words.is(1, "transaction"))) {
        return StatementKind::commit;
    }
    if (words.is(0, "abort") || (words.is(0, "rollback") && !words.has("to"))) {
        return StatementKind::rollback;
    }
    if (words.is(0, "copy")) {
        return words.has("stdin") && words.has("from") ? StatementKind::copy_in
                                                       : StatementKind::ordinary;
    }
    if (changes_defaults(words)) {
        return StatementKind::defaults;
    }
    return changes_session(words) ? StatementKind::session : StatementKind::ordinary;
}

StatementKind classify(std::string_view statement) { return classify(words_of(statement)); }

bool is_plain_transaction_control(std::string_view statement) {
    const auto words = words_of(statement);
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (!words.is(i, "begin") && !words.is(i, "start") && !words.is(i, "transaction") &&
            !words.is(i, "work") && !words.is(i, "commit") && !words.is(i, "end")) {
            return false;
        }
    }
    // PREPARE TRANSACTION has a string, but its first word is none of the above.
    return words.size() > 0;
}

std::optional<ConcurrentIndex> concurrent_index(std::string_view statement) {
    Scanner scanner(statement);
    auto token = scanner.next();
    const auto skip = [&](std::string_view keyword) {
        if (!token || token->kind != TokenKind::word ||
            !is_keyword(statement.substr(token->offset, token->length), keyword)) {
            return false;
        }
        token = scanner.next();
        return true;
    };
    ConcurrentIndex index;
    index.creates = skip("create");
    if (!index.creates && !skip("drop")) {
        return std::nullopt;
    }
    skip("unique");
    if (!skip("index") || !skip("concurrently")) {
        return std::nullopt;
    }
    if (skip("if")) {
        skip("not");
        skip("exists");
    }
    if (index.creates && skip("on")) {
        return std::nullopt;
    }
    index.name = name_at(statement, scanner, token);
    if (!index.creates) {
        const bool several = token && statement[token->offset] == ',';
        return several || index.name.empty() ? std::nullopt : std::optional(index);
    }
    if (!skip("on")) {
        return std::nullopt;
    }
    skip("only");
    index.table = name_at(statement, scanner, token);
    return index.table.empty() ? std::nullopt : std::optional(index);
}

}  // namespace caisson::sql

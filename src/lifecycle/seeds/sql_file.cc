// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/sql_file.h"

#include <algorithm>

#include "drivers/sql/sql.h"

namespace caisson::seeds {
namespace {

using sql::StatementKind;
using sql::TokenKind;

std::string_view complaint_about(StatementKind kind) {
    switch (kind) {
        case StatementKind::begin:
        case StatementKind::commit:
        case StatementKind::rollback:
            return "all seeds run in one transaction, which is not the file's to begin or to end";
        case StatementKind::no_transaction:
            return "this cannot run in a transaction, and all seeds run in one; put it into a "
                   "migration";
        case StatementKind::psql_command:
            return "a command of psql itself; only SQL can be run here";
        default:
            return {};
    }
}

/// Names after INSERT INTO, MERGE INTO, UPDATE [ONLY] and COPY, wherever they stand.
class Targets {
 public:
    explicit Targets(std::string_view text) : text_(text) {}

    void read(const sql::Statement& statement) {
        sql::Scanner scanner(text_.substr(0, statement.end()), statement.offset);
        while (const auto token = scanner.next()) {
            take(*token);
        }
        state_ = State::elsewhere;
    }

    std::vector<std::string> names() {
        std::sort(names_.begin(), names_.end());
        names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
        return std::move(names_);
    }

 private:
    enum class State { elsewhere, name, dot, rest };

    void take(const sql::Token& token) {
        const auto word = text_.substr(token.offset, token.length);
        const auto is = [&](std::string_view keyword) {
            return token.kind == TokenKind::word && sql::is_keyword(word, keyword);
        };
        const bool is_name = token.kind == TokenKind::word || (token.kind == TokenKind::quoted &&
                                                               token.terminated && word != "\"\"");
        const auto follows = [&](std::string_view keyword) {
            return sql::is_keyword(previous_, keyword);
        };
        if (state_ == State::dot && word == ".") {
            state_ = State::rest;
        } else if (state_ == State::rest && is_name) {
            names_.back().append(".").append(word);
            state_ = State::elsewhere;
        } else if (state_ == State::name && is("only")) {
        } else if (state_ == State::name && is_name && !is("set") && !is("of") && !is("on")) {
            names_.emplace_back(word);
            state_ = State::dot;
        } else if ((is("into") && (follows("insert") || follows("merge"))) || is("copy") ||
                   (is("update") && !follows("for") && !follows("do") && !follows("key"))) {
            state_ = State::name;
        } else {
            state_ = State::elsewhere;
        }
        previous_ = token.kind == TokenKind::word ? word : std::string_view();
    }

    std::string_view text_;
    std::string_view previous_;
    std::vector<std::string> names_;
    State state_ = State::elsewhere;
};

}  // namespace

SqlFile read_sql(std::string_view text) {
    SqlFile file;
    Targets targets(text);
    bool opens = true;
    for (const auto& statement : sql::split(text)) {
        ++file.statements;
        if (const auto complaint = complaint_about(statement.kind); !complaint.empty()) {
            file.mistakes.push_back({statement.offset, std::string(complaint)});
        }
        const bool is_copy = statement.kind == StatementKind::copy_in;
        if (opens || is_copy) {
            file.pieces.push_back(
                {statement.offset, 0, is_copy, statement.data_offset, statement.data_length, {}});
        }
        targets.read(statement);
        auto& piece = file.pieces.back();
        piece.length = statement.end() - piece.offset;
        piece.statements.push_back(statement.offset);
        opens = is_copy;
    }
    file.writes = targets.names();
    return file;
}

}  // namespace caisson::seeds

// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/split.h"

#include "drivers/sql/command.h"
#include "drivers/sql/reader.h"

namespace caisson::sql {
namespace {

Statement statement_of(const Query& query) {
    Statement statement;
    statement.offset = query.start().offset;
    statement.length = query.end_offset() - statement.offset;
    statement.kind = query.kind();
    statement.terminated = query.terminated();
    return statement;
}

void take_data(Reader& reader, Statement& statement) {
    bool first = true;
    while (true) {
        const auto begin = reader.position().offset;
        const auto chunk = reader.next_data();
        if (first) {
            statement.data_offset = chunk ? reader.position().offset - chunk->size() : begin;
            first = false;
        }
        if (!chunk) {
            return;
        }
        statement.data_length += chunk->size();
    }
}

}  // namespace

std::vector<Statement> split(std::string_view text) {
    std::vector<Statement> statements;
    Reader reader(text);
    while (true) {
        const auto event = reader.next();
        if (event == Reader::Event::end) {
            return statements;
        }
        if (!reader.query().empty()) {
            statements.push_back(statement_of(reader.query()));
        }
        if (event == Reader::Event::command) {
            const auto line = reader.command_line();
            const auto length = length_of_command(line);
            reader.end_command(length);
            reader.take_query();
            auto text_length = length;
            while (text_length > 0 &&
                   (line[text_length - 1] == ' ' || line[text_length - 1] == '\t')) {
                --text_length;
            }
            statements.push_back(
                {reader.command_position().offset, text_length + 1, StatementKind::psql_command});
        } else if (statements.back().kind == StatementKind::copy_in) {
            take_data(reader, statements.back());
        }
    }
}

}  // namespace caisson::sql

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/secrets.h"
#include "drivers/sql/split.h"
#include "lifecycle/scripts/interpreter.h"
#include "lifecycle/scripts/programs.h"

namespace caisson::scripts {
namespace {

constexpr std::size_t longest_shown = 160;
/// A longer statement is not kept for a \g that would send it again.
constexpr std::size_t longest_kept = std::size_t{1} << 20U;

std::string shown(std::string_view text) {
    auto line = replace_all(sql::without_secrets(text.substr(0, 4 * longest_shown)), "\n", " ");
    const auto cut = byte_of_character(line, longest_shown);
    return cut < line.size() ? line.substr(0, cut) + "…" : line;
}

/// `COPY t, line 3, column a`: the number.
std::optional<std::size_t> line_of_data(const std::string& context) {
    const auto at = context.rfind("COPY ", 0) == 0 ? context.find(", line ") : std::string::npos;
    if (at == std::string::npos) {
        return std::nullopt;
    }
    const auto number = std::strtoul(context.c_str() + at + 7, nullptr, 10);
    return number > 0 ? std::optional<std::size_t>(number) : std::nullopt;
}

bool controls_transaction(std::string_view text) {
    const auto parts = sql::split(text);
    return std::any_of(parts.begin(), parts.end(), [](const auto& part) {
        return part.kind == sql::StatementKind::begin || part.kind == sql::StatementKind::commit ||
               part.kind == sql::StatementKind::rollback;
    });
}

}  // namespace

sql::Query Interpreter::query_for(Frame& frame, Scanner& command) {
    frame.reader.end_command(command.finish());
    auto query = frame.reader.take_query();
    if (query.empty()) {
        query = previous_;
    }
    if (query.empty()) {
        refuse(command_place(frame),
               fmt::format("\\{} has no statement before it", command.name()));
    }
    return query;
}

void Interpreter::go(Frame& frame, Scanner& command) {
    auto target = command.next(Scanner::Argument::file_or_pipe, true);
    bool in_options = target && target->front() == '(';
    while (in_options) {
        in_options = target && target->back() != ')';
        target = command.next(Scanner::Argument::file_or_pipe, true);
    }
    if (command.name() != "crosstabview" && target && *target != "/dev/null") {
        refuse(command_place(frame),
               fmt::format("\\{} would write the result of a query to \"{}\"", command.name(),
                           *target),
               "keep values with \\gset, and write tables with \\copy … to");
    }
    const auto query = query_for(frame, command);
    const bool copies = query.kind() == sql::StatementKind::copy_in;
    send(frame, query, copies ? Use::copies : Use::plain);
}

/// It only describes the result, so nothing is run.
void Interpreter::describe(Frame& frame, Scanner& command) {
    previous_ = query_for(frame, command);
    bound_.reset();
}

void Interpreter::gset(Frame& frame, Scanner& command) {
    const auto prefix = command.next();
    send(frame, query_for(frame, command), Use::sets_variables, prefix.value_or(""));
}

void Interpreter::gexec(Frame& frame, Scanner& command) {
    send(frame, query_for(frame, command), Use::generates);
}

void Interpreter::send(Frame& frame, const sql::Query& query, Use use, const std::string& prefix) {
    const auto place = place_of(frame, query.start());
    if (query.text().find('\0') != std::string::npos) {
        refuse(place, "the statement holds a zero byte", "is the file in UTF-8?");
    }
    if (copies_with_program(query.text())) {
        refuse_programs(place, "COPY … PROGRAM");
    }
    Step now;
    now.number = ++report_.steps;
    now.place = place;
    now.kind = query.kind();
    now.use = use;
    now.text = query.text();
    step(
        now, [&] { execute(frame, query, use, prefix); },
        [&] {
            while (use == Use::copies && frame.reader.next_data()) {
            }
        });
    bound_.reset();
    previous_ = query.text().size() <= longest_kept ? query : sql::Query();
}

void Interpreter::execute(Frame& frame, const sql::Query& query, Use use,
                          const std::string& prefix) {
    const auto& text = query.text();
    const auto data_line = frame.reader.position().line + 1;
    try {
        if (use == Use::copies) {
            const auto rows = connection_.copy_in(
                text, [&] { return frame.reader.next_data().value_or(std::string_view()); });
            variables_.set("ROW_COUNT", std::to_string(rows));
            return;
        }
        std::vector<pg::Result> results;
        if (bound_) {
            results.push_back(
                connection_.query(text, pg::Parameters(bound_->begin(), bound_->end())));
        } else {
            results = connection_.script(text);
        }
        if (results.empty()) {
            return;
        }
        const auto& last = results.back();
        const auto rows = last.columns().empty() ? last.affected() : last.size();
        variables_.set("ROW_COUNT", std::to_string(rows));
        if (use == Use::sets_variables) {
            keep_variables(frame, query, last, prefix);
        } else if (use == Use::generates) {
            execute_generated(frame, query, last);
        }
    } catch (pg::DatabaseError& error) {
        const auto byte = byte_of_character(text, error.position.value_or(0));
        auto place = place_of(frame, error.position ? query.position_of(byte) : query.start());
        if (const auto line = line_of_data(error.context); line && use == Use::copies) {
            place = {frame.file, data_line + *line - 1, 1};
        }
        error.at(place).with("statement", shown(text));
        throw;
    }
}

/// Each value that is not NULL is a statement, row by row.
void Interpreter::execute_generated(Frame& frame, const sql::Query& query,
                                    const pg::Result& result) {
    const auto columns = result.columns().size();
    for (const auto row : result) {
        for (std::size_t column = 0; column < columns; ++column) {
            if (row.is_null(column)) {
                continue;
            }
            const std::string text(row.text(column));
            const auto place = place_of(frame, query.start());
            if (copies_with_program(text)) {
                refuse_programs(place, "COPY … PROGRAM");
            }
            if (connection_.in_transaction() && controls_transaction(text)) {
                refuse(place,
                       fmt::format("a generated statement controls the transaction that it "
                                   "runs in: {}",
                                   shown(text)),
                       "write BEGIN and COMMIT into the file itself");
            }
            try {
                connection_.script(text);
            } catch (pg::DatabaseError& error) {
                error.at(place)
                    .with("statement", shown(text))
                    .with("generated by", shown(query.text()));
                throw;
            }
        }
    }
}

void Interpreter::keep_variables(Frame& frame, const sql::Query& query, const pg::Result& result,
                                 const std::string& prefix) {
    const auto place = place_of(frame, query.start());
    if (result.size() != 1) {
        refuse(place, fmt::format("\\gset needs one row, and the query gave {}",
                                  result.size() == 0 ? "none" : std::to_string(result.size())));
    }
    const auto columns = result.columns();
    const auto row = result.front();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto name = prefix + columns[i];
        if (!Variables::is_name(name)) {
            refuse(place, fmt::format("\"{}\" cannot name a variable", name),
                   "give the column another name with AS");
        }
        if (row.is_null(i)) {
            variables_.unset(name);
        } else {
            variables_.set(name, std::string(row.text(i)));
        }
    }
}

void Interpreter::copy(Frame& frame, Scanner& command) {
    const auto text = command.next(Scanner::Argument::whole_line);
    frame.reader.end_command(command.finish());
    const auto place = command_place(frame);
    const auto parsed = text ? read_copy(*text) : std::nullopt;
    if (!parsed) {
        refuse(place, "\\copy is not understood",
               "\\copy TABLE [(COLUMNS)] | (QUERY)  from|to  'FILE' | stdin | stdout | program "
               "'COMMAND'  [OPTIONS]");
    }
    using End = CopyCommand::End;
    if (parsed->end == End::program) {
        refuse_programs(place, "\\copy … program");
    }
    if (parsed->end == End::pstdin || parsed->end == End::pstdout) {
        refuse(place, "\\copy cannot use the standard input or output of this program",
               "name a file, or put the data behind the command and say stdin");
    }
    carry_copy(frame, *parsed, place);
}

void Interpreter::carry_copy(Frame& frame, const CopyCommand& command, const Place& place) {
    const auto statement = command.statement();
    Step now;
    now.number = ++report_.steps;
    now.place = place;
    now.kind = command.from ? sql::StatementKind::copy_in : sql::StatementKind::ordinary;
    now.use = Use::copies;
    now.text = statement;
    step(
        now,
        [&] {
            try {
                const auto rows = command.from ? copy_from(frame, command, place)
                                               : copy_to(frame, command, place);
                variables_.set("ROW_COUNT", std::to_string(rows));
            } catch (pg::DatabaseError& error) {
                error.at(place).with("statement", shown(statement));
                throw;
            }
        },
        [&] {
            while (command.end == CopyCommand::End::script && frame.reader.next_data()) {
            }
        });
}

std::uint64_t Interpreter::copy_from(Frame& frame, const CopyCommand& command, const Place& place) {
    if (command.end == CopyCommand::End::script) {
        return connection_.copy_in(command.statement(), [&] {
            return frame.reader.next_data().value_or(std::string_view());
        });
    }
    if (command.end == CopyCommand::End::program) {
        const auto finished = run_program(command.name, environment_);
        if (!finished.fine()) {
            refuse(place, fmt::format("the program of \\copy ended with {}", finished.status));
        }
        auto rest = std::string_view(finished.output);
        return connection_.copy_in(command.statement(), [&] { return std::exchange(rest, {}); });
    }
    const auto found = find_file(surroundings_, frame.folder, command.name, false);
    if (!found.path) {
        refuse(place, found.complaint,
               "\\copy looks in the platform's folder, then where the file itself lies");
    }
    return connection_.copy_in(command.statement(), file_source(*found.path));
}

std::uint64_t Interpreter::copy_to(Frame& frame, const CopyCommand& command, const Place& place) {
    std::string kept;
    std::ofstream file;
    if (command.end == CopyCommand::End::file) {
        const auto found = find_file(surroundings_, frame.folder, command.name, false, false);
        if (!found.path) {
            refuse(place, found.complaint);
        }
        file.open(*found.path, std::ios::binary | std::ios::trunc);
        if (!file) {
            refuse(place, fmt::format("\"{}\" cannot be written", command.name));
        }
    }
    const auto rows = connection_.copy_out(command.statement(), [&](std::string_view bytes) {
        if (file.is_open()) {
            file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        } else {
            kept += command.end == CopyCommand::End::program ? bytes : std::string_view();
        }
    });
    if (command.end == CopyCommand::End::program) {
        run_program(command.name, environment_, std::move(kept));
    } else if (file.is_open() && !file.flush()) {
        refuse(place, fmt::format("\"{}\" cannot be written", command.name));
    }
    return rows;
}

}  // namespace caisson::scripts

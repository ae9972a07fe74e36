// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/scripts/interpreter.h"
#include "lifecycle/scripts/programs.h"

namespace caisson::scripts {
namespace {

/// Encodings in which a byte of a character may look like a quote or a backslash.
bool is_unsafe(const std::string& encoding) {
    const auto name = lower(encoding);
    for (const auto* const unsafe :
         {"sjis", "shift_jis", "shift_jis_2004", "big5", "gbk", "uhc", "gb18030", "johab"}) {
        if (name == unsafe) {
            return true;
        }
    }
    return false;
}

}  // namespace

const std::vector<Interpreter::Entry>& Interpreter::entries() {
    static const std::vector<Entry> table = {
        {"!", &Interpreter::shell},
        {"bind", &Interpreter::bind},
        {"cd", &Interpreter::change_directory},
        {"copy", &Interpreter::copy},
        {"crosstabview", &Interpreter::go},
        {"echo", &Interpreter::echo},
        {"encoding", &Interpreter::encoding},
        {"g", &Interpreter::go},
        {"gdesc", &Interpreter::describe},
        {"getenv", &Interpreter::getenv},
        {"gexec", &Interpreter::gexec},
        {"gset", &Interpreter::gset},
        {"gx", &Interpreter::go},
        {"i", &Interpreter::include},
        {"include", &Interpreter::include},
        {"include_relative", &Interpreter::include_relative},
        {"ir", &Interpreter::include_relative},
        {"o", &Interpreter::redirect},
        {"out", &Interpreter::redirect},
        {"q", &Interpreter::quit},
        {"qecho", &Interpreter::echo},
        {"quit", &Interpreter::quit},
        {"r", &Interpreter::reset},
        {"reset", &Interpreter::reset},
        {"restrict", &Interpreter::restrict_commands},
        {"set", &Interpreter::set},
        {"setenv", &Interpreter::setenv},
        {"unrestrict", &Interpreter::unrestrict_commands},
        {"unset", &Interpreter::unset},
        {"warn", &Interpreter::warn},
    };
    return table;
}

void Interpreter::set(Frame& frame, Scanner& command) {
    const auto name = command.next();
    std::string value;
    while (const auto part = command.next()) {
        value += *part;
    }
    frame.reader.end_command(command.finish());
    if (!name) {
        return;
    }
    if (!Variables::is_name(*name)) {
        refuse(command_place(frame), fmt::format("\"{}\" cannot name a variable", *name));
    }
    const bool off = boolean_of(value) == false;
    if (*name == "AUTOCOMMIT" && off) {
        refuse(command_place(frame), "AUTOCOMMIT cannot be switched off",
               "write BEGIN and COMMIT where they belong");
    }
    if ((*name == "SINGLELINE" || *name == "SINGLESTEP") && !off && !value.empty()) {
        refuse(command_place(frame), fmt::format("{} cannot be switched on", *name),
               "end statements with a semicolon");
    }
    if (*name == "ON_ERROR_STOP" && off) {
        warn_of(command_place(frame),
                "ON_ERROR_STOP stays on: the first error ends a migration, whatever it says");
        return;
    }
    variables_.set(*name, value);
}

void Interpreter::unset(Frame& frame, Scanner& command) {
    variables_.unset(required(frame, command, "the name of a variable"));
    frame.reader.end_command(command.finish());
}

void Interpreter::getenv(Frame& frame, Scanner& command) {
    const auto name = required(frame, command, "the name of a variable");
    const auto source = required(frame, command, "the name of an environment variable");
    frame.reader.end_command(command.finish());
    if (!Variables::is_name(name)) {
        refuse(command_place(frame), fmt::format("\"{}\" cannot name a variable", name));
    }
    if (const char* const value = std::getenv(source.c_str())) {
        variables_.set(name, value);
    }
}

void Interpreter::setenv(Frame& frame, Scanner& command) {
    const auto name = required(frame, command, "the name of an environment variable");
    const auto value = command.next();
    frame.reader.end_command(command.finish());
    environment_[name] = value.value_or("");
}

void Interpreter::echo(Frame& frame, Scanner& command) {
    std::string line;
    bool first = true;
    bool line_end = true;
    while (const auto part = command.next()) {
        if (first && line_end && *part == "-n") {
            line_end = false;
            continue;
        }
        line += (first ? "" : " ") + *part;
        first = false;
    }
    frame.reader.end_command(command.finish());
    if (options_.on_output) {
        options_.on_output(line);
    }
}

void Interpreter::warn(Frame& frame, Scanner& command) {
    std::string line;
    while (const auto part = command.next()) {
        line += (line.empty() ? "" : " ") + *part;
    }
    frame.reader.end_command(command.finish());
    warn_of(command_place(frame), line);
}

void Interpreter::include(Frame& frame, Scanner& command) { include_file(frame, command, false); }
void Interpreter::include_relative(Frame& frame, Scanner& command) {
    include_file(frame, command, true);
}

void Interpreter::include_file(Frame& frame, Scanner& command, bool relative) {
    const auto name = required(frame, command, "the name of a file");
    frame.reader.end_command(command.finish());
    const auto found = find_file(surroundings_, frame.folder, name, relative);
    if (!found.path) {
        refuse(command_place(frame), found.complaint,
               relative ? "\\ir looks in the folder of the file it stands in"
                        : "\\i looks in the platform's folder, then where the file itself lies");
    }
    Frame included(file_source(*found.path), found.label, found.path->parent_path(), variables_);
    run_frame(included);
}

void Interpreter::change_directory(Frame& frame, Scanner& command) {
    const auto name = required(frame, command, "the name of a folder");
    frame.reader.end_command(command.finish());
    const auto found = find_file(surroundings_, surroundings_.directory, name, true, false);
    std::error_code error;
    if (!found.path || !fs::is_directory(*found.path, error)) {
        refuse(command_place(frame),
               found.path ? fmt::format("there is no folder \"{}\"", name) : found.complaint);
    }
    surroundings_.directory = *found.path;
}

void Interpreter::encoding(Frame& frame, Scanner& command) {
    const auto name = command.next(Scanner::Argument::normal, true);
    frame.reader.end_command(command.finish());
    if (!name) {
        return;
    }
    if (is_unsafe(*name)) {
        refuse(command_place(frame), fmt::format("a script in {} cannot be read", *name),
               "convert it to UTF-8, and say so with \\encoding UTF8");
    }
    try {
        connection_.query("set client_encoding = " + pg::literal(*name));
        variables_.set("ENCODING", std::string(connection_
                                                   .query("select current_setting("
                                                          "'client_encoding')")
                                                   .front()
                                                   .text(0)));
    } catch (pg::DatabaseError& error) {
        error.at(command_place(frame));
        throw;
    }
}

void Interpreter::restrict_commands(Frame& frame, Scanner& command) {
    restriction_ = required(frame, command, "a key");
    frame.reader.end_command(command.finish());
}

void Interpreter::unrestrict_commands(Frame& frame, Scanner& command) {
    const auto key = required(frame, command, "the key of the \\restrict before it");
    frame.reader.end_command(command.finish());
    if (!restriction_) {
        refuse(command_place(frame), "\\unrestrict has no \\restrict before it");
    }
    if (*restriction_ != key) {
        refuse(command_place(frame), "\\unrestrict has another key than the \\restrict before it");
    }
    restriction_.reset();
}

void Interpreter::quit(Frame& frame, Scanner& command) {
    frame.reader.end_command(command.finish());
    frame.ended = true;
}

void Interpreter::reset(Frame& frame, Scanner& command) {
    frame.reader.end_command(command.finish());
    frame.reader.take_query();
}

void Interpreter::redirect(Frame& frame, Scanner& command) {
    const auto target = command.next(Scanner::Argument::file_or_pipe, true);
    frame.reader.end_command(command.finish());
    if (target && *target != "/dev/null") {
        refuse(command_place(frame),
               fmt::format("\\o would write results of queries to \"{}\"", *target),
               "run generated SQL with \\gexec, keep values with \\gset, and write tables with "
               "\\copy … to");
    }
}

void Interpreter::shell(Frame& frame, Scanner& command) {
    const auto line = command.next(Scanner::Argument::whole_line);
    frame.reader.end_command(command.finish());
    if (!line) {
        refuse(command_place(frame), "\\! without a program would open a shell");
    }
    const auto finished = run_program(*line, environment_);
    if (options_.on_output && !finished.output.empty()) {
        options_.on_output(finished.output);
    }
    variables_.set("SHELL_ERROR", finished.fine() ? "false" : "true");
    variables_.set("SHELL_EXIT_CODE", std::to_string(finished.status));
}

std::string Interpreter::output_of(const Place& place, const std::string& program) {
    refuse_programs(place, fmt::format("`{}`", program));
    auto finished = run_program(program, environment_);
    variables_.set("SHELL_ERROR", finished.fine() ? "false" : "true");
    variables_.set("SHELL_EXIT_CODE", std::to_string(finished.status));
    if (!finished.output.empty() && finished.output.back() == '\n') {
        finished.output.pop_back();
    }
    return finished.fine() ? finished.output : std::string();
}

void Interpreter::bind(Frame& frame, Scanner& command) {
    bound_.emplace();
    while (auto value = command.next()) {
        bound_->push_back(std::move(*value));
    }
    frame.reader.end_command(command.finish());
}

}  // namespace caisson::scripts

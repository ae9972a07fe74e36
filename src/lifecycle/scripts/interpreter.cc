// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/interpreter.h"

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/scripts/commands.h"

namespace caisson::scripts {
namespace {

/// Files that include one another without an end are stopped here.
constexpr std::size_t deepest = 100;
constexpr std::string_view reference_page = "see docs/reference/psql.md";

}  // namespace

Interpreter::Frame::Frame(sql::Reader::Source source, std::string name, fs::path directory,
                          const Variables& variables)
    : reader(std::move(source),
             [this, &variables](std::string_view variable, sql::VariableForm form) {
                 return conditions.is_active() ? variables.written(variable, form) : std::nullopt;
             }),
      file(std::move(name)),
      folder(std::move(directory)) {}

Interpreter::Interpreter(pg::Connection& connection, const Options& options)
    : connection_(connection),
      options_(options),
      surroundings_{options.root, options.directory.empty() ? options.root : options.directory} {
    define_variables();
}

/// What psql has set when it begins a script.
void Interpreter::define_variables() {
    const auto& settings = connection_.settings();
    const auto version = std::to_string(connection_.server_version());
    const auto row = connection_
                         .query(
                             "select current_setting('standard_conforming_strings') as strings, "
                             "current_setting('client_encoding') as encoding, "
                             "current_setting('server_version') as version")
                         .front();
    standard_strings_ = row.text("strings") != "off";
    variables_.set("DBNAME", settings.database);
    variables_.set("USER", settings.user);
    variables_.set("HOST", settings.host);
    variables_.set("PORT", std::to_string(settings.port));
    variables_.set("ENCODING", row.string("encoding"));
    variables_.set("SERVER_VERSION_NAME", row.string("version"));
    variables_.set("SERVER_VERSION_NUM", version);
    variables_.set("AUTOCOMMIT", "on");
    variables_.set("ON_ERROR_STOP", "on");
    variables_.set("ON_ERROR_ROLLBACK", "off");
    variables_.set("ECHO", "none");
    variables_.set("QUIET", "on");
    variables_.set("VERBOSITY", "default");
    variables_.set("FETCH_COUNT", "0");
    variables_.set("ERROR", "false");
    variables_.set("SQLSTATE", "00000");
    variables_.set("ROW_COUNT", "0");
    variables_.set("LAST_ERROR_MESSAGE", "");
    variables_.set("LAST_ERROR_SQLSTATE", "00000");
    for (const auto& [name, value] : options_.variables) {
        variables_.set(name, value);
    }
}

Report Interpreter::run(sql::Reader::Source source) {
    Frame frame(std::move(source), options_.file, options_.path.parent_path(), variables_);
    run_frame(frame);
    return report_;
}

void Interpreter::run_frame(Frame& frame) {
    if (++depth_ > deepest) {
        refuse({frame.file, 1, 1}, fmt::format("files include one another {} deep", deepest),
               "a file may not include itself");
    }
    while (!frame.ended) {
        // A file that was included may have changed it.
        frame.reader.standard_strings(standard_strings_);
        const auto event = frame.reader.next();
        standard_strings_ = frame.reader.standard_strings();
        if (event == sql::Reader::Event::statement) {
            run_statement(frame);
        } else if (event == sql::Reader::Event::command) {
            run_command(frame);
        } else {
            break;
        }
    }
    if (frame.conditions.is_open() && !frame.ended) {
        refuse(place_of(frame, frame.reader.position()),
               "the file ends inside an \\if that has no \\endif");
    }
    --depth_;
}

void Interpreter::run_statement(Frame& frame) {
    const bool copies = frame.reader.query().kind() == sql::StatementKind::copy_in;
    if (frame.conditions.is_active()) {
        send(frame, frame.reader.query(), copies ? Use::copies : Use::plain);
    } else if (copies) {
        while (frame.reader.next_data()) {
        }
    }
}

sql::Lookup Interpreter::lookup(const Frame& frame) const {
    return [this, &frame](std::string_view name, sql::VariableForm form) {
        return frame.conditions.is_active() ? variables_.written(name, form) : std::nullopt;
    };
}

void Interpreter::run_command(Frame& frame) {
    const std::string line(frame.reader.command_line());
    if (!line.empty() && (line.front() == ';' || line.front() == ':')) {
        frame.reader.append(line.front());
        return;
    }
    const auto place = command_place(frame);
    Scanner command(line, lookup(frame),
                    [&](const std::string& program) { return output_of(place, program); });
    if (restriction_ && command.name() != "unrestrict") {
        refuse(place,
               fmt::format("\\{} stands after \\restrict, where \\unrestrict alone is a command",
                           command.name()),
               "the text between them is taken for data that nobody has looked at");
    }
    if (!run_condition(frame, command)) {
        if (!frame.conditions.is_active()) {
            frame.reader.end_command(sql::length_of_command(line));
            return;
        }
        carry_out(frame, command);
    }
    if (command.is_unterminated()) {
        refuse(place, fmt::format("a quote in the arguments of \\{} has no end in its line",
                                  command.name()));
    }
}

/// Data that a command reads begin behind its line, so commands that send end it themselves.
void Interpreter::carry_out(Frame& frame, Scanner& command) {
    const auto rule = rule_of(command.name());
    const auto place = command_place(frame);
    if (rule.treatment == Treatment::unknown) {
        refuse(place, fmt::format("\\{} is no command of psql", command.name()), reference_page);
    }
    if (rule.treatment == Treatment::refused) {
        refuse(place, fmt::format("\\{} cannot be carried out here", command.name()), rule.remedy);
    }
    if (rule.treatment == Treatment::program) {
        refuse_programs(place, fmt::format("\\{}", command.name()));
    }
    for (const auto& entry : entries()) {
        if (entry.name == command.name()) {
            (this->*entry.carry)(frame, command);
            return;
        }
    }
    // It would only show something; its arguments still count, because `program` may stand there.
    while (!sql::takes_whole_line(command.name()) && command.next()) {
    }
    frame.reader.end_command(command.finish());
}

/// Whether the command is one of \if … \endif, which count in branches that are not taken as well.
bool Interpreter::run_condition(Frame& frame, Scanner& command) {
    auto& conditions = frame.conditions;
    const auto& query = frame.reader.query();
    const auto place = command_place(frame);
    std::optional<sql::Query> restored;
    auto fault = Conditions::Fault::none;
    const auto& name = command.name();
    if (name == "if") {
        conditions.begin(evaluate(frame, command, conditions.evaluates_if()), query);
    } else if (name == "elif") {
        fault =
            conditions.turn(evaluate(frame, command, conditions.evaluates_elif()), query, restored);
    } else if (name == "else") {
        fault = conditions.otherwise(query, restored);
    } else if (name == "endif") {
        fault = conditions.end(restored);
    } else {
        return false;
    }
    if (fault == Conditions::Fault::no_if) {
        refuse(place, fmt::format("\\{} stands outside of any \\if", name));
    }
    if (fault == Conditions::Fault::after_else) {
        refuse(place, fmt::format("\\{} comes after the \\else of its \\if", name));
    }
    frame.reader.end_command(command.finish());
    if (restored) {
        frame.reader.set_query(std::move(*restored));
    }
    return true;
}

bool Interpreter::evaluate(Frame& frame, Scanner& command, bool wanted) {
    if (!wanted) {
        return false;
    }
    // An \elif is looked at where the branch before it was not taken: its variables count.
    Scanner awake(
        frame.reader.command_line(),
        [this](std::string_view name, sql::VariableForm form) {
            return variables_.written(name, form);
        },
        [this, &frame](const std::string& program) {
            return output_of(command_place(frame), program);
        });
    std::string text;
    while (const auto part = awake.next()) {
        text += (text.empty() ? "" : " ") + *part;
    }
    const auto value = boolean_of(trim(text));
    if (!value) {
        warn_of(command_place(frame),
                fmt::format("\\{}: \"{}\" is neither true nor false, and taken for false",
                            command.name(), text));
    }
    return value.value_or(false);
}

void Interpreter::step(const Step& step, const std::function<void()>& run,
                       const std::function<void()>& skip) {
    bool ran = false;
    const std::function<void()> once = [&] {
        ran = true;
        run();
    };
    if (options_.around) {
        options_.around(step, once);
    } else {
        once();
    }
    if (!ran) {
        skip();
    }
}

void Interpreter::refuse_programs(const Place& place, const std::string& what) const {
    if (!options_.allow_programs) {
        refuse(place, fmt::format("{} would run a program on the host", what),
               "if it may, say --allow-programs");
    }
}

Place Interpreter::place_of(const Frame& frame, const sql::SourcePosition& position) {
    return {frame.file, position.line, position.column};
}

Place Interpreter::command_place(const Frame& frame) {
    return place_of(frame, frame.reader.command_position());
}

void Interpreter::refuse(const Place& place, const std::string& message, std::string_view hint) {
    Error error(Code::migration_invalid, fmt::format("{}: {}", place.text(), message),
                std::string(hint));
    error.at(place);
    throw error;
}

void Interpreter::warn_of(const Place& place, const std::string& message) const {
    if (options_.on_warning) {
        options_.on_warning(place, message);
    }
}

std::string Interpreter::required(Frame& frame, Scanner& command, std::string_view what) {
    const auto value = command.next(Scanner::Argument::normal, true);
    if (!value) {
        refuse(command_place(frame), fmt::format("\\{} needs {}", command.name(), what));
    }
    return *value;
}

Report run(pg::Connection& connection, sql::Reader::Source source, const Options& options) {
    return Interpreter(connection, options).run(std::move(source));
}

Report run(pg::Connection& connection, std::string_view text, const Options& options) {
    return run(
        connection, [rest = text]() mutable { return std::exchange(rest, {}); }, options);
}

}  // namespace caisson::scripts

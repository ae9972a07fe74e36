// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/sql/command.h"
#include "drivers/sql/reader.h"
#include "lifecycle/scripts/conditions.h"
#include "lifecycle/scripts/copy_command.h"
#include "lifecycle/scripts/files.h"
#include "lifecycle/scripts/run.h"
#include "lifecycle/scripts/variables.h"

namespace caisson::scripts {

/// One run of a script with all that it includes. Reads event by event; each command has a function
/// of its own.
class Interpreter {
 public:
    Interpreter(pg::Connection& connection, const Options& options);
    Report run(sql::Reader::Source source);

 private:
    using Use = Step::Use;
    /// A file that is being read.
    struct Frame {
        Frame(sql::Reader::Source source, std::string name, fs::path directory,
              const Variables& variables);
        sql::Reader reader;
        std::string file;
        fs::path folder;
        Conditions conditions;
        bool ended = false;  ///< By \q.
    };
    using Scanner = sql::CommandScanner;
    using Carry = void (Interpreter::*)(Frame&, Scanner&);
    struct Entry {
        std::string_view name;
        Carry carry;
    };
    static const std::vector<Entry>& entries();

    void define_variables();
    void run_frame(Frame& frame);
    void run_statement(Frame& frame);
    void run_command(Frame& frame);
    void carry_out(Frame& frame, Scanner& command);
    bool run_condition(Frame& frame, Scanner& command);
    bool evaluate(Frame& frame, Scanner& command, bool wanted);
    sql::Lookup lookup(const Frame& frame) const;

    void set(Frame& frame, Scanner& command);
    void unset(Frame& frame, Scanner& command);
    void getenv(Frame& frame, Scanner& command);
    void setenv(Frame& frame, Scanner& command);
    void echo(Frame& frame, Scanner& command);
    void warn(Frame& frame, Scanner& command);
    void include(Frame& frame, Scanner& command);
    void include_relative(Frame& frame, Scanner& command);
    void include_file(Frame& frame, Scanner& command, bool relative);
    void change_directory(Frame& frame, Scanner& command);
    void encoding(Frame& frame, Scanner& command);
    void restrict_commands(Frame& frame, Scanner& command);
    void unrestrict_commands(Frame& frame, Scanner& command);
    void quit(Frame& frame, Scanner& command);
    void reset(Frame& frame, Scanner& command);
    void redirect(Frame& frame, Scanner& command);
    void shell(Frame& frame, Scanner& command);
    void bind(Frame& frame, Scanner& command);
    void go(Frame& frame, Scanner& command);
    void describe(Frame& frame, Scanner& command);
    void gset(Frame& frame, Scanner& command);
    void gexec(Frame& frame, Scanner& command);
    void copy(Frame& frame, Scanner& command);

    /// The statement that a command sends: the one it stands in, else the one sent before.
    sql::Query query_for(Frame& frame, Scanner& command);
    void send(Frame& frame, const sql::Query& query, Use use, const std::string& prefix = {});
    void execute(Frame& frame, const sql::Query& query, Use use, const std::string& prefix);
    void execute_generated(Frame& frame, const sql::Query& query, const pg::Result& result);
    void keep_variables(Frame& frame, const sql::Query& query, const pg::Result& result,
                        const std::string& prefix);
    void carry_copy(Frame& frame, const CopyCommand& command, const Place& place);
    std::uint64_t copy_from(Frame& frame, const CopyCommand& command, const Place& place);
    std::uint64_t copy_to(Frame& frame, const CopyCommand& command, const Place& place);
    void step(const Step& step, const std::function<void()>& run,
              const std::function<void()>& skip);
    void refuse_programs(const Place& place, const std::string& what) const;
    std::string output_of(const Place& place, const std::string& program);

    static Place place_of(const Frame& frame, const sql::SourcePosition& position);
    static Place command_place(const Frame& frame);
    [[noreturn]] static void refuse(const Place& place, const std::string& message,
                                    std::string_view hint = {});
    void warn_of(const Place& place, const std::string& message) const;
    std::string required(Frame& frame, Scanner& command, std::string_view what);

    pg::Connection& connection_;
    const Options& options_;
    Surroundings surroundings_;
    Variables variables_;
    std::map<std::string, std::string> environment_;
    std::optional<std::string> restriction_;
    std::optional<std::vector<std::string>> bound_;  ///< By \bind, for the next statement.
    sql::Query previous_;
    bool standard_strings_ = true;
    std::size_t depth_ = 0;
    Report report_;
};

}  // namespace caisson::scripts

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/inspect.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"
#include "drivers/sql/command.h"
#include "drivers/sql/reader.h"
#include "lifecycle/scripts/commands.h"
#include "lifecycle/scripts/copy_command.h"
#include "lifecycle/scripts/files.h"

namespace caisson::scripts {
namespace {

using sql::CommandScanner;
using Event = sql::Reader::Event;

constexpr std::string_view allow = "if it may, say --allow-programs";

Place place_of(const std::string& file, const sql::SourcePosition& position) {
    return {file, position.line, position.column};
}

bool is_semicolon_command(std::string_view line) {
    return !line.empty() && (line.front() == ';' || line.front() == ':');
}

/// Goes through a script; `statement` and `command` are told what there is.
template <typename OnStatement, typename OnCommand>
void walk(sql::Reader& reader, OnStatement&& statement, OnCommand&& command) {
    for (auto event = reader.next(); event != Event::end; event = reader.next()) {
        if (event == Event::statement) {
            statement(reader.query());
            if (reader.query().kind() == sql::StatementKind::copy_in) {
                while (reader.next_data()) {
                }
            }
            continue;
        }
        const std::string line(reader.command_line());
        if (is_semicolon_command(line)) {
            reader.append(line.front());
            continue;
        }
        CommandScanner scanner(line);
        const auto name = scanner.name();
        command(line, name);
        reader.end_command(scanner.finish());
        if (sql::sends_query(name)) {
            const auto query = reader.take_query();
            statement(query);
            if (query.kind() == sql::StatementKind::copy_in) {
                while (reader.next_data()) {
                }
            }
        } else if (name == "copy") {
            const auto copy = read_copy(std::string_view(line).substr(name.size()));
            if (copy && copy->from && copy->end == CopyCommand::End::script) {
                while (reader.next_data()) {
                }
            }
        }
    }
}

class Refusals {
 public:
    Refusals(const std::string& file, bool allow_programs)
        : file_(file), allow_programs_(allow_programs) {}

    void take(const sql::Query& query) {
        if (depth_ == 0 && !allow_programs_ && copies_with_program(query.text())) {
            add(query.start(), "COPY … PROGRAM runs a program on the server's host", allow);
        }
    }

    void take(const sql::SourcePosition& position, const std::string& line,
              const std::string& name) {
        depth_ += name == "if" ? 1 : name == "endif" && depth_ > 0 ? -1 : 0;
        if (name == "if" || name == "endif" || depth_ > 0) {
            return;
        }
        const auto rule = rule_of(name);
        if (rule.treatment == Treatment::unknown) {
            add(position, fmt::format("\\{} is no command of psql", name),
                "see docs/reference/psql.md");
        } else if (rule.treatment == Treatment::refused) {
            add(position, fmt::format("\\{} cannot be carried out here", name), rule.remedy);
        } else if (!allow_programs_ && runs_program(line, name, rule)) {
            add(position, fmt::format("\\{} would run a program on this host", name), allow);
        }
    }

    std::vector<Finding> findings;

 private:
    static bool runs_program(const std::string& line, const std::string& name,
                             const CommandRule& rule) {
        if (name == "copy") {
            const auto copy = read_copy(std::string_view(line).substr(name.size()));
            return copy && copy->end == CopyCommand::End::program;
        }
        bool runs = rule.treatment == Treatment::program;
        CommandScanner scanner(line, {}, [&](const std::string&) {
            runs = true;
            return std::string();
        });
        while (!sql::takes_whole_line(name) && scanner.next()) {
        }
        return runs;
    }

    void add(const sql::SourcePosition& position, std::string message, std::string_view hint) {
        findings.push_back({place_of(file_, position), std::move(message), std::string(hint)});
    }

    const std::string& file_;
    bool allow_programs_;
    int depth_ = 0;
};

class Includes {
 public:
    explicit Includes(Surroundings surroundings) : surroundings_(std::move(surroundings)) {}

    void read(sql::Reader& reader, const std::string& file, const fs::path& folder) {
        walk(
            reader, [](const sql::Query&) {},
            [&](const std::string& line, const std::string& name) {
                const bool relative = name == "ir" || name == "include_relative";
                const bool includes = relative || name == "i" || name == "include";
                const auto place = place_of(file, reader.command_position());
                if (includes) {
                    CommandScanner scanner(line);
                    if (const auto argument =
                            scanner.next(CommandScanner::Argument::normal, true)) {
                        add(*argument, folder, relative, place, true);
                    }
                } else if (name == "copy") {
                    const auto copy = read_copy(std::string_view(line).substr(name.size()));
                    if (copy && copy->from && copy->end == CopyCommand::End::file) {
                        add(copy->name, folder, false, place, false);
                    }
                }
            });
    }

    std::vector<Included> files;

 private:
    void add(const std::string& name, const fs::path& folder, bool relative, const Place& place,
             bool descend) {
        const auto found = find_file(surroundings_, folder, name, relative);
        const auto known = std::any_of(files.begin(), files.end(), [&](const Included& file) {
            return file.name == found.label;
        });
        if (known) {
            return;
        }
        files.push_back({found.label, found.path.value_or(fs::path()), place});
        if (found.path && descend) {
            sql::Reader reader(file_source(*found.path));
            read(reader, found.label, found.path->parent_path());
        }
    }

    Surroundings surroundings_;
};

constexpr std::size_t longest_whole = std::size_t{16} << 20U;
constexpr std::size_t piece_length = std::size_t{1} << 20U;

std::string checksum_of(const fs::path& path) {
    const auto source = file_source(path);
    std::string held;
    std::string sums;
    for (auto chunk = source(); !chunk.empty(); chunk = source()) {
        held += chunk;
        // A short file is held as a whole, so its line ends can be told.
        if (sums.empty() && held.size() <= longest_whole) {
            continue;
        }
        std::size_t at = 0;
        for (; held.size() - at >= piece_length; at += piece_length) {
            sums += sha256_hex(std::string_view(held).substr(at, piece_length));
        }
        held.erase(0, at);
    }
    return sums.empty() ? sha256_hex(normalise_lines(held)) : sha256_hex(sums + sha256_hex(held));
}

}  // namespace

std::string checksum_with(const std::string& own, const std::vector<Included>& files) {
    if (files.empty()) {
        return own;
    }
    auto text = own + "\n";
    for (const auto& file : files) {
        text += fmt::format("{} {}\n", file.name,
                            file.path.empty() ? std::string("-") : checksum_of(file.path));
    }
    return sha256_hex(text);
}

bool needs_interpreter(std::string_view text) {
    sql::Reader reader(text);
    for (auto event = reader.next(); event != Event::end; event = reader.next()) {
        if (event == Event::command || reader.query().kind() == sql::StatementKind::copy_in) {
            return true;
        }
    }
    return false;
}

std::vector<Finding> refusals(std::string_view text, const std::string& file, bool allow_programs) {
    sql::Reader reader(text);
    Refusals refusals(file, allow_programs);
    walk(
        reader, [&](const sql::Query& query) { refusals.take(query); },
        [&](const std::string& line, const std::string& name) {
            refusals.take(reader.command_position(), line, name);
        });
    return std::move(refusals.findings);
}

std::vector<Included> included_files(std::string_view text, const std::string& file,
                                     const fs::path& path, const fs::path& root,
                                     const fs::path& directory) {
    sql::Reader reader(text);
    Includes includes({root, directory});
    includes.read(reader, file, path.parent_path());
    return std::move(includes.files);
}

}  // namespace caisson::scripts

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/dump.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <signal.h>

#include "base/child.h"
#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/environment.h"
#include "operations/backups/logical/archive.h"

namespace caisson::backups {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t block_bytes = std::size_t{1} << 20U;
/// A table that is locked by others, or a server that hangs, is not waited for all night.
constexpr auto longest_silence = 30min;

Command dump_command(const DumpPrograms& programs, const DumpRequest& request) {
    Command command;
    command.gives_way = true;
    // Not compressed: zstd is faster and smaller, and the rows can be counted as they go by.
    command.arguments = {programs.dump.string(), "--format=custom", "--compress=0", "--no-password",
                         "--lock-wait-timeout=120s"};
    if (!request.snapshot.empty()) {
        command.arguments.push_back("--snapshot=" + request.snapshot);
    }
    command.environment = pg::environment_of(request.settings);
    return command;
}

template <typename Take>
Dumped run_dump(const DumpPrograms& programs, const DumpRequest& request, Take take) {
    Child child(dump_command(programs, request), Child::Flow::read);
    ArchiveScanner scanner;
    std::vector<char> block(block_bytes);
    std::exception_ptr failure;
    try {
        while (const auto got = child.read(block, longest_silence)) {
            const std::string_view bytes(block.data(), got);
            scanner.add(bytes);
            take(bytes);
            if (request.advance) {
                request.advance(got);
            }
        }
    } catch (const Error& error) {
        if (error.code() != Code::backup_failed) {
            throw;
        }
        failure = std::current_exception();  // pg_dump may know better why.
    }
    const auto finished = child.finish(1min);
    // When we read no further, it dies of its pipe and has nothing to say: the cause is ours.
    if (failure && (finished.status == 128 + SIGPIPE || trim(finished.errors).empty())) {
        std::rethrow_exception(failure);
    }
    if (!finished.fine()) {
        const bool is_full = finished.errors.find("No space left") != std::string::npos;
        throw Error(is_full ? Code::disk_full : Code::backup_failed,
                    fmt::format("pg_dump of {} ended with {}: {}", request.settings.database,
                                finished.status, words_of(finished.errors)))
            .with("database", request.settings.database);
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    Dumped dumped;
    dumped.tables = scanner.finish();
    dumped.program_version = scanner.program_version();
    dumped.notes = warnings_of(finished.errors);
    for (auto& table : dumped.tables) {
        table.database = request.settings.database;
    }
    return dumped;
}

}  // namespace

std::string words_of(const std::string& errors) {
    constexpr std::size_t most_lines = 4;
    constexpr std::size_t longest_line = 500;
    std::vector<std::string> lines;
    for (const auto& line : split(errors, '\n')) {
        if (!trim(line).empty() && lines.size() < most_lines) {
            lines.emplace_back(trim(line).substr(0, longest_line));
        }
    }
    return lines.empty() ? "it said nothing" : join(lines, "; ");
}

std::vector<std::string> warnings_of(const std::string& errors) {
    constexpr std::size_t most_lines = 20;
    std::vector<std::string> lines;
    std::size_t left_out = 0;
    for (const auto& line : split(errors, '\n')) {
        if (!trim(line).empty() && lines.size() < most_lines) {
            lines.emplace_back(trim(line));
        } else if (!trim(line).empty()) {
            ++left_out;
        }
    }
    if (left_out > 0) {
        lines.push_back(fmt::format("and {}", counted(left_out, "more line")));
    }
    return lines;
}

Dumped dump(const DumpPrograms& programs, const DumpRequest& request, Storing& keep) {
    auto dumped = run_dump(programs, request, [&](std::string_view bytes) { keep.add(bytes); });
    dumped.stored = keep.finish();
    return dumped;
}

std::vector<TableContent> contents_of(const DumpPrograms& programs, const DumpRequest& request) {
    return run_dump(programs, request, [](std::string_view) {}).tables;
}

std::vector<std::string> differences(const std::vector<TableContent>& expected,
                                     const std::vector<TableContent>& found) {
    std::vector<std::string> sentences;
    for (const auto& table : expected) {
        const auto same = std::ranges::find_if(found, [&](const TableContent& each) {
            return each.schema == table.schema && each.table == table.table;
        });
        const auto name = table.schema + "." + table.table;
        if (same == found.end()) {
            sentences.push_back(fmt::format("the table {} is missing", name));
        } else if (same->rows != table.rows) {
            sentences.push_back(fmt::format("{} has {} instead of {}", name,
                                            counted(same->rows, "row"), table.rows));
        } else if (same->sha256 != table.sha256) {
            sentences.push_back(
                fmt::format("{} has other contents in its {}", name, counted(same->rows, "row")));
        }
    }
    return sentences;
}

}  // namespace caisson::backups

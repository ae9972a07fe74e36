// SPDX-License-Identifier: Apache-2.0
#include "app/cli/context.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "app/cli/cli.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

bool is_terminal(int descriptor) {
    const char* const no_colour = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    return ::isatty(descriptor) == 1 && !(no_colour && *no_colour) &&
           !(terminal && std::string_view(terminal) == "dumb");
}

/// Why results could not be written; 0 while all went well.
int write_failure = 0;

void write_text(std::FILE* stream, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stream);
    if ((std::fflush(stream) != 0 || std::ferror(stream) != 0) && stream == stdout &&
        write_failure == 0) {
        write_failure = errno;
    }
}

void write_line(std::FILE* stream, std::string_view text) {
    write_text(stream, std::string(text) + "\n");
}

/// A descriptor below 3 that the caller closed would be given to the next file or socket that is
/// opened, and results would be written into that.
void open_missing_streams() {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) < 0) {
            ::open("/dev/null", O_RDWR);
        }
    }
}

}  // namespace

Context::Context(Arguments arguments)
    : arguments_(std::move(arguments)),
      json_(arguments_.has("--json")),
      colours_(!json_ && is_terminal(STDOUT_FILENO)) {}

const trust::Run& Context::run() {
    if (!run_) {
        run_ = std::make_unique<trust::Run>(trust::make_run(
            arguments_.value("--directory", "."), arguments_.value("--environment", "local")));
    }
    return *run_;
}

std::vector<platform::Database> Context::databases() {
    if (arguments_.has("--database")) {
        return {run().manifest.database(arguments_.value("--database"))};
    }
    return run().manifest.databases;
}

platform::Database Context::database() { return databases().front(); }

platform::Database Context::one_database() {
    auto found = databases();
    if (found.size() > 1) {
        std::vector<std::string> keys;
        for (const auto& database : found) {
            keys.push_back(database.key);
        }
        throw Error(Code::usage,
                    fmt::format("caisson {} works on one database, and the platform has {}",
                                arguments_.verb->name, keys.size()),
                    fmt::format("name one of them: -d {}", join(keys, ", -d ")));
    }
    return found.front();
}

void Context::busy(std::string_view what) {
    if (!json_ && colours_ && is_terminal(STDERR_FILENO)) {
        std::fputs(fmt::format("\r\x1b[K… {}", what).c_str(), stderr);
        std::fflush(stderr);
        busy_ = true;
    }
}

void Context::print(std::string_view line) {
    if (busy_) {
        std::fputs("\r\x1b[K", stderr);
        std::fflush(stderr);
        busy_ = false;
    }
    if (!json_) {
        write_line(stdout, line);
    }
}

void Context::note(std::string_view line) {
    if (noted_.emplace(line).second) {
        write_line(stderr, line);
    }
}

void Context::relay(std::string_view line) { write_line(stderr, line); }

void Context::emit(std::string_view text) { write_text(stdout, text); }

std::string Context::painted(std::string_view code, std::string_view text) const {
    return colours_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}
std::string Context::bold(std::string_view text) const { return painted("1", text); }
std::string Context::dim(std::string_view text) const { return painted("2", text); }
std::string Context::green(std::string_view text) const { return painted("32", text); }
std::string Context::red(std::string_view text) const { return painted("31", text); }
std::string Context::yellow(std::string_view text) const { return painted("33", text); }

Progress::Progress(const Context& context, std::string label, std::size_t total)
    : label_(std::move(label)),
      total_(total),
      active_(!context.json() && total > 1 && is_terminal(STDERR_FILENO)) {}

Progress::~Progress() {
    if (shown_) {
        std::fputs("\r\x1b[K", stderr);
        std::fflush(stderr);
    }
}

void Progress::show(std::size_t done, std::string_view what) {
    const auto now = watch_.elapsed();
    if (!active_ || (shown_ && now - last_ < std::chrono::milliseconds(50) && done < total_)) {
        return;
    }
    last_ = now;
    shown_ = true;
    constexpr std::size_t width = 24;
    const auto filled = total_ == 0 ? width : std::min(width, width * done / total_);
    const double seconds = std::chrono::duration<double>(now).count();
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    const auto left =
        rate > 0 ? std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::duration<double>(static_cast<double>(total_ - done) / rate))
                 : std::chrono::nanoseconds(0);
    std::fputs(fmt::format("\r\x1b[K{} [{}{}] {}/{}  {:.0f}/s  {} left  {}", label_,
                           std::string(filled, '#'), std::string(width - filled, '.'), done, total_,
                           rate, human(left), what)
                   .c_str(),
               stderr);
    std::fflush(stderr);
}

std::string to_text(const Error& error, bool colours) {
    const auto paint = [&](std::string_view code, std::string_view text) {
        return colours ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
    };
    std::string text = paint("31;1", "error") + ": ";
    const auto place = error.fact("place");
    const bool says_place = place.empty() || error.message().find(place) != std::string::npos;
    text += says_place ? error.message() : fmt::format("{}: {}", place, error.message());
    for (const auto& [key, value] : error.facts()) {
        if (key != "place" && error.message().find(value) == std::string::npos) {
            text += fmt::format("\n  {}: {}", key, replace_all(value, "\n", "\n    "));
        }
    }
    return text + "\n" + paint("36", "hint") + ": " + error.hint();
}

boost::json::object to_json(const Error& error) {
    const auto& kind = kind_of(error.code());
    boost::json::object facts;
    for (const auto& [key, value] : error.facts()) {
        facts[key] = value;
    }
    return {{"code", kind.name},
            {"message", error.message()},
            {"hint", error.hint()},
            {"exit", static_cast<int>(kind.exit)},
            {"facts", std::move(facts)}};
}

namespace {

int report(const Error& error, bool json, boost::json::object result) {
    if (json) {
        result["error"] = to_json(error);
        write_line(stdout, json_text(result));
    }
    write_line(stderr, to_text(error, is_terminal(STDERR_FILENO)));
    return static_cast<int>(kind_of(error.code()).exit);
}

int run_verb(Context& context) {
    const auto& verb = *context.arguments().verb;
    Exit exit = Exit::fine;
    try {
        if (verb.needs == Needs::platform) {
            context.run();
        }
        exit = verb.run(context);
    } catch (Error& error) {
        if (context.has_run()) {
            error.with("environment", context.run().environment.name);
        }
        return report(error, context.json(), std::move(context.result()));
    }
    if (context.json()) {
        write_line(stdout, json_text(context.result()));
    }
    return static_cast<int>(exit);
}

}  // namespace

namespace {

int run_words(const std::vector<std::string>& words) {
    // Asked of the words themselves: those that cannot be understood get their document too.
    const auto rest = std::find(words.begin(), words.end(), "--");
    const bool json = std::find(words.begin(), rest, "--json") != rest;
    try {
        auto arguments = parse(words);
        if (!arguments.verb) {
            write_line(stdout, help_of_all());
            return static_cast<int>(Exit::fine);
        }
        if (arguments.help) {
            write_line(stdout, help_of(*arguments.verb));
            return static_cast<int>(Exit::fine);
        }
        Context context(std::move(arguments));
        return run_verb(context);
    } catch (const Error& error) {
        return report(error, json, {});
    } catch (const std::exception& failure) {
        return report(Error(Code::internal, failure.what()), json, {});
    }
}

}  // namespace

int main_of(const std::vector<std::string>& words) {
    open_missing_streams();
    interrupt::install();
    const int status = run_words(words);
    // A reader that has seen enough, such as head, is no failure; half a script on a full disk is.
    if (write_failure == 0 || write_failure == EPIPE || status != 0) {
        return status;
    }
    const auto why = fmt::format("the result could not be written to standard output: {}",
                                 std::strerror(write_failure));
    return report(write_failure == ENOSPC
                      ? Error(Code::disk_full, why)
                      : Error(Code::state_unusable, why, "look at where standard output leads"),
                  false, {});
}

}  // namespace caisson::cli

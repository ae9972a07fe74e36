// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a verb works with: its arguments, the run (loaded when first asked for), and where its
/// results go. Results go to standard output, everything else to standard error; with --json the
/// result is one JSON document.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "app/cli/cli.h"
#include "app/cli/verb.h"
#include "base/clock.h"
#include "trust/session.h"

namespace caisson::cli {

class Context {
 public:
    explicit Context(Arguments arguments);

    const Arguments& arguments() const { return arguments_; }
    bool json() const { return json_; }
    bool dry_run() const { return arguments_.has("--dry-run"); }
    bool yes() const { return arguments_.has("--yes"); }
    bool colours() const { return colours_; }

    /// The platform and environment named by -C and -e. Errors: as platform::load and
    /// environment().
    const trust::Run& run();
    bool has_run() const { return run_ != nullptr; }
    /// The database named by -d, else all of them in the order of the manifest.
    std::vector<platform::Database> databases();
    /// The database named by -d, else the only or first one.
    platform::Database database();
    /// The same for what must not hit a database that nobody meant.
    /// Errors: usage where the platform has several and none is named.
    platform::Database one_database();

    /// A line of the result; nothing with --json.
    void print(std::string_view line);
    /// What goes on at the moment: on a terminal, until the next line is printed.
    void busy(std::string_view what);
    /// A line for people, on standard error; shown with --json too. What was said is not said
    /// again.
    void note(std::string_view line);
    /// A line of somebody else's, on standard error, as often as it is said.
    void relay(std::string_view line);
    /// What --json prints at the end.
    boost::json::object& result() { return result_; }
    /// Text as it is on standard output, also with --json (scripts, completion, URLs).
    void emit(std::string_view text);

    std::string bold(std::string_view text) const;
    std::string dim(std::string_view text) const;
    std::string green(std::string_view text) const;
    std::string red(std::string_view text) const;
    std::string yellow(std::string_view text) const;

 private:
    std::string painted(std::string_view code, std::string_view text) const;

    Arguments arguments_;
    std::unique_ptr<trust::Run> run_;
    boost::json::object result_;
    std::set<std::string, std::less<>> noted_;
    bool json_ = false;
    bool colours_ = false;
    bool busy_ = false;
};

/// A bar on standard error while something long goes on: only on a terminal, erased when it ends.
class Progress {
 public:
    Progress(const Context& context, std::string label, std::size_t total);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress();
    void show(std::size_t done, std::string_view what = {});

 private:
    std::string label_;
    std::size_t total_;
    bool shown_ = false;
    bool active_;
    Stopwatch watch_;
    std::chrono::nanoseconds last_{0};
};

/// An error as people read it, and as `--json` and problem documents have it.
std::string to_text(const Error& error, bool colours);
boost::json::object to_json(const Error& error);

}  // namespace caisson::cli

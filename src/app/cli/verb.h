// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A verb as a value: what it is called, what it takes, how it is used, and the function that does
/// it. The table of all verbs is in verbs.cc; parsing, help, completion and the reference page are
/// made from it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace caisson::cli {

class Context;

struct Option {
    std::string name;   ///< `--until`
    std::string value;  ///< What follows it, such as `STEP`; empty for a flag.
    std::string help;
    std::vector<std::string>
        choices;  ///< What the value may be, for checks and completion; empty: anything.
};

/// What a verb must be given before it runs.
enum class Needs { nothing, platform };

struct Verb {
    std::string name;     ///< One or two words: `migrate`, `migrate down`.
    std::string summary;  ///< One line.
    std::string details;  ///< What else a user should know; may be empty.
    std::vector<Option> options;
    std::string positional;  ///< Such as `NAME`, `[DIR]`; empty: none is taken.
    std::string examples;    ///< Lines of `caisson …  # why`.
    Needs needs = Needs::platform;
    Exit (*run)(Context&) = nullptr;
    bool takes_rest = false;  ///< Everything after `--` belongs to another program.
};

const std::vector<Verb>& verbs();
const Verb* find_verb(const std::string& name);

/// Options that every verb has.
const std::vector<Option>& common_options();

/// The command line, understood.
struct Arguments {
    const Verb* verb = nullptr;
    std::map<std::string, std::string> values;  ///< By option name; flags have "yes".
    std::vector<std::string> positionals;
    std::vector<std::string> rest;  ///< After `--`.
    bool help = false;

    bool has(const std::string& option) const { return values.contains(option); }
    std::string value(const std::string& option, const std::string& fallback = {}) const;
    /// The only positional, or the fallback.
    std::string positional(const std::string& fallback = {}) const;
};

/// Errors: usage, with "did you mean".
Arguments parse(const std::vector<std::string>& words);

std::string help_of_all();
/// The verbs of `backup`, `cache`, …; empty for another word.
std::string help_of_family(std::string_view name);
std::string help_of(const Verb& verb);
/// Shell completion. Errors: usage for a shell that is neither bash nor zsh.
std::string completion(const std::string& shell);

}  // namespace caisson::cli

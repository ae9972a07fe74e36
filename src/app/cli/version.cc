// SPDX-License-Identifier: Apache-2.0
#include "app/cli/version.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/catalogue.h"
#include "app/cli/context.h"
#include "app/cli/reference.h"

namespace caisson::cli {
namespace {

Exit run_version(Context& context) {
    context.print(fmt::format("caisson {} ({}, {})", version(), build_type(), compiler()));
    context.result() = {{"version", version()},
                        {"build", build_type()},
                        {"compiler", compiler()},
                        {"catalogue", catalogue_steps().back().number}};
    return Exit::fine;
}

/// A text is the whole result; with --json it is a member of the document.
Exit emit(Context& context, std::string_view name, const std::string& text) {
    if (context.json()) {
        context.result()[name] = text;
    } else {
        context.emit(text);
    }
    return Exit::fine;
}

Exit run_help(Context& context) {
    const auto name = context.arguments().positionals.empty() ? std::string() : [&] {
        std::string joined;
        for (const auto& word : context.arguments().positionals) {
            joined += (joined.empty() ? "" : " ") + word;
        }
        return joined;
    }();
    const Verb* const verb = find_verb(name);
    if (const auto family = help_of_family(name); !verb && !family.empty()) {
        return emit(context, "help", family);
    }
    if (!name.empty() && !verb) {
        throw Error(Code::usage, fmt::format("there is no verb \"{}\"", name), "see: caisson help");
    }
    return emit(context, "help", (verb ? help_of(*verb) : help_of_all()) + "\n");
}

Exit run_completion(Context& context) {
    return emit(context, "completion", completion(context.arguments().positional()));
}

Exit run_errors(Context& context) {
    boost::json::array rows;
    for (const auto& kind : error_kinds()) {
        context.print(fmt::format("{:<22} exit {:<3}  http {}  {}\n{:>47}{}", kind.name,
                                  static_cast<int>(kind.exit), kind.http_status, kind.meaning, "→ ",
                                  kind.remedy));
        rows.push_back(boost::json::object{{"code", kind.name},
                                           {"exit", static_cast<int>(kind.exit)},
                                           {"http_status", kind.http_status},
                                           {"meaning", kind.meaning},
                                           {"remedy", kind.remedy}});
    }
    context.result()["errors"] = std::move(rows);
    return Exit::fine;
}

Exit run_reference(Context& context) {
    const auto page = context.arguments().positional();
    if (page != "verbs" && page != "errors") {
        throw Error(Code::usage, fmt::format("there is no reference page \"{}\"", page),
                    "choose verbs or errors");
    }
    return emit(context, "page", page == "verbs" ? verbs_reference() : errors_reference());
}

}  // namespace

std::string_view version() { return CAISSON_VERSION; }
std::string_view build_type() { return CAISSON_BUILD_TYPE; }
std::string_view compiler() { return "g++ " __VERSION__; }

std::vector<Verb> version_verbs() {
    return {
        {"version",
         "which Caisson this is",
         "",
         {},
         "",
         "  caisson version\n  caisson version --json",
         Needs::nothing,
         run_version},
        {"help",
         "help on everything, or on one verb",
         "",
         {},
         "[VERB]",
         "  caisson help\n  caisson help migrate down",
         Needs::nothing,
         run_help},
        {"help errors",
         "every error there is, with its exit status and what to do",
         "",
         {},
         "",
         "  caisson help errors\n  caisson help errors --json",
         Needs::nothing,
         run_errors},
        {"help reference",
         "a reference page in Markdown: verbs or errors",
         "",
         {},
         "PAGE",
         "  caisson help reference verbs > docs/reference/verbs.md",
         Needs::nothing,
         run_reference},
        {"completion",
         "shell completion for bash or zsh",
         "",
         {},
         "SHELL",
         "  source <(caisson completion bash)   # for this shell\n"
         "  caisson completion zsh > ~/.zfunc/_caisson",
         Needs::nothing,
         run_completion},
    };
}

}  // namespace caisson::cli

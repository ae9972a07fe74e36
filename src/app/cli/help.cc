// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "app/cli/verb.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

std::string shown(const Option& option) {
    const auto letter = option.name == "--directory"     ? "-C, "
                        : option.name == "--environment" ? "-e, "
                        : option.name == "--database"    ? "-d, "
                                                         : "    ";
    return letter + option.name + (option.value.empty() ? "" : " " + option.value);
}

std::string listed(const std::vector<Option>& options) {
    std::string text;
    for (const auto& option : options) {
        text += fmt::format("  {:<28} {}\n", shown(option), option.help);
    }
    return text;
}

std::string top_words() {
    std::vector<std::string> words;
    for (const auto& verb : verbs()) {
        const auto word = verb.name.substr(0, verb.name.find(' '));
        if (std::find(words.begin(), words.end(), word) == words.end()) {
            words.push_back(word);
        }
    }
    return join(words, " ");
}

}  // namespace

std::string help_of_all() {
    std::string text =
        "caisson makes PostgreSQL and Redis match a platform, a directory of plain files, proves "
        "it, and serves it.\n\n"
        "Usage: caisson [-C DIR] [-e ENVIRONMENT] [-d DATABASE] VERB …\n\n";
    for (const auto& verb : verbs()) {
        text += fmt::format("  {:<18} {}\n", verb.name, verb.summary);
    }
    text += "\nEvery verb:\n" + listed(common_options());
    text +=
        "\nExit status: 0 fine, 1 our bug, 2 usage, 3 platform invalid, 4 refused by the guard, 5 "
        "cannot connect,\n"
        "6 rejected by the database, 7 findings, 8 locked, 9 integrity broken, 130 interrupted.\n"
        "\nHelp on one verb, with examples: caisson VERB --help";
    return text;
}

std::string help_of_family(std::string_view name) {
    std::string text;
    for (const auto& verb : verbs()) {
        if (!name.empty() && verb.name.starts_with(fmt::format("{} ", name))) {
            text += fmt::format("  {:<18} {}\n", verb.name, verb.summary);
        }
    }
    return text.empty() ? text
                        : fmt::format(
                              "caisson {} …\n\n{}\nHelp on one of them, with examples: "
                              "caisson {} … --help\n",
                              name, text, name);
}

std::string help_of(const Verb& verb) {
    std::string text = fmt::format(
        "caisson {}: {}\n\nUsage: caisson {}{}{}{}\n", verb.name, verb.summary, verb.name,
        verb.options.empty() ? "" : " [options]",
        verb.positional.empty() ? "" : " " + verb.positional, verb.takes_rest ? " [-- …]" : "");
    if (!verb.details.empty()) {
        text += "\n" + verb.details + "\n";
    }
    if (!verb.options.empty()) {
        text += "\nOptions:\n" + listed(verb.options);
    }
    text += "\nEvery verb:\n" + listed(common_options());
    std::string below;
    for (const auto& other : verbs()) {
        if (other.name.rfind(verb.name + " ", 0) == 0) {
            below += fmt::format("  {:<18} {}\n", other.name, other.summary);
        }
    }
    if (!below.empty()) {
        text += "\nSee also:\n" + below;
    }
    return text + "\nExamples:\n" + verb.examples;
}

std::string completion(const std::string& shell) {
    if (shell != "bash" && shell != "zsh") {
        throw Error(Code::usage, fmt::format("there is no completion for \"{}\"", shell),
                    "choose bash or zsh");
    }
    std::string common;
    for (const auto& option : common_options()) {
        common += option.name + " ";
    }
    std::string cases;
    for (const auto& verb : verbs()) {
        std::string words = common;
        for (const auto& option : verb.options) {
            words += option.name + " ";
        }
        cases += fmt::format("        \"{}\") words=\"{}\" ;;\n", verb.name, trim(words));
    }
    std::map<std::string, std::string> choices;
    for (const auto& verb : verbs()) {
        for (const auto& option : verb.options) {
            if (!option.choices.empty()) {
                choices[option.name] = join(option.choices, " ");
            }
        }
    }
    std::string values;
    for (const auto& [name, words] : choices) {
        values +=
            fmt::format("        {}) COMPREPLY=($(compgen -W \"{}\" -- \"$current\")); return ;;\n",
                        name, words);
    }
    std::string seconds;
    for (const auto& verb : verbs()) {
        std::string below;
        for (const auto& other : verbs()) {
            if (other.name.rfind(verb.name + " ", 0) == 0) {
                below += other.name.substr(verb.name.size() + 1) + " ";
            }
        }
        if (!below.empty()) {
            seconds += fmt::format("        {}) subverbs=\"{}\" ;;\n", verb.name, trim(below));
        }
    }
    // zsh runs bash's completion through bashcompinit: one script to keep right.
    const std::string opening =
        shell == "zsh" ? "#compdef caisson\nautoload -U +X bashcompinit && bashcompinit\n" : "";
    return opening +
           fmt::format(
               R"(# Completion for caisson. In bash: source <(caisson completion bash); in zsh: source <(caisson completion zsh)
_caisson() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local first="" second="" subverbs="" words="" i
    case "$previous" in
        -C|--directory) COMPREPLY=($(compgen -d -- "$current")); return ;;
{values}    esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${{COMP_WORDS[i]}}" in
            -C|-e|-d|--directory|--environment|--database) ((i++)) ;;
            -*) ;;
            *) if [ -z "$first" ]; then first="${{COMP_WORDS[i]}}"; elif [ -z "$second" ]; then second="${{COMP_WORDS[i]}}"; fi ;;
        esac
    done
    if [ -z "$first" ]; then
        COMPREPLY=($(compgen -W "{top}" -- "$current"))
        return
    fi
    case "$first" in
{seconds}    esac
    if [ -z "$second" ] && [[ "$current" != -* ]] && [ -n "$subverbs" ]; then
        COMPREPLY=($(compgen -W "$subverbs" -- "$current"))
        return
    fi
    case " $subverbs " in *" $second "*) [ -n "$second" ] && first="$first $second" ;; esac
    case "$first" in
{cases}    esac
    if [[ "$current" == -* ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    else
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}}
complete -F _caisson caisson
)",
               fmt::arg("top", top_words()), fmt::arg("seconds", seconds), fmt::arg("cases", cases),
               fmt::arg("values", values));
}

}  // namespace caisson::cli

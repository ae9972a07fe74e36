// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli/verb.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

std::vector<std::string> verb_names() {
    std::vector<std::string> names;
    for (const auto& verb : verbs()) {
        names.push_back(verb.name);
    }
    return names;
}

/// Options that may stand before the verb: their values are not verbs.
bool takes_value(const std::string& word) {
    static const std::vector<std::string> names = {"-C", "--directory", "-e", "--environment",
                                                   "-d", "--database"};
    return std::find(names.begin(), names.end(), word) != names.end();
}

/// The verb is the first one or two words that are neither options nor their values; they are taken
/// out of `words`.
const Verb* take_verb(std::vector<std::string>& words) {
    std::vector<std::size_t> plain;
    for (std::size_t i = 0; i < words.size() && plain.size() < 2 && words[i] != "--"; ++i) {
        if (takes_value(words[i])) {
            ++i;
        } else if (words[i].rfind('-', 0) != 0) {
            plain.push_back(i);
        } else if (!plain.empty()) {
            break;
        }
    }
    if (plain.empty()) {
        return nullptr;
    }
    const auto erase = [&](std::size_t at) {
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
    };
    const std::string first = words[plain[0]];
    if (plain.size() == 2) {
        if (const Verb* const verb = find_verb(first + " " + words[plain[1]])) {
            erase(plain[1]);
            erase(plain[0]);
            return verb;
        }
    }
    const Verb* const verb = find_verb(first);
    const auto names = verb_names();
    if (!verb || (plain.size() == 2 && verb->positional.empty())) {
        const auto wanted = verb ? first + " " + words[plain[1]] : first;
        const auto near = nearest(wanted, names);
        const bool is_family = std::ranges::any_of(
            names, [&](const std::string& name) { return name.starts_with(first + " "); });
        throw Error(Code::usage,
                    wanted == first && is_family
                        ? fmt::format("\"{}\" is a family of verbs; expected one of them", first)
                        : fmt::format("there is no verb \"{}\"", wanted),
                    is_family && near.empty() ? fmt::format("see: caisson help {}", first)
                    : near.empty()            ? "see: caisson help"
                                              : fmt::format("did you mean: caisson {}", near));
    }
    erase(plain[0]);
    return verb;
}

std::string short_name(const std::string& option) {
    return option == "--directory"     ? "-C,"
           : option == "--environment" ? "-e,"
           : option == "--database"    ? "-d,"
                                       : "";
}

Error usage_error(const Verb& verb, const CLI::ParseError& failure,
                  const std::vector<Option>& options, const std::vector<std::string>& words) {
    std::vector<std::string> names;
    for (const auto& option : options) {
        names.push_back(option.name);
    }
    for (const auto& word : words) {
        const auto name = word.substr(0, word.find('='));
        if (name.rfind("--", 0) == 0 &&
            std::find(names.begin(), names.end(), name) == names.end() && name != "--help") {
            const auto near = nearest(name, names);
            return {Code::usage, fmt::format("caisson {} has no option {}", verb.name, name),
                    near.empty()
                        ? fmt::format("see: caisson {} --help", verb.name)
                        : fmt::format("did you mean {}; see: caisson {} --help", near, verb.name)};
        }
    }
    return {Code::usage, fmt::format("caisson {}: {}", verb.name, failure.what()),
            fmt::format("see: caisson {} --help", verb.name)};
}

/// `--reason --json` is a value that was forgotten: CLI11 would take the option for it.
void require_values(const Verb& verb, const std::vector<Option>& options,
                    const std::vector<std::string>& words) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        const auto option = std::ranges::find_if(options, [&](const Option& each) {
            return !each.value.empty() &&
                   (words[i] == each.name || words[i] + "," == short_name(each.name));
        });
        if (option == options.end()) {
            continue;
        }
        const auto& next = words[++i];
        const bool is_option =
            next.size() > 2 && next.starts_with("--") && next[2] >= 'a' && next[2] <= 'z';
        if (is_option) {
            throw Error(Code::usage,
                        fmt::format("caisson {}: {} has no value; expected {} and found {}",
                                    verb.name, option->name, option->value, next),
                        fmt::format("where that is the value: {}={}", option->name, next));
        }
    }
}

}  // namespace

std::string Arguments::value(const std::string& option, const std::string& fallback) const {
    const auto found = values.find(option);
    return found == values.end() ? fallback : found->second;
}

std::string Arguments::positional(const std::string& fallback) const {
    return positionals.empty() ? fallback : positionals.front();
}

Arguments parse(const std::vector<std::string>& given) {
    Arguments arguments;
    auto words = given;
    if (const auto dashes = std::find(words.begin(), words.end(), "--"); dashes != words.end()) {
        arguments.rest.assign(dashes + 1, words.end());
        words.erase(dashes, words.end());
    }
    if (!words.empty() && (words[0] == "--version" || words[0] == "-V")) {
        words[0] = "version";
    }
    arguments.verb = take_verb(words);
    arguments.help = std::any_of(words.begin(), words.end(),
                                 [](const auto& w) { return w == "--help" || w == "-h"; });
    if (!arguments.verb || arguments.help) {
        return arguments;
    }
    const auto& verb = *arguments.verb;
    if (!arguments.rest.empty() && !verb.takes_rest) {
        throw Error(Code::usage, fmt::format("caisson {} takes nothing after --", verb.name),
                    fmt::format("see: caisson {} --help", verb.name));
    }

    CLI::App app;
    app.set_help_flag();
    std::vector<Option> options = common_options();
    options.insert(options.end(), verb.options.begin(), verb.options.end());
    require_values(verb, options, words);
    std::map<std::string, std::string> values;
    std::map<std::string, bool> flags;
    for (const auto& option : options) {
        const auto names = short_name(option.name) + option.name;
        if (option.value.empty()) {
            app.add_flag(names, flags[option.name]);
        } else {
            auto* const added = app.add_option(names, values[option.name]);
            if (!option.choices.empty()) {
                added->check(CLI::IsMember(option.choices));
            }
        }
    }
    if (!verb.positional.empty()) {
        app.add_option("positional", arguments.positionals);
    }
    try {
        std::reverse(words.begin(), words.end());  // CLI11 takes its words from the back.
        app.parse(words);
    } catch (const CLI::ParseError& failure) {
        throw usage_error(verb, failure, options, given);
    }
    for (const auto& option : options) {
        if (app.get_option(option.name)->count() > 0) {
            arguments.values[option.name] = option.value.empty() ? "yes" : values[option.name];
        }
    }
    if (verb.positional.rfind('[', 0) != 0 && !verb.positional.empty() &&
        arguments.positionals.empty()) {
        throw Error(Code::usage, fmt::format("caisson {} needs {}", verb.name, verb.positional),
                    fmt::format("see: caisson {} --help", verb.name));
    }
    return arguments;
}

}  // namespace caisson::cli

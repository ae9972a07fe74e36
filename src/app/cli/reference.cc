// SPDX-License-Identifier: Apache-2.0
// The reference pages that are made from the tables of verbs and errors.
#include "app/cli/reference.h"

#include <fmt/format.h>

#include "app/cli/verb.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

std::string cell(const std::string& text) { return replace_all(text, "|", "\\|"); }

std::string options_table(const std::vector<Option>& options) {
    std::string text = "\n| option | meaning |\n|---|---|\n";
    for (const auto& option : options) {
        std::string choices;
        for (const auto& choice : option.choices) {
            choices += (choices.empty() ? ": " : ", ") + choice;
        }
        text +=
            fmt::format("| `{}{}` | {}{} |\n", option.name,
                        option.value.empty() ? "" : " " + option.value, cell(option.help), choices);
    }
    return text;
}

}  // namespace

std::string verbs_reference() {
    std::string text =
        "<!-- Made by `caisson help reference verbs`; a test compares. -->\n# Verbs\n\n"
        "`caisson [-C DIR] [-e ENVIRONMENT] [-d DATABASE] VERB …`: results go to standard output, "
        "everything else to standard\n"
        "error. Every verb knows `--help`, with examples.\n\n## Options of every verb\n";
    text += options_table(common_options());
    text +=
        "\n## Exit status\n\n| status | meaning |\n|---|---|\n| 0 | fine |\n| 1 | our bug |\n| 2 | "
        "usage |\n| 3 | platform invalid |\n"
        "| 4 | refused by the guard |\n| 5 | cannot connect, or the machine lacks something |\n| 6 "
        "| rejected by the database |\n"
        "| 7 | findings |\n| 8 | locked |\n| 9 | integrity broken |\n| 130 | interrupted |\n";
    for (const auto& verb : verbs()) {
        text += fmt::format("\n## caisson {}{}\n\n{}.\n", verb.name,
                            verb.positional.empty() ? "" : " " + verb.positional, verb.summary);
        if (!verb.details.empty()) {
            text += "\n" + verb.details + "\n";
        }
        if (!verb.options.empty()) {
            text += options_table(verb.options);
        }
        text += "\n```sh\n";
        for (const auto& line : split(verb.examples, '\n')) {
            text += std::string(trim(line)) + "\n";
        }
        text += "```\n";
    }
    return text;
}

std::string errors_reference() {
    std::string text =
        "<!-- Made by `caisson help reference errors`; a test compares. -->\n# Errors\n\n"
        "Each error has a stable code. With `--json` it stands in `error.code`; over HTTP in the "
        "problem document (RFC 9457).\n\n"
        "| code | exit | HTTP | meaning | what to do |\n|---|---:|---:|---|---|\n";
    for (const auto& kind : error_kinds()) {
        text += fmt::format("| `{}` | {} | {} | {} | {} |\n", kind.name,
                            static_cast<int>(kind.exit), kind.http_status,
                            cell(std::string(kind.meaning)), cell(std::string(kind.remedy)));
    }
    return text;
}

}  // namespace caisson::cli

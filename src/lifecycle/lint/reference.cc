// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/lint/rule.h"

namespace caisson::lint {
namespace {

constexpr std::string_view head =
    R"(<!-- Made from the table of rules; CAISSON_UPDATE=1 lint_reference_test rewrites it. -->
# Lint rules

`caisson migrate lint [FILE|DIR…]` reads migrations with PostgreSQL's own parser and finds what would lock, lose or break
something, before it runs. It needs no database, except for `--pending`.

- Severity `error` ends with exit status 7; `warning` only with `--strict`. *Opt-in* rules are off until the manifest or
  `--rule` names them.
- It knows what earlier files made: a table made in the same file is used by nobody, so building an index on it is
  fine; a longer `varchar` leaves the rows alone; SET NOT NULL is fine where a valid CHECK proves it.
- Text that the grammar of PostgreSQL 15 does not know is a warning (`syntax`), never a refusal. Commands of psql and
  the data of COPY are passed over. A statement of more than 20,000 words and symbols is not looked at.
- Down scripts are judged by locks, rewrites, transactions and security only: they take away what their up script made.

## Severities

```toml
[lint.rules]
ban-drop-column = "warning"
require-table-schema = "error"     # an opt-in rule, switched on
prefer-text-field = "off"
add_index = "off"                  # names of the other tools are taken too
```

## Comments

| comment | silences |
|---|---|
| `-- caisson: lint-ignore RULE[, RULE] [reason]` | these rules for the next statement, or for the one before it in the same line |
| `-- caisson: lint-ignore-file RULE[, RULE] [reason]` | these rules for the file |
| `-- squawk-ignore RULE`, `-- squawk-ignore-file RULE` | the same |
| `-- atlas:nolint [CODE\|ANALYZER …]` | the next statement; the file, when an empty line follows it in the file's head |

Without a rule they silence all. One that silences nothing is a finding itself (`unused-ignore`).

## Output

`--format text` (default), `json`, `sarif` (2.1.0, for code scanning), `github` (annotations). JSON: `files`, `errors`,
`warnings`, and `findings`, each with `file`, `line`, `column`, `end_line`, `end_column`, `rule`, `family`, `severity`,
`message` and `alternative` (SQL from the statement's own names). Lines and columns count from 1, columns in characters;
the end is behind the last character.
)";

std::string cell(std::string_view text) { return replace_all(std::string(text), "|", "\\|"); }

std::string_view word_of(Severity severity) {
    return severity == Severity::error     ? "error"
           : severity == Severity::warning ? "warning"
                                           : "off";
}

std::string aliases_of(const Rule& rule) {
    std::string text;
    const auto add = [&](std::string_view tool, std::string_view names) {
        for (const auto& name : split(names, ' ')) {
            text += fmt::format("{}`{}` ({})", text.empty() ? "" : ", ", name, tool);
        }
    };
    add("squawk", rule.aliases.squawk);
    add("strong_migrations", rule.aliases.strong_migrations);
    add("Atlas", rule.aliases.atlas);
    add("others", rule.aliases.others);
    return text;
}

void add_rule(std::string& page, const Rule& rule) {
    page += fmt::format("\n### {}\n\n*{}{}* {}. {}\n", rule.id, word_of(rule.severity),
                        rule.opt_in ? ", opt-in" : "", cell(rule.summary), rule.why);
    page += fmt::format("\nInstead: {}\n", rule.alternative);
    if (const auto aliases = aliases_of(rule); !aliases.empty()) {
        page += fmt::format("\nElsewhere: {}.\n", aliases);
    }
}

}  // namespace

std::string rules_reference() {
    std::string page(head);
    page += "\n## Rules\n\n| rule | severity | finds |\n|---|---|---|\n";
    for (const auto& one : rules()) {
        page += fmt::format("| [{0}](#{0}) | {1}{2} | {3} |\n", one.id, word_of(one.severity),
                            one.opt_in ? ", opt-in" : "", cell(one.summary));
    }
    Family family = Family::security;
    for (const auto& one : rules()) {
        if (one.family != family || &one == rules().data()) {
            family = one.family;
            std::string title(name_of(family));
            title.front() = static_cast<char>(title.front() - 'a' + 'A');
            page += fmt::format("\n## {}\n", title);
        }
        add_rule(page, one);
    }
    page +=
        "\n## What has no counterpart here\n\n"
        "- strong_migrations `add_index_corruption`: a defect of PostgreSQL 14.0 to 14.3; Caisson "
        "asks for 15 or later.\n"
        "- strong_migrations for MySQL and MariaDB, Atlas MY102 to MY123: other databases.\n"
        "- Atlas's check of the order of files: the policies `late`, `missing` and `edited` of "
        "`[migrations]`.\n";
    return page;
}

}  // namespace caisson::lint

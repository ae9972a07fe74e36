// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/platform.h"

namespace caisson::lint {

class Visit;
using Severity = platform::LintSeverity;

enum class Family { locks, rewrites, data, compatibility, types, transactions, naming, security };
/// `locks`, `data loss`: as the reference calls it.
std::string_view name_of(Family family);

/// What other tools call the same rule, separated by spaces. All of them are taken in ignore
/// comments and in the manifest.
struct Aliases {
    std::string_view squawk{};  ///< Its older names; the current one is ours.
    std::string_view strong_migrations{};
    std::string_view atlas{};
    std::string_view others{};  ///< tbls, pg-schema-diff.
};

/// A row of the table of rules.
struct Rule {
    std::string_view id;
    Family family = Family::locks;
    Severity severity = Severity::warning;
    bool opt_in = false;  ///< Looked for only when the manifest or `--rule` names it.
    Aliases aliases{};
    std::string_view summary;      ///< What is found, in one line.
    std::string_view why;          ///< What goes wrong.
    std::string_view alternative;  ///< What to do instead.
    /// Looks at one statement and reports through the visit. Nothing for the rules that the engine
    /// itself has.
    void (*check)(Visit&) = nullptr;
};

/// Every rule there is, family by family.
std::span<const Rule> rules();
/// The rule of this id. It must be there.
const Rule& rule(std::string_view id);
/// The rules of a name of ours or of another tool; some of their names stand for two of ours, and
/// Atlas's analyzers (`destructive`) for all of theirs.
std::vector<const Rule*> rules_named(std::string_view name);
/// The id nearest to a misspelt name, or empty.
std::string nearest_rule(std::string_view name);

/// docs/reference/lint.md.
std::string rules_reference();

// Each file of this folder that is named after a family offers its rows.
std::vector<Rule> concurrency_rules();
std::vector<Rule> lock_rules();
std::vector<Rule> rewrite_rules();
std::vector<Rule> data_rules();
std::vector<Rule> compatibility_rules();
std::vector<Rule> type_rules();
std::vector<Rule> transaction_rules();
std::vector<Rule> naming_rules();
std::vector<Rule> security_rules();

}  // namespace caisson::lint

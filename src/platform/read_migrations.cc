// SPDX-License-Identifier: Apache-2.0
#include "platform/reading.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

Policy policy_of(const Node& section, std::string_view key) {
    const auto word = text_of(section, key);
    return word == "warn" ? Policy::warn : word == "allow" ? Policy::allow : Policy::refuse;
}

}  // namespace

void read_migrations(Reading& reading) {
    auto& rules = reading.manifest.migrations;
    if (const Node* section = reading.document.find("migrations")) {
        const auto scope = text_of(*section, "transaction");
        rules.transaction = scope == "run"    ? TransactionScope::run
                            : scope == "none" ? TransactionScope::none
                                              : TransactionScope::file;
        rules.late = policy_of(*section, "late");
        rules.missing = policy_of(*section, "missing");
        rules.edited = policy_of(*section, "edited");
        if (const auto limit = parse_duration(text_of(*section, "lock_timeout"))) {
            rules.lock_timeout = *limit;
        }
        if (const Node* retries = section->find("lock_retries")) {
            rules.lock_retries = static_cast<int>(retries->integer);
        }
    }
    if (const Node* lint = reading.document.find("lint")) {
        for (const auto& rule : members_of(*lint, "rules")) {
            const auto& word = rule.value.text;
            reading.manifest.lint[rule.key] = word == "off"     ? LintSeverity::off
                                              : word == "error" ? LintSeverity::error
                                                                : LintSeverity::warning;
        }
    }
}

}  // namespace caisson::platform

// SPDX-License-Identifier: Apache-2.0
/// The rows of the table of settings (settings.cc) about alerts.
#include "platform/platform.h"

namespace caisson::platform {

std::vector<Setting> alert_settings();

std::vector<Setting> alert_settings() {
    return {
        {"alerts", "section", "",
         "What `caisson serve` makes an alert of, and who is told. The rules that are there "
         "without a word here: docs/reference/alerts.md."},
        {"alerts.on", "boolean", "`true`", "Whether the daemon judges what it has measured."},
        {"alerts.repeat", "duration", "`\"4h\"`",
         "How often it is told again that an alert still fires."},
        {"alerts.wait", "duration", "`\"30s\"`",
         "How long a first message waits for others of the same cause."},
        {"alerts.pages", "non-empty string", "this documentation",
         "The address before `#rule` in the link to the remedy."},
        {"alerts.rules", "section", "", "What is different from the built-in rules, and more."},
        {"alerts.rules.*", "section", "",
         "A rule by its name, such as `[alerts.rules.locks_blocked]`; another name makes a rule of "
         "one's own, which needs `metric` and `warning` or `critical`."},
        {"alerts.rules.*.on", "boolean", "`true`", "`false`: no such alert."},
        {"alerts.rules.*.metric", "non-empty string", "the rule's own", "The metric it judges."},
        {"alerts.rules.*.labels", "section", "", "Only readings that have these labels."},
        {"alerts.rules.*.labels.*", "text", "", "The label's value."},
        {"alerts.rules.*.below", "boolean", "`false`", "Whether small values are the bad ones."},
        {"alerts.rules.*.warning", "figure", "the rule's own", "From here on it is a warning."},
        {"alerts.rules.*.critical", "figure", "the rule's own", "From here on it is critical."},
        {"alerts.rules.*.clear", "figure", "a tenth less than the threshold",
         "Up to here a warning stays, so that a value at the threshold does not come and go."},
        {"alerts.rules.*.for", "duration", "the rule's own",
         "How long a value must be bad before anybody is told."},
        {"alerts.rules.*.cause", "non-empty string", "the rule's own",
         "The rule of which it is a consequence: while that one fires, this one is not told."},
        {"alerts.rules.*.page", "non-empty string", "the rule's own section",
         "Where the remedy is told."},
        {"alerts.deliveries", "section", "",
         "Who is told and how. None named: the daemon's log alone."},
        {"alerts.deliveries.*", "section", "",
         "One way: a `webhook`, `email`, a `command`, or `log = true`."},
        {"alerts.deliveries.*.webhook", "non-empty string", "",
         "A URL of https, or of http on this machine, that gets a POST of JSON."},
        {"alerts.deliveries.*.secret", "reference", "",
         "What the webhook's signature is made with (HMAC-SHA256 of time and body)."},
        {"alerts.deliveries.*.email", "list of strings", "", "Addresses that get a message."},
        {"alerts.deliveries.*.smtp", "non-empty string", "`\"smtp://127.0.0.1:25\"`",
         "The server that takes it: `smtps://host:465`, `smtp://host:587`."},
        {"alerts.deliveries.*.from", "non-empty string", "`caisson@` and the host's name",
         "The sender's address."},
        {"alerts.deliveries.*.user", "non-empty string", "", "Who signs in at that server."},
        {"alerts.deliveries.*.password", "reference", "", "With which password."},
        {"alerts.deliveries.*.command", "list of strings", "",
         "A program and its arguments, without a shell; it reads the alert as JSON."},
        {"alerts.deliveries.*.log", "boolean", "`false`", "A line in the daemon's log."},
        {"alerts.deliveries.*.level", "alert level", "`\"warning\"`",
         "`critical`: nothing less is told this way."},
        {"alerts.escalation", "list", "every delivery at once",
         "Who is told when: a list of sections."},
        {"alerts.escalation[]", "section", "", "One step."},
        {"alerts.escalation[].after", "duration", "`\"0s\"`",
         "How long it fires without having been acknowledged."},
        {"alerts.escalation[].to", "list of strings", "", "Names of deliveries.", true},
        {"alerts.escalation[].level", "alert level", "`\"warning\"`",
         "`critical`: only of critical alerts."},
        {"alerts.silences", "section", "", "Times at which nobody is told."},
        {"alerts.silences.*", "section", "", "One window that comes again and again."},
        {"alerts.silences.*.at", "cron expression", "", "When it begins, in UTC.", true},
        {"alerts.silences.*.for", "duration", "", "How long it lasts.", true},
        {"alerts.silences.*.rules", "list of strings", "every rule", "Which rules are silent."},
        {"alerts.silences.*.reason", "non-empty string", "", "Why.", true},
        {"alerts.table", "section", "",
         "A table of the platform's own in which each alert is a row, besides the state that "
         "Caisson keeps."},
        {"alerts.table.database", "non-empty string", "the first database", "Its database's key."},
        {"alerts.table.table", "non-empty string", "", "`name` or `schema.name`.", true},
        {"alerts.table.columns", "section", "",
         "Which column gets what: `id` (a UUID that stays the same, by which the row is found "
         "again), `rule`, `cause`, `level`, `state`, `summary`, `value`, `threshold`, `labels` "
         "(JSON), `began_at`, `ended_at`, `acknowledged_at`, `deliveries`, `attempts`, "
         "`last_error`, `page`.",
         true},
        {"alerts.table.columns.*", "non-empty string", "", "The column's name."},
    };
}

}  // namespace caisson::platform

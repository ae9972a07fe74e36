// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/checks/inspection.h"
#include "lifecycle/checks/setting_value.h"

namespace caisson::checks {
namespace {

void add_setting(Inspection& inspection, Verdict& verdict, const std::string& name,
                 const std::string& written, const pg::Row& row) {
    const ServerSetting setting{row.string("value"), row.string("unit"), row.string("kind")};
    const bool is_private = inspection.options.environment.is_private;
    const bool waits = row.boolean("pending_restart");
    if (has_value(setting, written)) {
        if (waits) {
            add_finding(verdict, Severity::warning,
                        fmt::format("{} will be another value after the next restart", name));
        }
        return;
    }
    const auto needs_restart = row.text("context") == "postmaster";
    const auto source = row.text("source");
    const bool is_override = source == "database" || source == "user" || source == "database user";
    add_finding(
        verdict, is_private ? Severity::error : Severity::warning,
        fmt::format("{} is {}, expected {}{}", name, shown(setting), written,
                    waits         ? " (set, and waiting for a restart)"
                    : is_override ? fmt::format(" (set for this {})", source)
                                  : ""),
        waits ? (is_private ? "caisson down && caisson up" : "restart the server")
        : is_override
            ? fmt::format("alter {} … reset {};", source == "database" ? "database" : "role", name)
        : is_private ? "caisson provision"
                     : fmt::format("alter system set {} = {};{}", name, pg::literal(written),
                                   needs_restart ? " then restart the server"
                                                 : " select pg_reload_conf();"));
}

/// Some settings, shared_preload_libraries among them, are shown to few; a missing one is not one
/// that may not be read.
bool is_hidden(Inspection& inspection, const std::string& name) {
    const auto result =
        inspection.attempt(fmt::format("select current_setting({}, true)", pg::literal(name)));
    const auto* error = std::get_if<pg::DatabaseError>(&result);
    return error && error->sqlstate == pg::sqlstate::insufficient_privilege;
}

}  // namespace

void inspect_extensions(Inspection& inspection, Verdict& verdict) {
    const auto rows = inspection.connection.query(R"sql(
select a.name, a.installed_version is not null as installed from pg_available_extensions a
union
select e.extname, true from pg_extension e
)sql");
    std::map<std::string, bool> known;
    for (const auto row : rows) {
        auto& installed = known[row.string("name")];
        installed = installed || row.boolean("installed");
    }
    std::size_t required = 0;
    std::size_t missing = 0;
    for (const auto& extension : inspection.options.database.extensions) {
        required += extension.optional ? 0 : 1;
        const auto found = known.find(extension.name);
        if (found != known.end() && found->second) {
            continue;
        }
        missing += extension.optional ? 0 : 1;
        const bool is_offered = found != known.end();
        add_finding(verdict, extension.optional ? Severity::info : Severity::error,
                    fmt::format("{} extension {} is not installed{}",
                                extension.optional ? "optional" : "required", extension.name,
                                is_offered ? "" : ", and the server does not offer it"),
                    is_offered ? "caisson provision"
                               : "install its package on the server, then: caisson provision");
    }
    // Extensions that migrations made, beside those of the manifest.
    for (const auto& difference : inspection.differences()) {
        if (difference.kind == "extension" && difference.change == schema::Change::missing) {
            ++missing;
            add_finding(verdict, Severity::error,
                        fmt::format("extension {} was there after the last migration and is not "
                                    "any more",
                                    difference.name),
                        fmt::format("create extension {};", difference.name));
        }
    }
    verdict.expected = fmt::format("{} required", required);
    verdict.found =
        missing > 0 ? fmt::format("{} missing", missing) : fmt::format("{} installed", required);
}

void inspect_settings(Inspection& inspection, Verdict& verdict) {
    const auto& wanted = inspection.options.manifest.server.postgres;
    std::string names;
    for (const auto& [name, value] : wanted) {
        names += (names.empty() ? "" : ", ") + pg::literal(lower(name));
    }
    // reset_val: what this session has set for itself is not the server's.
    const auto rows = inspection.connection.query(fmt::format(
        "select lower(name) as name, coalesce(reset_val, '') as value, coalesce(unit, '') as unit, "
        "vartype as kind, pending_restart, context, source from pg_settings where lower(name) = "
        "any (array[{}]::text[])",
        names));
    std::map<std::string, std::size_t> found;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        found[rows[i].string("name")] = i;
    }
    for (const auto& [name, written] : wanted) {
        const auto at = found.find(lower(name));
        if (at == found.end() && is_hidden(inspection, name)) {
            verdict.outcome = Outcome::cannot_run;
            add_finding(verdict, Severity::warning,
                        fmt::format("{} may not be read by this role", name),
                        "verify as the administrator, or: grant pg_read_all_settings to the role");
        } else if (at == found.end()) {
            add_finding(verdict, Severity::error,
                        fmt::format("the server knows no setting {}", name),
                        "mend its name in [server.postgres], or load the extension it belongs to");
        } else {
            add_setting(inspection, verdict, name, written, rows[at->second]);
        }
    }
    const auto bad = verdict.findings.size();
    verdict.expected = fmt::format("{} as declared", wanted.size());
    verdict.found =
        bad == 0 ? verdict.expected : fmt::format("{} of {} otherwise", bad, wanted.size());
}

void inspect_history(Inspection& inspection, Verdict& verdict) {
    for (const auto& sentence : inspection.options.history) {
        add_finding(verdict, Severity::error, sentence, "caisson migrate status");
    }
    verdict.expected = "files and history agree";
    verdict.found =
        verdict.findings.empty() ? "they agree" : counted(verdict.findings.size(), "difference");
}

void inspect_journal(Inspection& inspection, Verdict& verdict) {
    for (const auto& sentence : inspection.options.journal) {
        add_finding(verdict, Severity::error, sentence, "caisson journal verify");
    }
    verdict.expected = "every entry is as it was written";
    verdict.found =
        verdict.findings.empty() ? "they are" : counted(verdict.findings.size(), "finding");
}

}  // namespace caisson::checks

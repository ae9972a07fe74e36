// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "app/cli/verb.h"

namespace caisson::cli {

// Each file of this folder that is named after a verb offers its rows.
std::vector<Verb> up_verbs();
std::vector<Verb> status_verbs();
std::vector<Verb> doctor_verbs();
std::vector<Verb> init_verbs();
std::vector<Verb> provision_verbs();
std::vector<Verb> migrate_verbs();
std::vector<Verb> detect_verbs();
std::vector<Verb> adopt_verbs();
std::vector<Verb> migrate_status_verbs();
std::vector<Verb> migrate_down_verbs();
std::vector<Verb> migrate_new_verbs();
std::vector<Verb> migrate_script_verbs();
std::vector<Verb> sum_verbs();
std::vector<Verb> lint_verbs();
std::vector<Verb> draft_verbs();
std::vector<Verb> schema_verbs();
std::vector<Verb> prove_verbs();
std::vector<Verb> drift_verbs();
std::vector<Verb> refresh_verbs();
std::vector<Verb> seed_verbs();
std::vector<Verb> seed_scale_verbs();
std::vector<Verb> verify_verbs();
std::vector<Verb> isolation_verbs();
std::vector<Verb> privileges_verbs();
std::vector<Verb> cache_verbs();
std::vector<Verb> cache_value_verbs();
std::vector<Verb> cache_trigger_verbs();
std::vector<Verb> cache_warm_verbs();
std::vector<Verb> backup_verbs();
std::vector<Verb> backup_set_verbs();
std::vector<Verb> backup_restore_verbs();
std::vector<Verb> backup_drill_verbs();
std::vector<Verb> backup_doctor_verbs();
std::vector<Verb> backup_stats_verbs();
std::vector<Verb> backup_keep_verbs();
std::vector<Verb> monitor_verbs();
std::vector<Verb> monitor_summary_verbs();
std::vector<Verb> monitor_object_verbs();
std::vector<Verb> monitor_plan_verbs();
std::vector<Verb> monitor_history_verbs();
std::vector<Verb> monitor_rules_verbs();
std::vector<Verb> monitor_advise_verbs();
std::vector<Verb> monitor_alert_verbs();
std::vector<Verb> monitor_self_test_verbs();
std::vector<Verb> monitor_standbys_verbs();
std::vector<Verb> report_verbs();
std::vector<Verb> docs_verbs();
std::vector<Verb> generate_verbs();
std::vector<Verb> serve_verbs();
std::vector<Verb> env_verbs();
std::vector<Verb> db_verbs();
std::vector<Verb> journal_verbs();
std::vector<Verb> version_verbs();

const std::vector<Verb>& verbs() {
    static const std::vector<Verb> table = [] {
        std::vector<Verb> all;
        for (const auto offer : std::array{up_verbs,
                                           status_verbs,
                                           doctor_verbs,
                                           init_verbs,
                                           provision_verbs,
                                           migrate_verbs,
                                           adopt_verbs,
                                           migrate_status_verbs,
                                           migrate_down_verbs,
                                           migrate_new_verbs,
                                           migrate_script_verbs,
                                           detect_verbs,
                                           sum_verbs,
                                           lint_verbs,
                                           draft_verbs,
                                           schema_verbs,
                                           prove_verbs,
                                           drift_verbs,
                                           seed_verbs,
                                           seed_scale_verbs,
                                           refresh_verbs,
                                           verify_verbs,
                                           isolation_verbs,
                                           privileges_verbs,
                                           cache_verbs,
                                           cache_value_verbs,
                                           cache_trigger_verbs,
                                           cache_warm_verbs,
                                           backup_verbs,
                                           backup_set_verbs,
                                           backup_restore_verbs,
                                           backup_drill_verbs,
                                           backup_doctor_verbs,
                                           backup_stats_verbs,
                                           backup_keep_verbs,
                                           monitor_verbs,
                                           monitor_summary_verbs,
                                           monitor_object_verbs,
                                           monitor_plan_verbs,
                                           monitor_history_verbs,
                                           monitor_rules_verbs,
                                           monitor_advise_verbs,
                                           monitor_alert_verbs,
                                           monitor_self_test_verbs,
                                           monitor_standbys_verbs,
                                           report_verbs,
                                           docs_verbs,
                                           generate_verbs,
                                           serve_verbs,
                                           env_verbs,
                                           db_verbs,
                                           journal_verbs,
                                           version_verbs}) {
            for (auto& verb : offer()) {
                all.push_back(std::move(verb));
            }
        }
        return all;
    }();
    return table;
}

const Verb* find_verb(const std::string& name) {
    const auto& all = verbs();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Verb& verb) { return verb.name == name; });
    return found == all.end() ? nullptr : &*found;
}

const std::vector<Option>& common_options() {
    static const std::vector<Option> options = {
        {"--directory",
         "DIR",
         "the platform's directory (default: here, or the nearest one above)",
         {}},
        {"--environment", "ENV", "the environment of the manifest (default: local)", {}},
        {"--database", "DB", "one database of the manifest, by key or name (default: all)", {}},
        {"--json", "", "the result as one JSON document on standard output", {}},
        {"--dry-run", "", "show what would be done, and do nothing", {}},
        {"--yes", "", "consent to what destroys data", {}},
        {"--confirm",
         "NAME",
         "the database's own name, for what destroys data in a protected environment",
         {}},
    };
    return options;
}

}  // namespace caisson::cli

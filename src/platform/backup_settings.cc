// SPDX-License-Identifier: Apache-2.0
/// The rows of the table of settings (settings.cc) about backups.
#include "platform/platform.h"

namespace caisson::platform {

std::vector<Setting> backup_settings();

std::vector<Setting> backup_settings() {
    return {
        {"backups", "section", "",
         "What `caisson backup` makes, where it is kept, for how long, and when it is proven."},
        {"backups.physical", "boolean", "`true`",
         "Physical backups with continuous archiving, by pgBackRest: of private servers, and of "
         "one "
         "on this machine whose `data` is named."},
        {"backups.logical", "boolean", "`true`", "Logical backups of each database, by pg_dump."},
        {"backups.redis", "boolean", "`true`", "Whether a snapshot of Redis is part of a set."},
        {"backups.encrypt", "boolean", "`true`",
         "Whether repositories hold only what is encrypted: AES-256-GCM for our files, AES-256-CBC "
         "for pgBackRest's."},
        {"backups.key", "reference", "one made beside the backups",
         "The passphrase, as `${NAME}` of a secret variable. Without it nothing can be restored: "
         "keep a copy elsewhere."},
        {"backups.data", "non-empty string", "",
         "The data directory of a server that is not private, on this machine; may be a "
         "reference."},
        {"backups.level", "positive integer", "`3`", "How hard zstd compresses, 1 to 19."},
        {"backups.processes", "positive integer", "`2`",
         "Processes of a physical backup or restore."},
        {"backups.stream", "boolean", "`true`",
         "Whether `caisson serve` also receives the log as a stream, so that the loss of the "
         "server's disk costs a second and not a part of a segment."},
        {"backups.heartbeat", "duration", "`\"10s\"`",
         "How often the daemon writes the marker that drills look for; 1s to 1h."},
        {"backups.archive_timeout", "duration", "`\"1m\"`",
         "How long a segment of the log may wait for its end before it is archived; 1s to 1h."},
        {"backups.repositories", "section", "",
         "Where sets are kept; the first one is written first. None named: `local`, beside the "
         "platform's state."},
        {"backups.repositories.*", "section", "", "One repository."},
        {"backups.repositories.*.path", "non-empty string", "",
         "Its directory, absolute; may hold references. It must be there: `backup create` makes "
         "only "
         "what is below it, so that nothing is written where a disk is to be mounted."},
        {"backups.repositories.*.s3_bucket", "non-empty string", "",
         "Instead, a bucket of an S3-compatible store (physical backups only)."},
        {"backups.repositories.*.s3_endpoint", "non-empty string", "", "The store's host."},
        {"backups.repositories.*.s3_region", "non-empty string", "", "Its region."},
        {"backups.repositories.*.s3_key", "reference", "", "The access key."},
        {"backups.repositories.*.s3_secret", "reference", "", "Its secret."},
        {"backups.tiers", "section", "",
         "How long sets are kept, by purpose. None named: `local`, `30d`."},
        {"backups.tiers.*", "section", "", "One tier, such as `[backups.tiers.compliance]`."},
        {"backups.tiers.*.repository", "non-empty string", "the first one",
         "The repository whose sets it keeps."},
        {"backups.tiers.*.keep", "keeping", "`\"30d\"`", "For how long, or how many."},
        {"backups.tiers.*.every", "period", "`\"set\"`",
         "Of how much time one set is kept: the first proven one, else the first one."},
        {"backups.tiers.*.self_contained", "boolean", "`false`",
         "Whether its sets carry the log that they need, and so outlive the archive."},
        {"backups.schedule", "section", "",
         "When the daemon does what, as cron expressions in UTC. What is not named is not done by "
         "itself."},
        {"backups.schedule.full", "cron expression", "", "A full physical backup."},
        {"backups.schedule.differential", "cron expression", "",
         "What changed since the last full one."},
        {"backups.schedule.incremental", "cron expression", "",
         "What changed since the last backup."},
        {"backups.schedule.logical", "cron expression", "", "A dump of each database."},
        {"backups.schedule.check", "cron expression", "",
         "Whether sets and archive are whole, without restoring."},
        {"backups.schedule.drill", "cron expression", "", "A restore, proven in full."},
        {"backups.schedule.small_drill", "cron expression", "",
         "A restore to a moment, without reading every page."},
        {"backups.schedule.prune", "cron expression", "", "What no tier keeps is removed."},
        {"backups.schedule.jitter", "duration", "`\"5m\"`",
         "Up to how much later a job begins, each time another."},
        {"backups.undone", "section", "",
         "What must stay undone when an older state is restored: keys and tokens that were revoked "
         "since, people who were erased since."},
        {"backups.undone.*", "non-empty string", "",
         "Under a table's name, the column that says since when a row counts no more, such as "
         "`\"revoked_at\"`; or `\"rows\"`: rows that are gone stay gone."},
        {"backups.masks", "section", "",
         "What stands for personal data in a copy that `caisson up --from` masks."},
        {"backups.masks.*", "non-empty string", "",
         "An expression of SQL, under `\"table.column\"`, such as "
         "`\"concat('user', id, '@example.org')\"`."},
    };
}

}  // namespace caisson::platform

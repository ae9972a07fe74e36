// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <algorithm>
#include <array>

namespace caisson {
namespace {

constexpr std::array error_table = {
    ErrorKind{Code::internal, "internal", Exit::bug, 500, "Caisson itself is at fault",
              "report it, with the command and what it printed"},
    ErrorKind{Code::usage, "usage", Exit::usage, 400,
              "the command line or the request is not understood", "see `caisson help`"},
    ErrorKind{Code::manifest_missing, "manifest_missing", Exit::platform_invalid, 500,
              "no caisson.toml was found",
              "name the platform's directory with -C, or make one: caisson init NAME"},
    ErrorKind{Code::platform_invalid, "platform_invalid", Exit::platform_invalid, 500,
              "the platform's files contain mistakes",
              "mend the places named; see docs/reference/manifest.md"},
    ErrorKind{Code::variable_invalid, "variable_invalid", Exit::platform_invalid, 500,
              "a variable of the environment is missing or does not fit its declared type",
              "see `caisson env check` and `caisson env example`"},
    ErrorKind{Code::migration_invalid, "migration_invalid", Exit::platform_invalid, 500,
              "a migration file cannot be read as one",
              "mend the file named; see docs/reference/migrate.md"},
    ErrorKind{Code::seed_invalid, "seed_invalid", Exit::platform_invalid, 500,
              "a seed file cannot be read as one",
              "mend the file named; see docs/reference/seed.md"},
    ErrorKind{Code::check_invalid, "check_invalid", Exit::platform_invalid, 500,
              "a check file cannot be read as one",
              "mend the file named; see docs/reference/verify.md"},
    ErrorKind{Code::identity_unknown, "identity_unknown", Exit::refused, 409,
              "the database holds data but not Caisson's identity",
              "if it is the right one, take it over: caisson db adopt"},
    ErrorKind{Code::identity_mismatch, "identity_mismatch", Exit::refused, 409,
              "the database belongs to another platform or environment, or is a copy of one",
              "check where you are connected; a copy gets its own identity with: caisson db adopt"},
    ErrorKind{Code::protected_environment, "protected_environment", Exit::refused, 403,
              "the environment is protected against this verb",
              "confirm with the database's own name: --confirm NAME"},
    ErrorKind{Code::weak_password, "weak_password", Exit::refused, 403,
              "a password that everybody knows is configured outside a private environment",
              "set a password of your own in the variable named"},
    ErrorKind{Code::confirmation_needed, "confirmation_needed", Exit::refused, 403,
              "the verb destroys something and was not confirmed", "repeat with --yes"},
    ErrorKind{Code::not_private, "not_private", Exit::refused, 403,
              "the verb works on private servers only",
              "use an environment with server = \"private\""},
    ErrorKind{Code::cannot_connect, "cannot_connect", Exit::cannot_connect, 503,
              "a server cannot be reached", "find out why: caisson doctor"},
    ErrorKind{Code::server_missing, "server_missing", Exit::cannot_connect, 503,
              "a server program is not installed",
              "install it: script/setup, or apt-get install postgresql-15 redis-server"},
    ErrorKind{Code::server_failed, "server_failed", Exit::cannot_connect, 503,
              "a private server did not start or stop", "read the log named; caisson doctor"},
    ErrorKind{Code::state_unusable, "state_unusable", Exit::cannot_connect, 503,
              "the state directory cannot be used",
              "make it writable, or name another one in CAISSON_STATE"},
    ErrorKind{Code::account_missing, "account_missing", Exit::cannot_connect, 503,
              "the system account for private servers does not exist",
              "make it: script/setup, or useradd --system --user-group --shell /usr/sbin/nologin "
              "caisson"},
    ErrorKind{Code::port_taken, "port_taken", Exit::cannot_connect, 503,
              "another process listens on a port that is needed",
              "stop that process, or choose another port in caisson.toml"},
    ErrorKind{Code::disk_full, "disk_full", Exit::cannot_connect, 507, "the disk is full",
              "free some space and run the same command again; nothing is lost"},
    ErrorKind{Code::daemon_failed, "daemon_failed", Exit::cannot_connect, 503,
              "the daemon did not start", "read the log named; caisson doctor"},
    ErrorKind{Code::database_rejected, "database_rejected", Exit::rejected, 422,
              "PostgreSQL or Redis refused a command", "read what the server said"},
    ErrorKind{Code::migration_failed, "migration_failed", Exit::rejected, 422,
              "a migration was refused by the database",
              "mend the statement named and run the same command again"},
    ErrorKind{Code::seed_failed, "seed_failed", Exit::rejected, 422,
              "a seed was refused by the database",
              "mend the row named and run the same command again"},
    ErrorKind{Code::extension_missing, "extension_missing", Exit::rejected, 422,
              "the server does not offer a required extension",
              "install its package, or mark the extension optional in caisson.toml"},
    ErrorKind{Code::locked, "locked", Exit::locked, 409, "another run holds the lock",
              "wait for it, or give it longer with --wait"},
    ErrorKind{
        Code::migration_edited, "migration_edited", Exit::integrity, 409,
        "a migration was changed after it was applied",
        "restore the file, and put the change into a new migration: caisson migrate new NAME"},
    ErrorKind{Code::migration_order, "migration_order", Exit::integrity, 409,
              "the files and the history do not follow one another",
              "see `caisson migrate status`"},
    ErrorKind{Code::catalogue_newer, "catalogue_newer", Exit::integrity, 409,
              "the schema caisson was written by a newer Caisson",
              "use that version or a later one"},
    ErrorKind{Code::state_other_major, "state_other_major", Exit::integrity, 409,
              "the private state was made by another major version of PostgreSQL",
              "install that version, or carry the data over with pg_dump and pg_restore"},
    ErrorKind{Code::backup_missing, "backup_missing", Exit::rejected, 404,
              "there is no such backup, or none from which the moment can be restored",
              "caisson backup list shows what there is, and which moments it reaches"},
    ErrorKind{Code::backup_failed, "backup_failed", Exit::rejected, 500,
              "a backup or a restore did not come to its end, and counts as not made",
              "mend the cause, then run it again: nothing else was touched"},
    ErrorKind{Code::backup_damaged, "backup_damaged", Exit::integrity, 500,
              "a backup is not what it was when it was made",
              "caisson backup validate names what is damaged, and the newest set that is whole"},
    ErrorKind{Code::backup_key, "backup_key", Exit::refused, 403,
              "the backup was encrypted with another key than the one at hand",
              "give the key or passphrase that was in use when it was made"},
    ErrorKind{Code::interrupted, "interrupted", Exit::interrupted, 503, "the run was interrupted",
              "run the same command again: it goes on where it stopped"},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < error_table.size(); ++i) {
        if (static_cast<std::size_t>(error_table[i].code) != i) {
            return false;
        }
    }
    return static_cast<std::size_t>(Code::interrupted) + 1 == error_table.size();
}
static_assert(in_order(), "the table of errors follows enum Code");

}  // namespace

std::span<const ErrorKind> error_kinds() { return error_table; }

const ErrorKind& kind_of(Code code) { return error_table[static_cast<std::size_t>(code)]; }

std::string Place::text() const {
    std::string text = file;
    if (line > 0) {
        text += ":" + std::to_string(line);
        if (column > 0) {
            text += ":" + std::to_string(column);
        }
    }
    return text;
}

Error::Error(Code code, std::string message, std::string hint)
    : code_(code), message_(std::move(message)), hint_(std::move(hint)) {}

std::string Error::hint() const {
    return hint_.empty() ? std::string(kind_of(code_).remedy) : hint_;
}

std::string Error::fact(std::string_view key) const {
    const auto found = std::find_if(facts_.begin(), facts_.end(),
                                    [&](const auto& fact) { return fact.first == key; });
    return found == facts_.end() ? std::string() : found->second;
}

Error& Error::with(std::string key, std::string value) {
    if (!value.empty() && fact(key).empty()) {
        facts_.emplace_back(std::move(key), std::move(value));
    }
    return *this;
}

}  // namespace caisson

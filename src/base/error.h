// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The one error type, and the table of everything that can go wrong. An Error ends an operation;
/// what an operation merely reports (findings, differences, mistakes in a manifest) is a value.

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caisson {

/// How the process ends. Stable: scripts rely on them.
enum class Exit {
    fine = 0,
    bug = 1,
    usage = 2,
    platform_invalid = 3,
    refused = 4,
    cannot_connect = 5,
    rejected = 6,
    findings = 7,
    locked = 8,
    integrity = 9,
    interrupted = 130,
};

/// Every error there is. Names are stable and appear in `--json`, in problem documents and in the
/// reference.
enum class Code {
    internal,
    usage,
    manifest_missing,
    platform_invalid,
    variable_invalid,
    migration_invalid,
    seed_invalid,
    check_invalid,
    identity_unknown,
    identity_mismatch,
    protected_environment,
    weak_password,
    confirmation_needed,
    not_private,
    cannot_connect,
    server_missing,
    server_failed,
    state_unusable,
    account_missing,
    port_taken,
    disk_full,
    daemon_failed,
    database_rejected,
    migration_failed,
    seed_failed,
    extension_missing,
    locked,
    migration_edited,
    migration_order,
    catalogue_newer,
    state_other_major,
    backup_missing,
    backup_failed,
    backup_damaged,
    backup_key,
    interrupted,
};

/// One row of the table of errors.
struct ErrorKind {
    Code code;
    std::string_view name;
    Exit exit;
    int http_status;
    std::string_view meaning;
    std::string_view remedy;
};

/// The whole table, in the order of Code.
std::span<const ErrorKind> error_kinds();
const ErrorKind& kind_of(Code code);

/// A position in a file. Lines and columns count from 1, columns in characters; 0 is "not known".
struct Place {
    std::string file;
    std::size_t line = 0;
    std::size_t column = 0;

    /// `file:line:column`, as far as it is known.
    std::string text() const;
};

/// What ended an operation: what was found and expected (message), what to do (hint), and facts in
/// the order in which the layers added them on the way up.
class Error : public std::exception {
 public:
    Error(Code code, std::string message, std::string hint = {});

    Code code() const { return code_; }
    const std::string& message() const { return message_; }
    /// What to do about it: the hint given, else the table's remedy.
    std::string hint() const;
    const std::vector<std::pair<std::string, std::string>>& facts() const { return facts_; }
    /// The value of the fact `key`, or empty.
    std::string fact(std::string_view key) const;

    /// Adds a fact, such as ("environment", "production") or ("place", "001.sql:3:1"); an existing
    /// key stays as it is, because the layer nearest to the fault knows best.
    Error& with(std::string key, std::string value);
    Error& at(const Place& place) { return with("place", place.text()); }

    const char* what() const noexcept override { return message_.c_str(); }

 private:
    Code code_;
    std::string message_;
    std::string hint_;
    std::vector<std::pair<std::string, std::string>> facts_;
};

}  // namespace caisson

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What migrations promise, tried on a shadow: each file up, down and up again, by the code that
/// runs them in earnest. The down must lead back to the very structure, the second up to the same
/// one as the first; rows of other tables must survive; seeds applied twice must write nothing the
/// second time.

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/migrations/migrations.h"
#include "lifecycle/schema/difference.h"
#include "lifecycle/seeds/seeds.h"
#include "lifecycle/shadow/shadow.h"

namespace caisson::proof {

enum class Severity { warning, error };

/// Something that does not hold. Ids are stable.
struct Finding {
    /// up_failed, down_failed, down_missing, down_not_restoring, up_not_repeatable, rows_lost,
    /// rows_in_the_way, transaction_refused, program_step, seeds_not_repeatable, seeds_failed.
    std::string id;
    Severity severity = Severity::error;
    Place place;
    std::string message;
    std::string hint;
    /// What is otherwise than it was, object by object.
    std::vector<schema::Difference> differences;
};

/// What was tried of a file.
enum class Outcome {
    proven,        ///< Up, down, up again.
    irreversible,  ///< Says so itself, with its reason: up alone.
    not_reverted,  ///< Has no down file: up alone.
    skipped,       ///< Before the version to begin at, a program, or behind a feature that is off.
    failed,        ///< See the findings.
    not_reached,   ///< A file before it could not be applied.
};
std::string_view name_of(Outcome outcome);

/// One file, with the hashes of the structure around it.
struct FileProof {
    std::string source;
    std::string version;
    std::string name;
    std::string file;
    std::string checksum;
    std::string down_checksum;
    Outcome outcome = Outcome::not_reached;
    std::string reason;  ///< Of irreversible and skipped ones.
    std::string before;  ///< SHA-256 of the structure; empty where it was not taken.
    std::string after;
    std::string restored;  ///< After the down.
    std::string again;     ///< After the second up.
    std::chrono::nanoseconds up{0};
    std::chrono::nanoseconds down{0};
    std::size_t tables_compared = 0;  ///< Tables whose rows were compared around the down.
    std::size_t rows_compared = 0;    ///< Rows in them, those put there for the proof included.
    std::size_t rows_made = 0;        ///< Put there for the proof.
    std::vector<std::string> tables_without_rows;  ///< Nothing could be put in: not compared.
    std::vector<std::string> tables_written;  ///< The file itself writes their rows: not compared.
};

struct SeedProof {
    std::size_t files = 0;
    std::size_t rows = 0;
    bool holds = true;
};

struct Proof {
    std::string database;
    std::string shadow;      ///< Where, for people.
    int server_version = 0;  ///< 150014
    std::string started_at;  ///< RFC 3339, UTC.
    std::chrono::nanoseconds duration{0};
    std::string structure;  ///< SHA-256 of what all files lead to.
    std::vector<FileProof> files;
    std::optional<SeedProof> seeds;  ///< Nothing when there are none, or they were not reached.
    std::vector<Finding> findings;
    std::vector<std::string> notes;
    std::size_t shadows = 1;  ///< How many were needed: one more after each file that left a mess.

    std::size_t count(Outcome outcome) const;
    /// Whether nothing was found, warnings aside.
    bool holds() const;
};

struct Request {
    std::string database;
    std::vector<platform::Source> sources;  ///< Where the files come from.
    std::vector<migrations::Migration> files;
    migrations::Features features;
    seeds::Seeds seeds;
    /// Files up to and without this version (or `source/version`) are applied and not tried.
    std::string from;
    bool seeds_protected = false;
    platform::MigrationRules rules{};  ///< As in earnest; in which order they come is not judged.
    fs::path root{};                   ///< As migrations::Options::root.
    bool allow_programs = false;       ///< Scripts may run programs.
};
struct Options {
    /// Makes a shadow: called at the beginning, and again after a file that left a mess.
    std::function<shadow::Shadow()> open;
    /// Called before each file, with its number (from 1).
    std::function<void(const migrations::Migration&, std::size_t number, std::size_t total)>
        on_file = {};
};

/// Errors: usage for an unknown version; those of opening a shadow; cannot_connect. What is wrong
/// with a file is a finding.
Proof prove(const Request& request, const Options& options);

}  // namespace caisson::proof

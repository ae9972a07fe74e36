// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A backup set as a value: what it holds, of which moment, how large, and how it was made. Its
/// JSON is its manifest, which is signed. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/signing.h"

namespace caisson::backups {

enum class Kind { full, differential, incremental, logical };
std::string_view name_of(Kind kind);
std::optional<Kind> kind_named(std::string_view name);

/// A file of the set, as it lies in the repository.
struct StoredFile {
    std::string name;  ///< Relative to the set.
    std::uint64_t bytes = 0;
    std::string sha256;

    bool operator==(const StoredFile&) const = default;
};

/// What a table held. `sha256` is of its rows as COPY writes them, in the order of the table.
struct TableContent {
    std::string database;
    std::string schema;
    std::string table;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::string sha256;
    bool is_sample = false;  ///< Of a physical set: of some tables only.

    bool operator==(const TableContent&) const = default;
};

/// A part of the set, with the moment that it shows: they are not all of one.
struct Part {
    std::string kind;         ///< `database`, `roles`, `redis`, `platform`, `cluster`.
    std::string name;         ///< Of the database; else empty.
    std::string file;         ///< Of `files`; empty for what pgBackRest keeps.
    std::string at;           ///< RFC 3339.
    std::uint64_t bytes = 0;  ///< Before compression.
    std::string sha256;       ///< Of these bytes.

    bool operator==(const Part&) const = default;
};

/// What ALTER DATABASE … SET or ALTER ROLE … IN DATABASE … SET said.
struct Parameter {
    std::string role;   ///< Empty: of the database, for all roles.
    std::string name;   ///< `work_mem`.
    std::string value;  ///< As pg_db_role_setting has it; of some, a list with quotes of its own.

    bool operator==(const Parameter&) const = default;
};

/// The database or cluster that it is of.
struct Origin {
    std::string key;       ///< `main` in [databases.main].
    std::string database;  ///< Its name in PostgreSQL.
    std::string uuid;      ///< Of caisson.identity; empty where it has none.
    std::string schema_sha256;
    std::string migration;  ///< The last one applied; empty when none is.
    std::vector<Parameter> parameters;

    bool operator==(const Origin&) const = default;
};

struct Set {
    static constexpr int newest_format = 1;

    int format = newest_format;
    std::string id;  ///< `20261126T210633Z-full-5f3a`: sorts by the second.
    Kind kind = Kind::logical;
    std::string platform;
    std::string environment;
    std::string server_version;
    std::string system_identifier;
    std::uint64_t timeline = 0;
    std::string started;   ///< RFC 3339; the first moment of its parts is not before it.
    std::string finished;  ///< From then on it can be restored.
    std::string lsn_start;
    std::string lsn_stop;
    std::string wal_start;  ///< Segments that a physical set needs, itself included.
    std::string wal_stop;
    std::string label;          ///< Of a physical set: pgBackRest's.
    std::string prior;          ///< The set that it builds on; empty for one that stands alone.
    std::string restore_point;  ///< A physical set's named point behind its end.
    std::string lsn_point;      ///< Where it lies; empty in sets of before 2026-11-27.
    bool is_self_contained = false;
    std::string key;  ///< Name of the key that it is sealed with; empty: it is not.
    std::vector<Origin> origins;
    std::vector<Part> parts;
    std::vector<TableContent> tables;
    std::vector<StoredFile> files;
    std::uint64_t bytes = 0;                   ///< Of the data before compression.
    std::uint64_t stored_bytes = 0;            ///< In the repository.
    std::map<std::string, std::string> tools;  ///< Program to version.
    std::vector<std::string> notes;            ///< What the tools warned of, though they succeeded.

    bool operator==(const Set&) const = default;
    bool is_physical() const { return kind != Kind::logical; }
};

/// What sorts sets by the moment at which they began, also those whose manifest cannot be read.
std::tuple<std::string, std::string, std::string> begin_of(const Set& set);

/// A new id for a set that begins at this moment (RFC 3339, UTC).
std::string new_id(std::string_view started, Kind kind);

/// Whether it has the form of one.
bool is_id(std::string_view text);

/// JSON, one member a line, in an order of its own: the same set gives the same text.
std::string to_json(const Set& set);
/// Errors: backup_damaged, saying what is wrong with it; a newer format says so. A logical set that
/// does not say what its databases held is damaged, too: nothing could be compared with it.
Set parse_set(std::string_view json);

/// Who signed a manifest, and how.
struct Signature {
    std::string public_key;
    std::string signature;
};
/// Of the text under a name of its own, so that it stands for nothing else.
Signature sign_manifest(const SigningKey& key, std::string_view json);
std::string to_json(const Signature& signature);
std::optional<Signature> parse_signature(std::string_view json);
/// Whether one of these keys signed it.
bool is_signed(const Signature& signature, std::string_view json,
               const std::vector<std::string>& public_keys);

}  // namespace caisson::backups

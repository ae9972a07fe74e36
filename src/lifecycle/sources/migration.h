// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/boxed.h"
#include "base/files.h"
#include "lifecycle/sources/directives.h"

namespace caisson::sources {

/// What a migration is to the run that meets it.
enum class Kind {
    versioned,   ///< Applied once, in its place.
    repeatable,  ///< Applied again whenever it changed, after all versioned ones (Flyway's R__).
    baseline,  ///< Stands for all versions up to its own where none is applied yet (Flyway's B__).
    program,   ///< In another language: never run by us, and named wherever it would be next.
};

/// One direction of a migration.
struct Script {
    std::string file;      ///< For places in messages: `migrations/001_initial_schema.sql`.
    std::string location;  ///< path() as text: among thousands, taken apart it is too large.
    /// What is run, without a byte order mark. Where it is one section of a file, the lines before
    /// it are empty, so that positions in it are those of the file.
    std::string text;
    /// SHA-256 of the text with LF as its line end; of the file's own text where placeholders are
    /// replaced in a versioned one.
    std::string checksum;
    Directives directives;
    /// Longer than `longest_held`: `text` is empty, and the file is read again, piece by piece.
    bool is_streamed = false;

    /// Where it lies; what psql's `\ir` is relative to.
    fs::path path() const { return location; }
};

/// One migration of a source, whatever tool its files were written for.
struct Migration {
    std::string source;            ///< Name of the source, as history calls it.
    std::size_t source_index = 0;  ///< Its place in the declared order.
    std::string format;            ///< `plain`, `flyway`, …: a name of formats().
    bool as_admin = false;         ///< The source says migrate_as = "admin".
    Kind kind = Kind::versioned;
    /// What tells it apart in its source: the key of the tool's own history, as the tool spells it
    /// (`001`, `1.2`, `20240101000000_init`, `ced8f3f148bb`). Of a repeatable one: its description.
    std::string version;
    std::string name;  ///< For people; may be empty when the version says it all.
    /// What the tool's own history keeps to notice edits, by its own rule; empty where it keeps
    /// nothing.
    std::string tool_checksum;
    std::vector<std::string> parents;  ///< Versions it builds on, where the format has a graph.
    Script up;
    Boxed<Script> down;
    Boxed<Script> verify;  ///< What checks it afterwards, always rolled back (sqitch).

    /// `001_initial_schema`.
    std::string title() const { return name.empty() ? version : version + "_" + name; }
};

}  // namespace caisson::sources

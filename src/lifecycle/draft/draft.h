// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The edits that lead from one schema to another. Pure: two snapshots in, SQL out, in an order in
/// which it can run. The way back is draft(to, from).

#include <string>
#include <vector>

#include "lifecycle/schema/snapshot.h"

namespace caisson::draft {

/// One step; may be several statements that belong together, each with its semicolon.
struct Edit {
    std::string key = {};   ///< What it is about: `column public.users.email`.
    std::string sql = {};   ///< Empty where no SQL can be made of the snapshot: `note` says why.
    std::string note = {};  ///< What its reader should know: locks, data that goes; may be empty.
    bool loses_data = false;
};

struct Draft {
    std::vector<Edit> edits;
    /// Pairs that look like one thing under two names: `public.users.mail=address`. A draft never
    /// guesses: without a word from its reader it drops the one and makes the other.
    std::vector<std::string> possible_renames;

    bool loses_data() const;
};

/// Both snapshots should be taken with Scope::column_order, or columns of new tables come by name.
Draft draft(const schema::Snapshot& from, const schema::Snapshot& to);

/// As a script for people and for psql: notes as comments, an empty line between edits.
std::string to_sql(const Draft& draft);

/// SQL that makes the whole schema in an empty database. Roles that it names must be there; secrets
/// of foreign servers, which no snapshot keeps, are `'***'` with a note.
std::string creation(const schema::Snapshot& snapshot);
/// SQL for before it: makes the roles that policies, mappings, owners and grants name and that the
/// server lacks. Empty where none is named.
std::string missing_roles(const schema::Snapshot& snapshot);

/// The statement that renames what `from` has: `public.users.mail` to `address`, in the snapshot's
/// spelling. Errors: usage when it has no table, column, view, sequence, type or function so named.
std::string rename(const schema::Snapshot& from, const std::string& old_name,
                   const std::string& new_name);

}  // namespace caisson::draft

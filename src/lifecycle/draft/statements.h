// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lifecycle/draft/draft.h"
#include "lifecycle/draft/graph.h"

namespace caisson::draft {

using schema::Column;
using schema::parse_column;
using schema::without_state;

/// Whether an object comes and goes with the statement of its table.
bool is_folded(std::string_view kind);

/// Makes an object of `to`. `is_new`: the table it lies in is made by the same draft, so that it
/// has no rows. Empty SQL with a note where a snapshot does not say enough.
Edit create(const Object& object, const Catalog& to, bool is_new);
/// What edits say of things whose options a snapshot does not keep.
constexpr const char* hidden_secret =
    "'***' stands for a secret, which no snapshot keeps: set it by hand, with OPTIONS (SET …)";
constexpr const char* hidden_options = "its options are not in a snapshot";
/// Whether an option of something foreign is hidden in its definition.
bool hides_secret(const Object& object);
/// `create KIND NAME DEFINITION;`
std::string create_plainly(const Object& object);
/// Removes an object of `from`.
Edit drop(const Object& object, const Catalog& from);

/// How an object gets from one definition to the other.
struct Change {
    Edit edit;
    /// What depends on it must be dropped before and made again afterwards.
    bool rebuilds_dependents = false;
};
/// Nothing where it must be dropped and made again.
std::optional<Change> alter(const Object& from, const Object& to, const Catalog& a,
                            const Catalog& b);
/// alter() for columns.
std::optional<Change> alter_column(const Object& from, const Object& to);
/// What a column has otherwise than its parent's: both ways.
std::string alter_inherited(const Object& column, const std::string& definition);

// rights.cc
std::string owner_sql(const Object& object, const Catalog& catalog);
std::string grant_sql(const Object& object, const Catalog& catalog);
/// What is given to somebody, taken from him.
std::string revoke_sql(const Object& object, const Catalog& catalog);
/// Back to what he has without being told: an owner has everything.
std::string taken_back_sql(const Object& object, const Catalog& catalog);
std::string default_privilege_sql(const Object& object, bool is_given);
std::string comment_sql(const Object& object, const Catalog& catalog, bool is_removed);

}  // namespace caisson::draft

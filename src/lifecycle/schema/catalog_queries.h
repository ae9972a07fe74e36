// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace caisson::schema {

/// The statements that read the catalogues, for an empty search_path, with which the server
/// qualifies every name in what it deparses. What only some versions have is read through to_jsonb.
/// Source: PostgreSQL, "System Catalogs" and "System Catalog Information Functions".
///
/// One row an object: kind, name, definition, and the class, oid and sub-object by which pg_depend
/// knows it. Where the definition is NULL the row only names something that comments, rights and
/// dependencies may speak of.
const std::string& objects_sql();

/// objects_sql() or rights_sql() for the relations of $1 (oid[]) alone, with everything that lies
/// in no relation. A child must be asked for together with its parents.
std::string of_relations(std::string_view sql);

/// class, oid, and a number that changes with each row of the catalogues that makes the thing what
/// it is: written anew, a row has another place and transaction. Parts of a relation count as the
/// relation. Roles and settings have the oid 0.
std::string_view versions_sql();
/// oid and qualified name of all relations.
std::string_view relation_names_sql();
/// oid and qualified name of the relations whose objects may be worded otherwise when these things
/// changed: themselves, and what names them.
std::string affected_sql(const std::vector<std::string>& classes,
                         const std::vector<std::string>& oids);

/// The branches of objects_sql(), each a SELECT of those six columns over the CTEs
/// extension_member, space, relation, of_table and default_of.
std::string_view relation_objects();
std::string_view attached_objects();
std::string_view type_objects();
std::string_view routine_objects();
std::string_view database_objects();

/// class, oid, sub, then the same of what stands for it: a view for its rule, a column for its
/// default, a constraint for its index, an element for its array.
std::string_view aliases_sql();
/// class, oid, sub of what needs, then of what is needed.
std::string_view dependencies_sql();
/// class, oid, sub, comment.
std::string_view comments_sql();
/// class, oid, sub, owner, grantee, privileges. Without a grantee the row only tells the owner.
/// Left out are rights as PostgreSQL gives them itself; "none" is said where they were taken away.
std::string_view rights_sql();
/// name ("of OWNER in SCHEMA on tables to GRANTEE"), owner, grantee, privileges.
std::string_view default_privileges_sql();

}  // namespace caisson::schema

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Constraints, indexes, policies, triggers and functions taken apart: from the server's SQL to
/// what a reader wants to know. What cannot be taken apart stays whole in `definition`.

#include <string>
#include <string_view>
#include <vector>

namespace caisson::docs {

/// A foreign key. Names are spelled as SQL spells them.
struct Reference {
    std::string name;
    std::vector<std::string> columns;
    std::string table;  ///< `public.users`
    std::vector<std::string> target_columns;
    std::string on_delete;  ///< `cascade`, `set null (a)`; empty: no action.
    std::string on_update;
    std::string rest;  ///< `DEFERRABLE INITIALLY DEFERRED`, `MATCH FULL`, `NOT VALID`.
    std::string definition;
    std::string comment{};
    bool is_optional = false;  ///< One of the columns may be empty.
    bool is_single = false;    ///< At most one row refers to a row: the columns are unique.
};
Reference parse_reference(std::string name, const std::string& definition);

/// Any other constraint.
struct Constraint {
    enum class Kind { primary_key, unique, check, exclusion, other };
    std::string name;
    Kind kind = Kind::other;
    std::vector<std::string> columns;  ///< Of a primary key and of a unique constraint.
    std::string rest;                  ///< What stands behind them: `INCLUDE (x)`, `DEFERRABLE`.
    std::string definition;
    std::string comment{};
};
Constraint parse_constraint(std::string name, const std::string& definition);

struct Index {
    std::string name;
    bool is_unique = false;
    std::string method;               ///< `btree`
    std::vector<std::string> keys{};  ///< `a`, `lower(b) DESC`
    std::string rest;       ///< `INCLUDE (x)`, `NULLS NOT DISTINCT`, `WITH (…)`, `(invalid)`.
    std::string condition;  ///< Of a partial one, without the brackets around it.
    std::string definition;
    std::string comment{};
};
Index parse_index(std::string name, const std::string& definition);

struct Policy {
    std::string name;
    bool is_permissive = true;
    std::string command;  ///< `select`, `insert`, `update`, `delete` or `all`.
    std::vector<std::string> roles;
    std::string visible;  ///< USING, without its brackets; empty: none.
    std::string allowed;  ///< WITH CHECK, likewise.
    std::string definition;
    std::string comment{};
};
Policy parse_policy(std::string name, const std::string& definition);

/// A trigger, or a rule as far as one has these parts.
struct Trigger {
    std::string name;
    std::string moment;    ///< `BEFORE UPDATE OF a`
    std::string scope;     ///< `FOR EACH ROW WHEN (…)`
    std::string function;  ///< `public.touch()`
    std::string state;     ///< `disabled`, `always`, `replica` or empty.
    std::string definition;
    std::string comment{};
};
Trigger parse_trigger(std::string name, const std::string& definition);

/// What stands before the body of a function or procedure.
struct Routine {
    std::string returns;
    std::string language;
    std::vector<std::string>
        properties;  ///< `IMMUTABLE`, `SECURITY DEFINER`, `SET search_path TO …`
};
Routine parse_routine(const std::string& definition);

/// `'a', 'it''s'` as values.
std::vector<std::string> parse_literals(const std::string& list);

/// Without the brackets around the whole of it: `((a = b))` is `a = b`, `(a) or (b)` stays.
std::string without_brackets(std::string_view text);

/// As SQL spells it, to the name itself: `"Odd ""T"""` is `Odd "T"`.
std::string unquoted(std::string_view name);

}  // namespace caisson::docs

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a database has that bears on who sees what: relations, policies, views, functions,
/// sequences, and what a role may do with them.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::isolation {

using Oid = std::int64_t;

struct Relation {
    Oid oid = 0;
    std::string name;   ///< As SQL writes it: `public.users`.
    std::string label;  ///< For people, and to accept by: without `public.`.
    char kind = 'r';    ///< pg_class.relkind: r, p, v, m, f.
    Oid parent = 0;     ///< What it is a partition or child of; 0: nothing.
    bool is_partition = false;
    bool has_row_security = false;
    bool is_forced = false;  ///< FORCE: the owner is bound as well.
    std::string owner;
    bool is_invoker = false;  ///< A view that asks as whoever asks it.
    bool is_barrier = false;
    /// What a view passes on to its table, by rules of its own or triggers: bits of
    /// pg_relation_is_updatable (source: PostgreSQL, CmdType).
    int passes_on = 0;
    static constexpr int updates = 1 << 2;
    static constexpr int inserts = 1 << 3;
    static constexpr int deletes = 1 << 4;
    std::set<Oid> reads;  ///< Of views: every relation below, through other views too.
    bool is_view() const { return kind == 'v' || kind == 'm'; }
    bool takes(int command) const { return !is_view() || (passes_on & command) != 0; }
};

struct Policy {
    std::string name;
    Oid relation = 0;
    char command = '*';  ///< r, a, w, d, or * for all.
    bool is_permissive = true;
    std::vector<std::string> roles;    ///< Empty: everybody.
    std::string condition;             ///< USING; empty: none.
    std::string check;                 ///< WITH CHECK; empty: none.
    std::vector<std::string> columns;  ///< Of its relation, as SQL writes them.
    bool covers(char wanted) const { return command == '*' || command == wanted; }
    /// Whether it holds for whoever has the rights of these roles.
    bool binds(const std::set<std::string>& memberships) const;
};

struct Argument {
    std::string name;
    std::string type;  ///< For casts.
    char category = 'U';
    std::string base;  ///< The bare name of its type, or of an array's elements; never a domain's.
};

/// Triggers' functions are none: nobody calls them.
struct Function {
    Oid oid = 0;
    std::string name;   ///< `public.find(text)`.
    std::string label;  ///< Without `public.`: what it is accepted by.
    std::string call;   ///< `public.find`.
    std::vector<Argument> arguments;
    std::size_t needed = 0;  ///< How many have no default.
    bool is_procedure = false;
    bool is_definer = false;
    bool is_volatile = false;
    bool is_callable = true;  ///< No pseudo-types, not variadic.
    bool is_record = false;   ///< Returns a record of columns that only the caller knows.
    std::string owner;
    std::string language;
    std::string body;
};

struct Sequence {
    std::string name;
    std::string label;
    Oid table = 0;  ///< Whose column it counts for; 0: none.
    Oid oid = 0;
};

struct Subject {
    std::map<Oid, Relation> relations;
    std::vector<Policy> policies;
    std::vector<Function> functions;
    std::vector<Sequence> sequences;
    std::map<std::string, std::set<std::string>>
        indexed;                    ///< Relation::name to columns that lead an index.
    std::set<Oid> with_statistics;  ///< Relations of which CREATE STATISTICS keeps more.

    const Relation* find(const std::string& name) const;
    /// The table that rows are put into: of a partition, the topmost one.
    const Relation& root(const Relation& relation) const;
    std::vector<const Policy*> policies_of(Oid relation) const;
};
Subject read_subject(pg::Connection& connection);

/// What a role may do, PUBLIC and memberships included. Columns as SQL writes them.
struct Rights {
    struct Of {
        std::vector<std::string> select;
        std::vector<std::string> insert;
        std::vector<std::string> update;
        bool may_delete = false;
        bool may_truncate = false;
        bool may_trigger = false;
    };
    std::map<Oid, Of>
        relations;  ///< Those in schemas that the role may use, with any right at all.
    std::set<Oid> functions;
    std::set<Oid> sequences;  ///< That show or give their next value.

    const Of& of(Oid relation) const;
};
Rights read_rights(pg::Connection& connection, const std::string& role);

/// A role, as it bears on policies.
struct Bypass {
    bool exists = false;
    bool is_superuser = false;
    bool bypasses = false;
    std::vector<std::string>
        stronger;  ///< Roles it may become that pass by: a superuser, BYPASSRLS.
    std::set<std::string> memberships;  ///< Itself, and every role whose rights it has.
    std::set<std::string> may_become;   ///< Those, and every role that SET ROLE makes it.
    bool makes_roles = false;           ///< CREATEROLE
    /// A role that it may make itself a member of by CREATEROLE, though it is none, and that owns
    /// isolated tables or passes by policies; empty: none. Up to PostgreSQL 15, of any role that is
    /// no superuser.
    std::string grantable;
};
Bypass read_bypass(pg::Connection& connection, const std::string& role);

}  // namespace caisson::isolation

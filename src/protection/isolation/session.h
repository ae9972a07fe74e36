// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "protection/isolation/stage.h"

namespace caisson::isolation {

/// What is needed to show a leak again: rows that lie there, and a statement.
struct Draft {
    std::string finding;  ///< Its name.
    std::string role;
    Actor actor;
    std::vector<const Row*> rows;      ///< Of whom is harmed, parents first.
    std::vector<const Row*> absent;    ///< Rows that must not be there: the statement makes them.
    std::vector<std::string> prepare;  ///< Statements of the superuser after those rows.
    std::string statement;
    std::string data;  ///< The line of a COPY … FROM STDIN.
    std::string look;  ///< What the superuser then asks, to show what was done; empty: nothing.
    bool is_question = true;      ///< It shows something; else it does something.
    const Row* harmed = nullptr;  ///< What the statement changes; null: it makes something.
    std::string refusal;     ///< The SQLSTATE with which it is refused, where that is the leak.
    bool is_quiet = false;   ///< With triggers and foreign keys switched off.
    bool is_plain = false;   ///< It shows without any rows: it is done, or something comes back.
    bool is_reduced = true;  ///< With the fewest rows that show it, else with all.
    std::vector<std::string> enter;  ///< Statements of the actor before the one that matters.
};

struct Session {
    std::string text;
    bool is_reproduced = false;
};

/// The session as SQL for psql, with the fewest rows that still show the leak: it was run that way.
/// `connection` is a superuser's, in no transaction, and the tables of tenants are empty.
Session make_session(pg::Connection& connection, const Draft& draft, const Islands& islands,
                     const std::string& setting);

/// Rows as lines of a comment, the first few.
std::string as_comment(const pg::Result& rows);

}  // namespace caisson::isolation

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace caisson::isolation {

/// A table and a column as an expression names them; an empty table is the one it is about.
using Mention = std::pair<std::string, std::string>;

/// What an expression says of who owns a row.
struct Meaning {
    std::set<Mention> identity;   ///< Compared with the setting itself.
    std::set<Mention> belonging;  ///< Compared with what a query or an asking function gives.
    std::set<Mention> asked;      ///< Named at all.
    bool asks_setting = false;
    bool reads_tables = false;
    bool names_columns = false;
    bool calls = false;  ///< Asks a function or who the session is: it is no constant.
};

/// Functions of the database, by their last name.
struct Helpers {
    std::set<std::string> readers;  ///< They give the setting and nothing else.
    std::set<std::string> askers;   ///< They ask the setting, and tables with it.
};

/// Of a policy, as the server words it: a column without a table's name is one of the policy's own.
/// Columns count when they stand on one side of `=`, `= ANY`, `IN` or `IS NOT DISTINCT FROM`, or
/// are given to an asking function. Names without quotes. Pure; nothing is found in what PostgreSQL
/// 15 cannot parse.
Meaning meaning_of_expression(std::string_view text, const std::string& setting,
                              const Helpers& helpers = {});
/// Of the body of a function in SQL, or a query: all its statements.
Meaning meaning_of_body(std::string_view text, const std::string& setting,
                        const Helpers& helpers = {});
/// Of the body of a function in PL/pgSQL: the queries and the values in it, as far as they can be
/// told apart by where they begin. A variable is followed when all that is put into it asks the
/// setting: by `:=`, `=` or DEFAULT, or by `SELECT … INTO` for one variable. Not followed are INTO
/// before the list, several variables, records, loops, EXECUTE and RETURNING.
Meaning meaning_of_program(std::string_view text, const std::string& setting,
                           const Helpers& helpers = {});

}  // namespace caisson::isolation

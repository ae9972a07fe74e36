// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lifecycle/rows/shape.h"

namespace caisson::rows {

/// The values of a row by Column::name, as PostgreSQL writes them; nothing is NULL.
using Values = std::map<std::string, std::optional<std::string>>;

/// What a column may become: SQL expressions, the preferred first. A free one may be left to its
/// default or NULL, which is then among them, unless a check ties it to one that is not.
struct Choice {
    std::vector<std::string> candidates;
    bool is_free = false;
};
using Choices = std::map<std::string, Choice>;

/// The columns that a check ties together: its own, and those its generated ones are made of.
std::set<std::string> tied_columns(const Table& table, const Check& check);

/// Picks for each column the most preferred value with which every check of the table holds: the
/// server looks, in one query for each group of columns that checks tie together. Free columns that
/// need not be said are left out. Nothing where no combination holds.
/// `connection` is in a transaction; it stays usable.
std::optional<Values> choose(pg::Connection& connection, const Table& table,
                             const Choices& choices);

}  // namespace caisson::rows

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "lifecycle/rows/rows.h"
#include "platform/platform.h"
#include "protection/isolation/meaning.h"
#include "protection/isolation/subject.h"

namespace caisson::isolation {

/// A table and one of its columns, as SQL writes them.
using TableColumn = std::pair<std::string, std::string>;

/// Which rows belong to whom, as far as policies, the functions they ask and the manifest tell.
struct Tenancy {
    std::set<TableColumn> identity;  ///< Holds the setting's value where the row is a tenant's.
    /// Likewise, but only new rows are asked for it, or nobody else calls the tenant so.
    std::set<TableColumn> optional;
    /// Columns that tell the tenant elsewhere, of tables whose policies ask for none of them.
    std::map<std::string, std::string> ignored;
    std::set<TableColumn> belonging;  ///< Tells whose a row is by way of other tables.
    /// What else policies and the functions they ask name, with the expressions that do.
    std::map<TableColumn, std::set<std::string>> asked;
    std::set<std::string> names;     ///< Bare names of such columns: who has one needs a policy.
    std::set<std::string> types;     ///< And the types they have.
    std::set<std::string> isolated;  ///< Tables with row-level security.
    /// Tables whose rows belong to tenants, the isolated ones among them: those that hold such
    /// columns, what such columns refer to, and what cannot be without a row of theirs.
    std::set<std::string> tables;

    bool is_tenants(const std::string& table) const { return tables.contains(table); }
    /// Whether the column says whose a row is.
    bool tells(const std::string& table, const std::string& column) const;
};

/// Pure.
Tenancy tenancy_of(const Subject& subject, const rows::Shapes& shapes,
                   const platform::Isolation& isolation);

/// Functions that give the setting, and those that ask it of tables. Pure.
Helpers helpers_of(const Subject& subject, const std::string& setting);

}  // namespace caisson::isolation

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/queries/query.h"
#include "lifecycle/queries/tables.h"
#include "lifecycle/queries/types.h"

namespace caisson::queries {

/// A column of a query's result.
struct ResultColumn {
    std::string name;  ///< As the query calls it, without its mark.
    std::string cpp;
    const Type* type = nullptr;
    bool nullable = true;
    pg::TypeId table = 0;  ///< Whose column it is; 0: computed.
    int table_column = 0;
};

/// How a `:copy` is done. The columns of its INSERT are the query's parameters, in order.
struct CopyPlan {
    std::string copy;    ///< `copy … from stdin`; empty: only an INSERT can do it.
    std::string insert;  ///< `insert into … select … from unnest($1::text[], …)`
};

/// A query with what the server makes of it.
struct Described {
    Query query;
    std::vector<Variant> variants;
    std::vector<const Type*> parameters;  ///< In the order of the query's.
    std::vector<ResultColumn> columns;
    std::optional<CopyPlan> copy;
};

struct Descriptions {
    std::vector<Described> queries;  ///< Those without a mistake.
    std::vector<platform::Mistake> mistakes;
    std::vector<platform::Mistake> warnings;  ///< Deprecated names that are used.
    std::size_t statements = 0;               ///< That were prepared.
};

/// Prepares every variant of every query; nothing is run. All mistakes are found at once.
Descriptions describe(pg::Connection& connection, const std::vector<Query>& queries,
                      const Types& types, const Relations& relations);

}  // namespace caisson::queries

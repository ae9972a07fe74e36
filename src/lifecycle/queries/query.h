// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "drivers/sql/position.h"
#include "platform/platform.h"

namespace caisson::queries {

/// What a query gives, as written behind its name: `:one`, `:many`, …
enum class Kind {
    one,       ///< Exactly one row.
    optional,  ///< One row or none.
    many,      ///< All rows.
    exec,      ///< How many rows were touched.
    stream,    ///< Rows one by one.
    batch,     ///< Run for many sets of arguments in one round trip.
    copy,      ///< An INSERT of many rows at once.
};
std::string_view to_text(Kind kind);

/// `@name` in a query. Parameters stand in the order of their first appearance.
struct Parameter {
    /// A part of the query in which it is used: a filter or an order, or neither.
    struct Use {
        int filter = -1;
        int order = -1;
        bool operator==(const Use&) const = default;
    };
    std::string name;
    bool nullable = false;  ///< Named by `-- nullable:`.
    std::vector<Use> uses;
    Place place;

    /// The filter that alone uses it; -1: it is more than one filter's.
    int only_filter() const;
};

/// `-- filter: NAME` … `-- end`: a part of the query that is there or not. `-- order: NAME`: parts
/// of which one is there.
struct Choice {
    std::string name;
    std::string doc;
    Place place;
};

/// A part of the SQL as it stands in the file: text, or a parameter.
struct Piece {
    std::string text;  ///< Of a parameter: its name.
    bool is_parameter = false;
    int filter = -1;             ///< There only with this filter; -1: always.
    int order = -1;              ///< There only with this order.
    sql::SourcePosition source;  ///< Of its first character.
};

/// `-- cache: business:{id} ttl 5m`: where answers may be kept.
struct CacheUse {
    std::string pattern;     ///< A key of [cache.keys], its placeholders replaced by parameters.
    std::string declared{};  ///< The key as [cache.keys] has it; load() finds it.
    std::optional<std::chrono::seconds> ttl;
    Place place;
};

/// One query of a platform's queries/*.sql.
struct Query {
    std::string name;
    Kind kind = Kind::many;
    std::string doc;         ///< Lines, without their `--`.
    std::string database;    ///< Key in the manifest; empty: the first database.
    std::string feature;     ///< There only while the feature is on; empty: always.
    std::string deprecated;  ///< What to use instead; empty: it is not.
    std::optional<CacheUse> cache;
    std::chrono::milliseconds timeout{0};  ///< Zero: the caller's.
    std::vector<Parameter> parameters;
    std::vector<Choice> filters;
    std::vector<Choice> orders;
    std::vector<Piece> pieces;
    std::string file;  ///< `queries/businesses.sql`
    Place place;       ///< Of its `-- name:`.
};

/// One of the statements that a query may be: some of its filters, one of its orders.
struct Variant {
    unsigned filters = 0;  ///< Bit i: the i-th filter is there.
    std::size_t order = 0;
    std::string sql;                      ///< With $1, $2, …
    std::vector<std::size_t> parameters;  ///< $1, $2, …: indexes of parameters, which go up.
};
/// A query that may be more statements than this is a mistake: each is prepared, and is a constant
/// of the generated code.
constexpr std::size_t most_variants = 256;

/// All of them: filters count up, and for each the orders. Pure.
std::vector<Variant> variants_of(const Query& query);
/// Where the n-th byte of a variant's SQL stands in the file. Pure.
Place place_in(const Query& query, const Variant& variant, std::size_t byte);
/// How the variant is called in a message: `with the filters status, city, in order newest`; empty
/// for the only one.
std::string name_of(const Query& query, const Variant& variant);

/// What a text of queries holds as far as it could be read, and every mistake in it.
struct Parsed {
    std::vector<Query> queries;
    std::vector<platform::Mistake> mistakes;
};
/// What queries are called in C++ must differ too: `a_1` and `a1`. Pure; of queries of one
/// database.
void check_mangled_names(const std::vector<const Query*>& queries,
                         std::vector<platform::Mistake>& mistakes);

/// Pure. `file` names the text in places.
Parsed parse(std::string_view text, const std::string& file);

/// The queries of `queries/` of a platform, by file name and place, and every mistake: also names
/// that stand there twice, and databases, features and keys of the cache that the manifest does not
/// declare. None when there is no such folder. Errors: platform_invalid for a file that cannot be
/// read.
Parsed load(const platform::Manifest& manifest);

/// Those of a database, without those that wait for a feature.
std::vector<Query> of_database(const std::vector<Query>& queries,
                               const platform::Manifest& manifest,
                               const platform::Database& database);

/// Errors: platform_invalid, whose message lists all of them by file and place; none for none.
void throw_mistakes(std::vector<platform::Mistake> mistakes);

}  // namespace caisson::queries

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/nullability.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "drivers/sql/tree.h"

namespace caisson::queries {
namespace {

using sql::Node;

/// Functions of pg_catalog that give a value whatever they are given.
constexpr auto never_null_functions = std::to_array<std::string_view>(
    {"clock_timestamp", "concat", "count", "cume_dist", "dense_rank", "gen_random_uuid",
     "json_build_array", "json_build_object", "jsonb_build_array", "jsonb_build_object", "now",
     "num_nonnulls", "num_nulls", "percent_rank", "random", "rank", "row_number",
     "statement_timestamp", "transaction_timestamp"});
/// Operators that give a value for values.
constexpr auto plain_operators = std::to_array<std::string_view>(
    {"=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "||"});

std::string_view name_of(Node string) { return string.text("sval"); }

template <typename Names>
bool is_among(std::string_view name, const Names& names) {
    return std::ranges::find(names, name) != names.end();
}

bool is_never_null(Node value);

bool all_never_null(const std::vector<Node>& values) {
    return !values.empty() && std::ranges::all_of(values, is_never_null);
}

bool any_never_null(const std::vector<Node>& values) {
    return std::ranges::any_of(values, is_never_null);
}

bool is_never_null_function(Node call) {
    const auto names = call.list("funcname");
    // concat(VARIADIC NULL) is NULL.
    if (call.flag("func_variadic")) {
        return false;
    }
    if (names.empty() || (names.size() > 1 && name_of(names.front()) != "pg_catalog")) {
        return false;
    }
    return is_among(name_of(names.back()), never_null_functions);
}

bool is_never_null_operator(Node expression) {
    const auto kind = expression.text("kind");
    if (kind == "AEXPR_DISTINCT" || kind == "AEXPR_NOT_DISTINCT") {
        return true;
    }
    const auto names = expression.list("name");
    return kind == "AEXPR_OP" && names.size() == 1 &&
           is_among(name_of(names[0]), plain_operators) && is_never_null(expression["rexpr"]) &&
           (!expression["lexpr"] || is_never_null(expression["lexpr"]));
}

bool is_never_null_case(Node expression) {
    const auto branches = expression.list("args");
    return expression["defresult"] && is_never_null(expression["defresult"]) &&
           std::ranges::all_of(branches, [](Node when) { return is_never_null(when["result"]); });
}

bool is_never_null(Node value) {
    const auto kind = value.kind();
    if (kind == "A_Const") {
        return !value.flag("isnull");
    }
    if (kind == "FuncCall") {
        return is_never_null_function(value);
    }
    if (kind == "SubLink") {
        const auto type = value.text("subLinkType");
        return type == "EXISTS_SUBLINK" || type == "ARRAY_SUBLINK";
    }
    if (kind == "CoalesceExpr" || kind == "MinMaxExpr") {
        return any_never_null(value.list("args"));
    }
    if (kind == "BoolExpr") {
        return all_never_null(value.list("args"));
    }
    if (kind == "TypeCast") {
        return is_never_null(value["arg"]);
    }
    if (kind == "SQLValueFunction") {
        return value.text("op") != "SVFOP_CURRENT_SCHEMA";
    }
    if (kind == "A_Expr") {
        return is_never_null_operator(value);
    }
    if (kind == "CaseExpr") {
        return is_never_null_case(value);
    }
    // Not a RowExpr: rows are compared field by field.
    return kind == "NullTest" || kind == "BooleanTest" || kind == "A_ArrayExpr";
}

/// What the names in front of a dot stand for, on one level of a statement.
class Scope {
 public:
    explicit Scope(Node statement) {
        statement.each([&](Node node) {
            if (node.is("JoinExpr") && node.text("jointype") != "JOIN_INNER") {
                is_simple_ = false;
            } else if (node.is("GroupingSet")) {
                is_simple_ = false;
                // The columns that a set leaves out are NULL, whatever the table says.
                has_grouping_sets_ = true;
            } else if (node.is("CommonTableExpr")) {
                ctes_.emplace(node.text("ctename"));
            }
        });
        for (const auto* const field : {"fromClause", "usingClause"}) {
            for (const auto item : statement.list(field)) {
                add(item, false);
            }
        }
        if (const auto target = statement["relation"]) {
            add_table(target, false);
        }
    }

    /// Every column that is a table's is as it is there.
    bool is_plain() const { return is_simple_ && !has_grouping_sets_; }

    Nullness of(Node column) const {
        const auto fields = column.list("fields");
        if (has_grouping_sets_ || fields.empty()) {
            return Nullness::unknown;
        }
        if (fields.size() == 1) {
            return is_simple_ || (only_tables_ && !has_nullable_) ? Nullness::as_table
                                                                  : Nullness::unknown;
        }
        const auto found = names_.find(name_of(fields[fields.size() - 2]));
        if (found == names_.end()) {
            return is_simple_ ? Nullness::as_table : Nullness::unknown;
        }
        return found->second == Item::table || (found->second == Item::other && is_simple_)
                   ? Nullness::as_table
                   : Nullness::unknown;
    }

 private:
    enum class Item {
        table,     ///< A table none of whose rows is made up by a join.
        nullable,  ///< On the side of an outer join that may be all NULL; or twice the same name.
        other,     ///< A sub-select, a CTE, a function, a join under a name of its own.
    };

    void set(std::string_view name, Item item) {
        has_nullable_ = has_nullable_ || item == Item::nullable;
        only_tables_ = only_tables_ && item != Item::other;
        const auto [found, is_new] = names_.emplace(name, item);
        if (!is_new && found->second != item) {
            found->second = Item::nullable;
        }
    }

    void add_table(Node table, bool is_nullable) {
        const auto name = table.text("relname");
        const bool is_cte = table.text("schemaname").empty() && ctes_.find(name) != ctes_.end();
        const auto alias = table["alias"].text("aliasname");
        set(alias.empty() ? name : alias, is_nullable ? Item::nullable
                                          : is_cte    ? Item::other
                                                      : Item::table);
    }

    void add(Node item, bool is_nullable) {
        if (item.is("RangeVar")) {
            add_table(item, is_nullable);
        } else if (item.is("RangeTableSample")) {
            add(item["relation"], is_nullable);
        } else if (item.is("JoinExpr")) {
            const auto type = item.text("jointype");
            const bool is_inner = type == "JOIN_INNER";
            add(item["larg"], is_nullable || (!is_inner && type != "JOIN_LEFT"));
            add(item["rarg"], is_nullable || (!is_inner && type != "JOIN_RIGHT"));
            if (const auto alias = item["alias"].text("aliasname"); !alias.empty()) {
                set(alias, is_nullable ? Item::nullable : Item::other);
            }
        } else {
            set(item["alias"].text("aliasname"), is_nullable ? Item::nullable : Item::other);
        }
    }

    std::map<std::string, Item, std::less<>> names_;
    std::set<std::string, std::less<>> ctes_;
    bool is_simple_ = true;  ///< No outer join and no grouping set, however deep.
    bool has_grouping_sets_ = false;
    bool has_nullable_ = false;
    bool only_tables_ = true;
};

bool is_star(Node value) {
    const auto fields = value.list("fields");
    return value.is("ColumnRef") && !fields.empty() && fields.back().is("A_Star");
}

Nullness nullness_of(Node value, const Scope& scope) {
    return value.is("ColumnRef")  ? scope.of(value)
           : is_never_null(value) ? Nullness::never
                                  : Nullness::unknown;
}

}  // namespace

std::vector<Nullness> nullness_of(std::string_view statement, std::size_t columns) {
    std::vector<Nullness> all(columns, Nullness::unknown);
    const auto parsed = sql::parse_tree(statement);
    if (!parsed.tree) {
        return all;
    }
    const auto root = parsed.tree->root();
    auto targets = root.list(root.is("SelectStmt") ? "targetList" : "returningList");
    if (targets.empty() ||
        (root.is("SelectStmt") && root.text("op") != "" && root.text("op") != "SETOP_NONE")) {
        return all;
    }
    const auto stars = static_cast<std::size_t>(
        std::ranges::count_if(targets, [](Node target) { return is_star(target["val"]); }));
    const Scope scope(root);
    if (stars > 1) {
        // Which column is whose cannot be counted; where every one is as its table has it, it need
        // not be.
        return scope.is_plain() ? std::vector<Nullness>(columns, Nullness::as_table) : all;
    }
    if (targets.size() - stars > columns || (stars == 0 && targets.size() != columns)) {
        return all;
    }
    std::size_t at = 0;
    for (const auto target : targets) {
        const auto value = target["val"];
        const auto width = is_star(value) ? columns - (targets.size() - 1) : 1;
        for (std::size_t i = 0; i < width; ++i) {
            all[at++] = nullness_of(value, scope);
        }
    }
    return all;
}

}  // namespace caisson::queries

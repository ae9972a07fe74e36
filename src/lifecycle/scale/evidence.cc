// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/evidence.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::scale {
namespace {

/// Half of the numbers that 32 bits hold: further back a transaction's number may come again.
constexpr const char* evidence_statement = R"sql(
select coalesce(array_agg(distinct x.number::xid::text) filter (where t.server = h.server
               and t.database_oid = h.database_oid
               and x.run = any (select unnest(o.runs) from caisson.seed_scale_chunks o where o.scale = $1)
               and h.present - x.number::text::numeric < 2000000000), '{}')::text as transactions,
       coalesce(array_agg(distinct d.moment) filter (where t.id = $1), '{}')::text as times
  from caisson.seed_scale_tables t
  join caisson.seed_scale_chunks c on c.scale = t.id
 cross join lateral unnest(c.transactions, c.runs) as x(number, run)
 cross join lateral unnest(c.times) as d(moment)
 cross join (select (select system_identifier::text from pg_control_system()) as server,
                    (select oid::text from pg_database where datname = current_database())
                        as database_oid,
                    pg_snapshot_xmax(pg_current_snapshot())::text::numeric as present) h
)sql";

/// What is left behind a constant: nothing, or a cast.
bool is_cast(std::string_view rest) {
    if (rest.empty()) {
        return true;
    }
    if (!rest.starts_with("::")) {
        return false;
    }
    return rest.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:"
               " \"().,[]") == std::string_view::npos &&
           rest.find("()") == std::string_view::npos;
}

bool is_present_moment(const std::string& expression) {
    const auto text = lower(expression);
    return text == "now()" || text == "current_timestamp" || text == "transaction_timestamp()" ||
           text == "pg_catalog.now()";
}

}  // namespace

bool is_constant(const std::string& expression) {
    const std::string_view text(expression);
    for (const std::string_view word : {"true", "false", "NULL", "null"}) {
        if (text.starts_with(word) && is_cast(text.substr(word.size()))) {
            return true;
        }
    }
    if (text.starts_with('\'')) {
        std::size_t at = 1;
        while (at < text.size()) {
            if (text[at] != '\'') {
                ++at;
            } else if (at + 1 < text.size() && text[at + 1] == '\'') {
                at += 2;
            } else {
                return is_cast(text.substr(at + 1));
            }
        }
        return false;
    }
    const auto digits = text.find_first_not_of("0123456789.", text.starts_with('-') ? 1 : 0);
    const auto length = digits == std::string_view::npos ? text.size() : digits;
    return length > (text.starts_with('-') ? 1U : 0U) && is_cast(text.substr(length));
}

std::string Evidence::written_by_us(const std::string& alias) const {
    return transactions.empty()
               ? "false"
               : fmt::format("{}.xmin = any({}::xid[])", alias, pg::literal(transactions));
}

std::string Evidence::same_row(const seeds::Table& table, const Layout& layout,
                               const std::string& found, const std::string& made) const {
    std::vector<std::string> conditions;
    for (const auto& column : table.columns) {
        if (column.generated) {
            continue;
        }
        const auto quoted = pg::identifier(column.name);
        // json has no equality of its own.
        const auto* const cast = column.json || column.json_elements ? "::text" : "";
        if (layout.field(column.name)) {
            conditions.push_back(fmt::format("{0}.{1}{2} is not distinct from {3}.{1}{2}", found,
                                             quoted, cast, made));
        } else if (is_constant(column.fallback)) {
            conditions.push_back(fmt::format("{}.{}{} is not distinct from ({}){}", found, quoted,
                                             cast, column.fallback, cast));
        } else if (is_present_moment(column.fallback)) {
            conditions.push_back(
                fmt::format("{}.{} = any({}::timestamptz[])", found, quoted, pg::literal(times)));
        } else {
            return "false";
        }
    }
    return conditions.empty() ? "true" : join(conditions, " and ");
}

Evidence read_evidence(pg::Connection& connection, std::int64_t table) {
    const auto row = connection.query(evidence_statement, {table}).front();
    Evidence evidence{row.string("transactions"), row.string("times")};
    if (evidence.transactions == "{}") {
        evidence.transactions.clear();
    }
    return evidence;
}

}  // namespace caisson::scale

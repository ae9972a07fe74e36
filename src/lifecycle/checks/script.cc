// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/script.h"

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::checks {
namespace {

/// A dollar quote that the text does not contain.
std::string dollar_quoted(std::string_view text) {
    std::string tag = "$check$";
    for (int i = 1; text.find(tag) != std::string_view::npos; ++i) {
        tag = fmt::format("$check{}$", i);
    }
    return fmt::format("{0}{1}{0}", tag, text);
}

/// psql replaces :name in text that is not quoted; nothing of ours is left for it.
std::string comment(std::string_view text) {
    return "-- " + replace_all(replace_all(std::string(text), "\r", " "), "\n", " ");
}

/// Runs one check. Its query stands in a string, so that a mistake in it is caught as well.
std::string block(std::size_t number, const Check& check) {
    const bool wants_value = check.expectation.subject == Subject::value;
    // The first column gets a name of ours; format() writes it as a client sees it.
    const auto query =
        wants_value ? fmt::format(
                          "select count(*), min(format('%s', q.caisson_value)) filter (where "
                          "q.caisson_value is not null), max((select count(*) from "
                          "json_object_keys(row_to_json(q)))) from (\n{}\n) as q(caisson_value)",
                          check.sql)
                    : fmt::format("select count(*), null::text, 0 from (\n{}\n) as q", check.sql);
    const auto body =
        fmt::format(R"sql(
declare
    rows_found bigint;
    value_found text;
    columns_found bigint;
    is_held boolean := false;
    found text;
begin
    begin
        execute {0} into rows_found, value_found, columns_found;
        is_held := {1};
        found := {2};
    exception
        when query_canceled then
            if clock_timestamp() - statement_timestamp() < {3} * interval '1 ms' then
                raise;
            end if;
            found := {4};
        when others then
            found := format('%s (SQLSTATE %s)', sqlerrm, sqlstate);
    end;
    insert into pg_temp.caisson_verification values ({5}, {6}, {7}, {8}, found, is_held);
end
)sql",
                    dollar_quoted(query), condition(check.expectation),
                    check.expectation.subject == Subject::rows
                        ? "rows_found || case when rows_found = 1 then ' row' else "
                          "' rows' end"
                        : "case when rows_found = 0 then 'no row' when rows_found > 1 "
                          "then rows_found || ' rows instead of one value' when "
                          "columns_found <> 1 then columns_found || ' columns instead "
                          "of one value' else coalesce(left(value_found, 200), "
                          "'null') end",
                    check.limit.count(), pg::literal("not done within " + human(check.limit)),
                    number, pg::literal(check.name), pg::literal(to_text(check.severity)),
                    pg::literal(check.expectation.written));
    std::string tag = "$caisson$";
    for (int i = 1; body.find(tag) != std::string::npos; ++i) {
        tag = fmt::format("$caisson{}$", i);
    }
    return fmt::format(
        "{}\nset local statement_timeout = {};\ndo {}{}{};\n\n",
        comment(fmt::format("{}. {}: {}", number, check.name, check.expectation.written)),
        check.limit.count(), tag, body, tag);
}

constexpr std::string_view opening = R"sql(
\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\pset footer off

set client_min_messages = warning;
drop table if exists pg_temp.caisson_verification;
create temporary table caisson_verification
    (n integer, "check" text, severity text, expected text, found text, holds boolean);

-- From here on only the temporary table can be written.
begin transaction read only;
set local row_security = off;
set local timezone = 'UTC';
set local datestyle = 'ISO';
set local standard_conforming_strings = on;

)sql";

constexpr std::string_view closing = R"sql(
set local statement_timeout = 0;
select n, "check", expected, found, case when holds then 'yes' else 'NO' end as holds
  from pg_temp.caisson_verification order by n;

\pset tuples_only on
\pset format unaligned
select count(*) filter (where holds) || '/' || count(*) from pg_temp.caisson_verification;

do $$
declare
    failed text;
begin
    select string_agg("check", ', ' order by n) into failed
      from pg_temp.caisson_verification where not holds and severity = 'error';
    if failed is not null then
        raise exception 'these checks do not hold: %', failed;
    end if;
end
$$;
commit;
)sql";

}  // namespace

std::string script(const std::vector<Check>& checks, const std::string& title) {
    auto text = comment(title) +
                "\n-- Changes nothing. Ends with status 3 when something of severity error does "
                "not hold.\n";
    text += opening;
    for (std::size_t i = 0; i < checks.size(); ++i) {
        text += block(i + 1, checks[i]);
    }
    return text + std::string(closing);
}

}  // namespace caisson::checks

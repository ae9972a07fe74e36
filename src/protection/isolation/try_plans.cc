// SPDX-License-Identifier: Apache-2.0
// A policy is asked at every statement. With sequential scans switched off, a plan without an index
// condition shows that the policy leaves none usable, however small the table; calls that become
// more with the rows show a function that is asked for each.
// Source: PostgreSQL, "Planner Method Configuration", "The Cumulative Statistics System".
#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& node, std::string_view name) {
    const auto found = node.find(name);
    return found != node.end() && found->value().is_string()
               ? std::string(found->value().get_string())
               : "";
}

struct Scan {
    std::string node;    ///< `Seq Scan`
    std::string filter;  ///< What is asked of each row.
    bool has_condition = false;
};

bool has_index_condition(const json::object& node) {
    if (node.contains("Index Cond") || node.contains("TID Cond")) {
        return true;
    }
    // A bitmap's conditions are those of the nodes below it.
    const auto below = node.find("Plans");
    return text_of(node, "Node Type").starts_with("Bitmap") && below != node.end() &&
           std::ranges::any_of(below->value().get_array(), [](const auto& each) {
               return has_index_condition(each.get_object());
           });
}

/// The scans of a table, or of its partitions, which have an alias of their own.
void collect(const json::object& node, const std::string& alias, std::vector<Scan>& scans) {
    const auto name = text_of(node, "Alias");
    if (text_of(node, "Node Type").ends_with("Scan") && !text_of(node, "Relation Name").empty() &&
        (name == alias || name.starts_with(alias + "_"))) {
        scans.push_back(
            {text_of(node, "Node Type"), text_of(node, "Filter"), has_index_condition(node)});
    }
    if (const auto below = node.find("Plans"); below != node.end()) {
        for (const auto& each : below->value().get_array()) {
            collect(each.get_object(), alias, scans);
        }
    }
}

std::string shortened(const std::string& text) {
    constexpr std::size_t most = 240;
    return text.size() > most ? text.substr(0, most) + " …" : text;
}

}  // namespace

/// How often each function is called while a table is read, and under `table/` how many rows it
/// has.
std::map<std::string, std::uint64_t> Scene::count_calls() {
    std::map<std::string, std::uint64_t> counts;
    if (actor_.kind != Actor::Kind::tenant || actor_.tenant != 0) {
        return counts;  // Policies are the same for everybody: once is enough.
    }
    std::vector<std::string> sums;
    for (const auto& function : setting_.subject.functions) {
        if (function.is_callable) {
            sums.push_back(
                fmt::format("select {}::text as name, coalesce(pg_stat_get_xact_function_"
                            "calls({}), 0) as calls",
                            pg::literal(function.label), function.oid));
        }
    }
    const auto read_sums = [&] {
        std::map<std::string, std::int64_t> calls;
        if (!sums.empty()) {
            for (const auto row : stage_.ask(join(sums, " union all "))) {
                calls[row.string("name")] = row.integer("calls");
            }
        }
        return calls;
    };
    stage_.ask("set local track_functions = 'all'");
    for (const auto& table : setting_.tenancy.isolated) {
        const auto* const relation = setting_.subject.find(table);
        if (rights_on(*relation).select.empty()) {
            continue;
        }
        counts[table + "/"] = static_cast<std::uint64_t>(
            stage_.ask("select count(*) as n from " + table).front().integer("n"));
        const auto before = read_sums();
        // As with many rows, where an index serves if one can: what that asks once is not asked
        // for each row.
        stage_.attempt("select count(*) from " + table,
                       [&] { stage_.ask("set local enable_seqscan = off"); });
        for (const auto& [name, calls] : read_sums()) {
            if (const auto more = calls - before.at(name); more > 0) {
                counts[table + "/" + name] = static_cast<std::uint64_t>(more);
            }
        }
    }
    stage_.ask("set local track_functions = 'none'");
    return counts;
}

void Scene::try_plans(const std::map<std::string, std::uint64_t>& calls_before) {
    const auto calls = count_calls();
    for (const auto& [key, count] : calls) {
        const auto slash = key.find('/');
        const auto table = key.substr(0, slash);
        const auto function = key.substr(slash + 1);
        if (function.empty()) {
            look_at_plan(*setting_.subject.find(table));
            continue;
        }
        const auto found = calls_before.find(key);
        const auto more_calls =
            count - (found == calls_before.end() ? 0 : std::min(found->second, count));
        const auto more_rows = calls.at(table + "/") - calls_before.at(table + "/");
        if (more_rows < 2 || more_calls < more_rows) {
            continue;
        }
        const auto* const relation = setting_.subject.find(table);
        // It costs, and lets nobody see anything.
        Finding finding{"calls", relation->label, Severity::warning};
        finding.message =
            fmt::format("its policies call {} for each row: {} for {}", function,
                        counted(count, "call"), counted(calls.at(table + "/"), "row"));
        finding.remedy =
            "ask it in a sub-select of its own, (SELECT f()), which is evaluated once for a "
            "statement; what depends on the row, compare with an array that is made once";
        Draft draft;
        for (const auto& other : setting_.islands.tenants) {
            for (const auto& row : other.rows) {
                draft.rows.push_back(&row);
            }
        }
        const auto& called =
            *std::ranges::find(setting_.subject.functions, function, &Function::label);
        draft.prepare = {"set local track_functions = 'all'", "set local enable_seqscan = off"};
        draft.statement = "select count(*) from " + table;
        draft.look = fmt::format(
            "select funcname, calls, (select count(*) from {}) as rows from "
            "pg_stat_xact_user_functions where format('%I.%I', schemaname, funcname) = {}",
            table, pg::literal(called.call));
        draft.is_question = false;
        draft.is_reduced = false;
        report(std::move(finding), std::move(draft));
    }
}

void Scene::look_at_plan(const Relation& relation) {
    std::set<std::string> columns;
    std::vector<std::string> names;
    for (const auto* policy : setting_.subject.policies_of(relation.oid)) {
        if (policy->is_permissive && policy->covers('r') && !policy->condition.empty() &&
            policy->binds(setting_.memberships)) {
            columns.insert(policy->columns.begin(), policy->columns.end());
            names.push_back(policy->name);
        }
    }
    if (columns.empty()) {
        return;
    }
    const auto statement = fmt::format(
        "explain (format json, verbose, costs off) select {} from {} "
        "as looked_at",
        join(rights_on(relation).select, ", "), relation.name);
    const auto outcome =
        stage_.attempt(statement, [&] { stage_.ask("set local enable_seqscan = off"); });
    if (!outcome.is_done || outcome.rows->empty()) {
        return;
    }
    const auto document = json::parse(std::string(outcome.rows->front().text(0)));
    std::vector<Scan> scans;
    collect(document.at(0).at("Plan").get_object(), "looked_at", scans);
    const auto lost = std::ranges::find_if(
        scans, [](const Scan& scan) { return !scan.has_condition && !scan.filter.empty(); });
    if (lost == scans.end()) {
        return;
    }
    std::vector<std::string> leading;
    if (const auto found = setting_.subject.indexed.find(relation.name);
        found != setting_.subject.indexed.end()) {
        std::ranges::set_intersection(found->second, columns, std::back_inserter(leading));
    }
    Finding finding{"plan", relation.label};
    finding.severity = Severity::warning;
    const std::vector<std::string> listed(columns.begin(), columns.end());
    finding.message =
        leading.empty()
            ? fmt::format(
                  "no index begins with what its policies ask for ({}): every statement reads "
                  "the whole table",
                  join(listed, ", "))
            : fmt::format("its policies ({}) cannot use the index on {}: every row is asked {}",
                          join(names, ", "), join(leading, ", "),
                          shortened(replace_all(lost->filter, "looked_at.", "")));
    finding.remedy =
        leading.empty()
            ? fmt::format("create index on {} ({});", relation.name, listed.front())
            : "compare the column with a value or an array that a sub-select gives once: column = "
              "(SELECT …), column = ANY (ARRAY(SELECT …)); policies joined by OR need an index "
              "each";
    findings_.add(std::move(finding));
}

}  // namespace caisson::isolation

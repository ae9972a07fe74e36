// SPDX-License-Identifier: Apache-2.0
// A policy is asked at every statement. With sequential scans switched off, a plan without an index
// condition shows that the policy leaves none usable, however small the table; calls that become
// more with the rows show a function that is asked for each.
// Source: PostgreSQL, "Planner Method Configuration", "The Cumulative Statistics System".
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/plan.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

std::string shortened(const std::string& text) {
    constexpr std::size_t most = 240;
    return text.size() > most ? text.substr(0, most) + " …" : text;
}

constexpr std::string_view remedy_for_calls =
    "ask it in a sub-select of its own, (SELECT f()), which is evaluated once for a statement; "
    "what "
    "depends on the row, compare with an array that is made once";

/// The alias of the table whose scans are looked at.
constexpr std::string_view looked_at = "looked_at";

}  // namespace

/// A statement on a whole table, as plans are made for it.
struct Scene::Planned {
    std::string sql;
    std::string commands;  ///< As of policies that are asked: `r`, `wr`.
    std::string text;      ///< For people, after "its policies": ` for update`; of SELECT nothing.
    bool policy_counts(const Policy& policy) const {
        return policy.is_permissive && !policy.condition.empty() &&
               std::ranges::any_of(commands, [&](char each) { return policy.covers(each); });
    }
};

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
            const auto& relation = *setting_.subject.find(table);
            look_at_plan(relation,
                         {fmt::format("select {} from {} as {}",
                                      join(rights_on(relation).select, ", "), table, looked_at),
                          "r", ""});
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
        finding.remedy = std::string(remedy_for_calls);
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
    // Policies are the same for everybody: once is enough.
    for (const auto& table : setting_.tenancy.isolated) {
        if (actor_.tenant == 0) {
            look_at_changes(*setting_.subject.find(table));
        }
    }
}

/// What the plan of a statement reads the table by; nothing where there is none, or no policy
/// counts.
std::vector<Scan> Scene::scans(const Relation& relation, const Planned& planned) {
    const auto policies = setting_.subject.policies_of(relation.oid);
    const bool is_asked = std::ranges::any_of(policies, [&](const Policy* policy) {
        return planned.policy_counts(*policy) && policy->binds(setting_.memberships);
    });
    if (!is_asked) {
        return {};
    }
    const auto outcome = stage_.attempt("explain (format json, verbose, costs off) " + planned.sql,
                                        [&] { stage_.ask("set local enable_seqscan = off"); });
    return outcome.is_done && !outcome.rows->empty()
               ? scans_of(outcome.rows->front().text(0), std::string(looked_at))
               : std::vector<Scan>();
}

/// What changes rows without a condition of its own asks the policies for its command alone. Where
/// it reads, as most statements do, those for SELECT are asked as well, and one index is enough.
void Scene::look_at_changes(const Relation& relation) {
    const auto& rights = rights_on(relation);
    const auto returning =
        rights.select.empty() ? "" : " returning looked_at." + rights.select.front();
    std::vector<Planned> changes;
    if (!rights.update.empty()) {
        changes.push_back({fmt::format("update {} as {} set {} = default", relation.name, looked_at,
                                       rights.update.front()),
                           "w", " for update"});
    }
    if (rights.may_delete) {
        changes.push_back(
            {fmt::format("delete from {} as {}", relation.name, looked_at), "d", " for delete"});
    }
    for (auto& change : changes) {
        look_for_calls(relation, change);
        change.sql += returning;
        change.commands += returning.empty() ? "" : "r";
        look_at_plan(relation, change);
    }
}

/// A function in what is asked of each row of a scan that no index leads.
void Scene::look_for_calls(const Relation& relation, const Planned& planned) {
    for (const auto& scan : scans(relation, planned)) {
        const auto called = std::ranges::find_if(
            setting_.subject.functions,
            [&](const Function& function) { return calls(scan.each_row, function.call); });
        if (scan.has_condition || called == setting_.subject.functions.end()) {
            continue;
        }
        Finding finding{"calls", relation.label, Severity::warning};
        finding.message = fmt::format("its policies{} call {} for each row of the table",
                                      planned.text, called->label);
        finding.remedy = std::string(remedy_for_calls);
        Draft draft;
        draft.prepare = {"set local enable_seqscan = off"};
        draft.statement = "explain (costs off) " + planned.sql;
        draft.is_plain = true;
        report(std::move(finding), std::move(draft));
        return;
    }
}

void Scene::look_at_plan(const Relation& relation, const Planned& planned) {
    const auto scans = this->scans(relation, planned);
    const auto lost = std::ranges::find_if(
        scans, [](const Scan& scan) { return !scan.has_condition && !scan.filter.empty(); });
    if (lost == scans.end()) {
        return;
    }
    std::set<std::string> columns;
    std::vector<std::string> names;
    for (const auto* policy : setting_.subject.policies_of(relation.oid)) {
        if (planned.policy_counts(*policy) && policy->binds(setting_.memberships)) {
            columns.insert(policy->columns.begin(), policy->columns.end());
            names.push_back(policy->name);
        }
    }
    if (columns.empty()) {
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
                  "no index begins with what its policies{} ask for ({}): every statement "
                  "reads the whole table",
                  planned.text, join(listed, ", "))
            : fmt::format("its policies{} ({}) cannot use the index on {}: every row is asked {}",
                          planned.text, join(names, ", "), join(leading, ", "),
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

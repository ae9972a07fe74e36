// SPDX-License-Identifier: Apache-2.0
// What an actor sees must not depend on the rows of others: everything is asked before and after
// these are there, in one transaction, so that nothing else can make a difference.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

/// More rows are not compared.
constexpr std::size_t most_rows = 20'000;

using Table = std::vector<std::vector<std::string>>;

/// Rows in `after` that are not in `before`; both are sorted.
Table added(const Table& before, const Table& after) {
    Table rows;
    std::ranges::set_difference(after, before, std::back_inserter(rows));
    return rows;
}

/// The rows with these columns alone, sorted.
Table projected(const Table& rows, const std::vector<std::size_t>& columns) {
    Table list;
    for (const auto& row : rows) {
        auto& cells = list.emplace_back();
        for (const auto column : columns) {
            cells.push_back(column < row.size() ? row[column] : "");
        }
    }
    std::ranges::sort(list);
    return list;
}

/// The columns that hold the same in two answers to one question.
std::vector<std::size_t> stable_columns(const Table& one, const Table& other) {
    std::vector<std::size_t> columns;
    const auto width = one.empty() || one.size() != other.size() ? 0 : one.front().size();
    for (std::size_t column = 0; column < width; ++column) {
        if (projected(one, {column}) == projected(other, {column})) {
            columns.push_back(column);
        }
    }
    return columns;
}

/// COPY knows no generated columns.
std::vector<std::string> copied_columns(const rows::Shapes& shapes, const Relation& root,
                                        std::vector<std::string> columns) {
    if (const auto shape = shapes.find(root.name); shape != shapes.end()) {
        std::erase_if(columns, [&](const auto& name) {
            const auto* const column = shape->second.find(name);
            return column && !column->generated.empty();
        });
    }
    return columns;
}

/// What statistics say of a table: the views, which hide what policies bind, and the catalogues
/// that these read, which do not, for whoever may read them (pg_read_all_data). Source: PostgreSQL,
/// "System Views": pg_stats, pg_stats_ext, pg_stats_ext_exprs.
std::vector<std::string> statistics_of(const Subject& subject, const Relation& relation) {
    const auto name = pg::literal(relation.name);
    const auto of_view = [&](std::string_view columns, std::string_view view) {
        return fmt::format("select {} from {} where format('%I.%I', schemaname, tablename) = {}",
                           columns, view, name);
    };
    std::vector<std::string> list = {
        of_view("attname, null_frac, n_distinct, most_common_vals::text, histogram_bounds::text, "
                "most_common_elems::text",
                "pg_stats"),
        fmt::format(
            "select staattnum, stavalues1::text, stavalues2::text, stavalues3::text, "
            "stavalues4::text, stavalues5::text from pg_statistic where starelid = {}::regclass",
            name)};
    if (subject.with_statistics.contains(relation.oid)) {
        list.push_back(
            of_view("statistics_name, n_distinct::text, dependencies::text, "
                    "most_common_vals::text, most_common_freqs::text",
                    "pg_stats_ext"));
        list.push_back(
            of_view("statistics_name, expr, n_distinct, most_common_vals::text, "
                    "histogram_bounds::text",
                    "pg_stats_ext_exprs"));
        list.push_back(fmt::format(
            "select stxname, (select array_agg(m.values::text) from pg_mcv_list_items(stxdmcv) m), "
            "stxdexpr::text from pg_statistic_ext join pg_statistic_ext_data on stxoid = "
            "pg_statistic_ext.oid where stxrelid = {}::regclass",
            name));
    }
    return list;
}

/// What a finding about reading is called; looking at the catalogue calls it the same.
std::string id_for(const Relation& relation, const Relation& root) {
    return relation.kind == 'm'                                     ? "materialised view"
           : relation.is_view()                                     ? "view"
           : !root.has_row_security                                 ? "no policy"
           : root.oid != relation.oid && !relation.has_row_security ? "partition"
                                                                    : "read";
}

std::string remedy_for(const Relation& relation, bool is_partition) {
    if (relation.kind == 'm') {
        return fmt::format(
            "revoke all on {} from whoever acts for tenants: it holds everybody's rows, "
            "and can have no policies",
            relation.name);
    }
    if (relation.is_view()) {
        return fmt::format("alter view {} set (security_invoker = true);", relation.name);
    }
    if (is_partition) {
        return fmt::format(
            "revoke all on {} from whoever acts for tenants: policies of the table "
            "above do not hold where it is named itself",
            relation.name);
    }
    return relation.has_row_security
               ? "let every policy for SELECT compare the row's tenant with the setting"
               : fmt::format(
                     "alter table {} enable row level security, force row level security; and "
                     "give it a policy",
                     relation.name);
}

}  // namespace

void Scene::play() {
    stage_.act_for(actor_, setting_.islands);
    note_missing(stage_.put(setting_.islands.shared));
    if (actor_.is_tenant()) {
        note_missing(stage_.put(self()));
    }
    refresh();
    const auto questions = this->questions();
    const auto before = ask(questions);
    const auto calls_before = count_calls();
    check_own(questions, before);
    for (std::size_t index = 0; index < setting_.islands.tenants.size(); ++index) {
        if (!actor_.is_tenant() || index != actor_.tenant) {
            note_missing(stage_.put(tenant(index)));
        }
    }
    refresh();
    find_victims();
    belongings_ = belongings();
    const auto after = ask(questions);
    for (std::size_t index = 0; index < questions.size(); ++index) {
        compare(questions[index], before[index], after[index]);
        if (questions[index].kind == Question::Kind::function) {
            try_effects(questions[index]);
        }
    }
    note_calls();
    try_writes();
    try_keys();
    if (actor_.is_tenant()) {
        try_plans(calls_before);
    }
}

/// Statistics as they are once somebody has analysed the tables, and views that keep what they saw.
void Scene::refresh() {
    for (const auto& [oid, relation] : setting_.subject.relations) {
        if (relation.kind != 'm') {
            continue;
        }
        // Its owner asks, and policies may refuse that.
        const auto why = stage_.manage("refresh materialized view " + relation.name);
        if (why && !rights_on(relation).select.empty()) {
            mark(relation.label, "select", Mark::untried, "it cannot be refreshed: " + *why);
        }
    }
    for (const auto& table : setting_.tenancy.isolated) {
        if (const auto why = stage_.manage("analyze " + table)) {
            mark(setting_.subject.find(table)->label, "statistics", Mark::untried, *why);
        }
    }
}

std::vector<Scene::Question> Scene::questions() {
    std::vector<Question> list;
    const std::set<std::string> touched(setting_.islands.touched.begin(),
                                        setting_.islands.touched.end());
    for (const auto& [oid, relation] : setting_.subject.relations) {
        const auto& columns = setting_.rights.of(oid).select;
        const auto& root = setting_.subject.root(relation);
        const bool is_asked = relation.is_view() || touched.contains(relation.name) ||
                              setting_.tenancy.is_tenants(root.name);
        if (columns.empty() || !is_asked || relation.kind == 'f') {
            continue;
        }
        list.push_back({Question::Kind::relation,
                        fmt::format("select {} from {} limit {}", join(columns, ", "),
                                    relation.name, most_rows),
                        &relation, nullptr});
        if (!relation.is_view() && root.has_row_security) {
            const auto copied = join(copied_columns(setting_.shapes, root, columns), ", ");
            list.push_back(
                {Question::Kind::copy,
                 relation.kind == 'p'
                     ? fmt::format("copy (select {} from {}) to stdout", copied, relation.name)
                     : fmt::format("copy {} ({}) to stdout", relation.name, copied),
                 &relation, nullptr});
            for (const auto& statement : statistics_of(setting_.subject, relation)) {
                list.push_back({Question::Kind::statistics, statement, &relation, nullptr});
            }
        }
    }
    add_calls(list);
    return list;
}

std::vector<Scene::Answer> Scene::ask(const std::vector<Question>& questions) {
    std::vector<Answer> answers;
    for (const auto& question : questions) {
        answers.push_back(ask(question));
    }
    return answers;
}

Scene::Answer Scene::ask(const Question& question) {
    Answer answer;
    if (question.kind == Question::Kind::copy) {
        std::vector<std::string> lines;
        const auto outcome = stage_.attempt_copy_out(question.sql, lines);
        answer.refusal = outcome.sqlstate;
        answer.why = outcome.message;
        for (auto& line : lines) {
            answer.rows.push_back({std::move(line)});
        }
    } else {
        const auto outcome = question.function ? call(question) : stage_.attempt(question.sql);
        answer.refusal = outcome.sqlstate;
        answer.why = outcome.message;
        if (outcome.rows) {
            const auto width = outcome.rows->columns().size();
            for (const auto row : *outcome.rows) {
                std::vector<std::string> cells;
                for (std::size_t place = 0; place < width; ++place) {
                    cells.emplace_back(row.is_null(place) ? "" : row.text(place));
                }
                answer.rows.push_back(std::move(cells));
            }
        }
    }
    std::ranges::sort(answer.rows);
    return answer;
}

/// Whose rows these are, by values that nobody else's have; the rows themselves are collected.
std::string Scene::victims_in(const Answer& answer, std::vector<const Row*>& rows) const {
    std::set<std::size_t> tenants;
    std::set<std::string> values;
    for (const auto& cells : answer.rows) {
        for (const auto& cell : cells) {
            for (const auto& [value, owner] : setting_.owners) {
                const bool is_foreign = !actor_.is_tenant() || owner != actor_.tenant;
                if (is_foreign && cell.find(value) != std::string::npos) {
                    tenants.insert(owner);
                    values.insert(value);
                }
            }
        }
    }
    std::vector<std::string> names;
    for (const auto index : tenants) {
        names.push_back(tenant(index).name);
        for (const auto& row : tenant(index).rows) {
            const bool is_shown = std::ranges::any_of(row.values, [&](const auto& entry) {
                return entry.second && values.contains(*entry.second);
            });
            if (is_shown) {
                rows.push_back(&row);
            }
        }
    }
    return join(names, ", ");
}

/// What it means that the answers are the same, or are not.
Cell Scene::judge(const Question& question, const Answer& before, const Answer& after,
                  bool names_victims) {
    // Time and room that ran out tell nothing.
    for (const auto* answer : {&before, &after}) {
        if (answer->refusal.starts_with("5")) {
            return {Mark::untried, answer->why};
        }
    }
    // Without any row, nothing is asked of a policy that raises for nobody.
    if (!question.function && !after.refusal.empty() && is_held_by(after.refusal)) {
        return {Mark::held, ""};
    }
    if (before == after) {
        // A function that says no has looked; one that stumbles over a guess has not.
        const bool says_no = question.function && !after.refusal.starts_with("22") &&
                             !after.refusal.starts_with("42");
        const bool is_held = after.refusal.empty() || says_no || is_held_by(after.refusal);
        return {is_held ? Mark::held : Mark::untried, is_held ? "" : after.why};
    }
    const auto again = ask(question);
    if (names_victims || again == after) {
        return {Mark::leaked, ""};
    }
    // It never says the same twice: what does not change by itself counts.
    const auto stable = stable_columns(after.rows, again.rows);
    if (stable.empty()) {
        return {Mark::untried, "it never says the same twice"};
    }
    return {
        projected(before.rows, stable) == projected(after.rows, stable) ? Mark::held : Mark::leaked,
        ""};
}

void Scene::compare(const Question& question, const Answer& before, const Answer& after) {
    static const std::map<Question::Kind, std::string> commands = {
        {Question::Kind::relation, "select"},
        {Question::Kind::copy, "copy out"},
        {Question::Kind::statistics, "statistics"},
        {Question::Kind::function, "call"}};
    const auto& command = commands.at(question.kind);
    const auto id = question.kind == Question::Kind::relation
                        ? id_for(*question.relation, setting_.subject.root(*question.relation))
                        : command;
    const auto& label = question.function ? question.function->label : question.relation->label;
    Answer shown{added(before.rows, after.rows), after.refusal, {}};
    std::vector<const Row*> rows;
    auto victims = victims_in(shown, rows);
    std::vector<const Row*> named;
    const bool names_victims = !victims.empty() && victims_in(before, named) != victims;
    const auto cell = judge(question, before, after, names_victims);
    if (question.function && cell.mark != Mark::leaked) {
        note_call(*question.function, cell);
    } else {
        mark(label, command, cell.mark, cell.why);
    }
    const bool is_leak = cell.mark == Mark::leaked;
    const bool is_known =
        (id == "copy out" || id == "statistics") &&
        findings_.has(id_for(*question.relation, setting_.subject.root(*question.relation)) + " " +
                      label);
    if (!is_leak || is_known) {
        return;
    }
    if (rows.empty()) {
        for (std::size_t index = 0; index < setting_.islands.tenants.size(); ++index) {
            if (!actor_.is_tenant() || index != actor_.tenant) {
                for (const auto& row : tenant(index).rows) {
                    rows.push_back(&row);
                }
            }
        }
    }
    Finding finding{id, label};
    finding.message = victims.empty()     ? "what it shows depends on the rows of other tenants"
                      : question.function ? fmt::format("it shows what belongs to {}", victims)
                                          : fmt::format("{} of {} shown",
                                                        counted(shown.rows.size(), "row"), victims);
    finding.remedy =
        question.function
            ? "let it compare the row's tenant with the setting, or make it SECURITY INVOKER"
            : remedy_for(*question.relation, question.relation->is_partition);
    if (id == "statistics") {
        finding.remedy =
            "PostgreSQL's views hide the statistics of tables whose policies bind the reader; take "
            "from the role what lets it read the catalogues below them: pg_read_all_data, a grant";
    }
    Draft draft;
    for (const auto* row : rows) {
        for (const auto& tenant : setting_.islands.tenants) {
            if (row >= tenant.rows.data() && row < tenant.rows.data() + tenant.rows.size()) {
                for (const auto* needed : with_parents(tenant, *row)) {
                    if (std::ranges::find(draft.rows, needed) == draft.rows.end()) {
                        draft.rows.push_back(needed);
                    }
                }
            }
        }
    }
    if (question.relation && question.relation->kind == 'm') {
        draft.prepare.push_back("refresh materialized view " + question.relation->name);
    }
    if (id == "statistics") {
        draft.prepare.push_back("analyze " + question.relation->name);
    }
    draft.statement = question.sql;
    if (const auto limit = fmt::format(" limit {}", most_rows); draft.statement.ends_with(limit)) {
        draft.statement.resize(draft.statement.size() - limit.size());
    }
    report(std::move(finding), std::move(draft));
}

/// Who does not see even their own rows proves nothing by seeing no others.
void Scene::check_own(const std::vector<Question>& questions, const std::vector<Answer>& answers) {
    for (std::size_t index = 0; index < questions.size() && actor_.is_tenant(); ++index) {
        const auto& question = questions[index];
        if (question.kind != Question::Kind::relation ||
            !setting_.tenancy.isolated.contains(question.relation->name)) {
            continue;
        }
        // Where no policy lets anybody read, nobody is to see their own.
        const auto& relation = *question.relation;
        const bool is_shown = std::ranges::any_of(
            setting_.subject.policies_of(relation.oid), [&](const Policy* policy) {
                return policy->is_permissive && policy->covers('r') &&
                       policy->binds(setting_.memberships);
            });
        const bool has_rows = self().first(relation.name) != nullptr;
        mark(relation.label, "own rows",
             !answers[index].rows.empty() ? Mark::held
             : has_rows && is_shown       ? Mark::untried
                                          : Mark::no_right);
    }
}

}  // namespace caisson::isolation

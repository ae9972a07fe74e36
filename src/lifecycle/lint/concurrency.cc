// SPDX-License-Identifier: Apache-2.0
// What holds up readers or writers of a table, and would not with CONCURRENTLY.
#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

/// The statement with a word put behind another one: `create index` + `concurrently`.
std::string with_word(std::string_view statement, std::string_view after, std::string_view word) {
    const auto found = lower(statement).find(after);
    if (found == std::string::npos) {
        return "";
    }
    const auto at = found + after.size();
    return fmt::format("{} {}{};", statement.substr(0, at), word, statement.substr(at));
}

void index_creation(Visit& visit) {
    if (!visit.is("IndexStmt") || visit.statement().flag("concurrent") ||
        visit.is_new(visit.table())) {
        return;
    }
    visit.report(fmt::format("building this index blocks every write to {} until it is done",
                             visit.target()),
                 "-- in a file of its own, outside a transaction\n" +
                     with_word(visit.text(), "index", "concurrently"));
}

void index_deletion(Visit& visit) {
    const auto statement = visit.statement();
    if (!visit.is("DropStmt") || statement.text("removeType") != "OBJECT_INDEX" ||
        statement.flag("concurrent")) {
        return;
    }
    std::string alternative;
    for (const auto& object : statement.list("objects")) {
        std::string name;
        for (const auto& part : strings_of(object.list("items"))) {
            name += (name.empty() ? "" : ".") + spelled(part);
        }
        const auto found = visit.state().indexes.find(strings_of(object.list("items")).back());
        if (found != visit.state().indexes.end() && visit.is_new(found->second.table)) {
            continue;
        }
        alternative += fmt::format("{}drop index concurrently if exists {};",
                                   alternative.empty() ? "" : "\n", name);
    }
    if (!alternative.empty()) {
        visit.report(
            "dropping an index takes ACCESS EXCLUSIVE on its table: readers and writers wait",
            alternative);
    }
}

void reindex(Visit& visit) {
    if (!visit.is("ReindexStmt") || has_option(visit.statement(), "params", "concurrently") ||
        visit.statement().text("kind") == "REINDEX_OBJECT_SYSTEM") {
        return;
    }
    const auto kind = visit.statement().text("kind");
    const std::string what = kind == "REINDEX_OBJECT_INDEX"    ? "index"
                             : kind == "REINDEX_OBJECT_TABLE"  ? "table"
                             : kind == "REINDEX_OBJECT_SCHEMA" ? "schema"
                                                               : "database";
    const auto name = kind == "REINDEX_OBJECT_INDEX" || kind == "REINDEX_OBJECT_TABLE"
                          ? visit.target()
                          : spelled(visit.statement().text("name"));
    visit.report(
        "this blocks writes until the indexes are built again, and reads that would use them",
        fmt::format("reindex {} concurrently {};", what, name));
}

void partition_detach(Visit& visit) {
    for (const auto& command : visit.commands()) {
        const auto partition = command.node["def"];
        if (command.type == "AT_DetachPartition" && !partition.flag("concurrent") &&
            visit.alters_used_table()) {
            visit.report_at(
                command,
                "detaching takes ACCESS EXCLUSIVE on the parent: nobody reads any partition",
                fmt::format("-- outside a transaction\nalter table {} detach partition {} "
                            "concurrently;",
                            visit.target(), spelled(partition["name"])));
        }
    }
}

void refresh(Visit& visit) {
    const auto statement = visit.statement();
    if (visit.is("RefreshMatViewStmt") && !statement.flag("concurrent") &&
        !statement.flag("skipData") && !visit.is_new(visit.table())) {
        visit.report(
            "nobody can read the view while it is filled again",
            fmt::format("refresh materialized view concurrently {};  -- needs a unique index",
                        visit.target()));
    }
}

}  // namespace

std::vector<Rule> concurrency_rules() {
    using enum platform::LintSeverity;
    constexpr auto family = Family::locks;
    return {
        {"require-concurrent-index-creation",
         family,
         error,
         false,
         {"", "add_index add_reference", "PG101", "INDEX_BUILD ACQUIRES_SHARE_LOCK"},
         "CREATE INDEX without CONCURRENTLY on a table in use",
         "It holds a SHARE lock: reads go on, every write waits until the whole table is read.",
         "CREATE INDEX CONCURRENTLY, in a file that runs outside a transaction.",
         index_creation},
        {"require-concurrent-index-deletion",
         family,
         warning,
         false,
         {"", "remove_index", "PG102", "INDEX_DROPPED"},
         "DROP INDEX without CONCURRENTLY",
         "It takes ACCESS EXCLUSIVE on the table: everybody queues behind it while it waits for "
         "running queries.",
         "DROP INDEX CONCURRENTLY, outside a transaction.",
         index_deletion},
        {"require-concurrent-reindex",
         family,
         error,
         false,
         {},
         "REINDEX without CONCURRENTLY",
         "Writes wait until the indexes are built, and so do reads that would use one of them.",
         "REINDEX … CONCURRENTLY, outside a transaction.",
         reindex},
        {"require-concurrent-partition-detach",
         family,
         warning,
         false,
         {"", "", "", "ACQUIRES_ACCESS_EXCLUSIVE_LOCK"},
         "DETACH PARTITION without CONCURRENTLY",
         "It takes ACCESS EXCLUSIVE on the parent, so that no partition can be read.",
         "DETACH PARTITION … CONCURRENTLY, outside a transaction.",
         partition_detach},
        {"require-concurrent-refresh",
         family,
         warning,
         false,
         {},
         "REFRESH MATERIALIZED VIEW without CONCURRENTLY",
         "It takes ACCESS EXCLUSIVE: nobody reads the view until it is filled.",
         "A unique index on the view, and REFRESH MATERIALIZED VIEW CONCURRENTLY.",
         refresh},
    };
}

}  // namespace caisson::lint
